"""Distinct authors and texts of a series in the windows that end now: exact, within bounds."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.trends.detector import WINDOWS

MOST_PAIRS = 5000
"""Pairs of author and text that a series remembers; beyond them nothing new counts until old ones leave."""

Pair = tuple[str, str]


@dataclass(slots=True)
class Heard:
    """The pairs of author and campaign of one series in the last hour: when each was last heard, and in which hit."""

    pairs: dict[Pair, tuple[int, str]] = field(default_factory=dict)

    def add(self, minute: int, author: str, campaign: str, hit: str) -> None:
        """Take in a hit. Its author's other hits of the same text change nothing, however many."""
        pair = author, campaign
        if pair in self.pairs or len(self.pairs) < MOST_PAIRS:
            self.pairs[pair] = minute, hit

    def forget(self, now: int) -> None:
        """Drop what left the longest window, which ends with the minute `now`."""
        self.pairs = {pair: at for pair, at in self.pairs.items() if at[0] > now - WINDOWS[-1]}

    def counts(self, now: int) -> list[int]:
        """Of each window that ends with the minute `now`: how many independent voices."""
        return [voices(self.within(now, length)) for length in WINDOWS]

    def within(self, now: int, length: int) -> list[Pair]:
        """The pairs that were heard in a window."""
        return [pair for pair, (minute, _) in self.pairs.items() if now - length < minute <= now]

    def campaigns(self, now: int, length: int, most: int) -> list[tuple[str, int]]:
        """The texts of a window with the most authors, and how many authors each has."""
        return Counter(campaign for _, campaign in self.within(now, length)).most_common(most)

    def examples(self, now: int, length: int, most: int) -> list[str]:
        """Hits of a window, the latest first, each of another author."""
        latest = sorted(self.within(now, length), key=lambda pair: self.pairs[pair], reverse=True)
        by_author = {author: self.pairs[author, campaign][1] for author, campaign in reversed(latest)}
        return list(reversed(by_author.values()))[:most]


def voices(pairs: Iterable[Pair]) -> int:
    """Distinct authors, or distinct texts where those are fewer: neither one author with many texts nor one text under many
    names is many voices."""
    pairs = list(pairs)
    return min(len({author for author, _ in pairs}), len({campaign for _, campaign in pairs}))
