"""How the recent posts of channels scored: a small memory that decays, keyed, and lost when it is old.

It holds no text, no author and no name: 8 keyed bytes a channel, and of each recent post a fingerprint, a time and two
scores. A post counts once however often it comes, because it is held by its fingerprint.
"""

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass

from models.surroundings import Recent

MOST_CHANNELS = 10_000
HALF_LIVES = 4
"""After so many half-lives (a sixteenth) a post is forgotten."""


@dataclass(frozen=True, slots=True)
class Note:
    """What is remembered of one post: its channel's key, its fingerprint, where and when it came in, its two scores."""

    key: bytes
    print_: bytes
    partition: int
    at: float
    stream: float
    near: float


class Channels:
    """The memory of the partitions that this worker holds; at most `window` posts a channel, and 10,000 channels."""

    def __init__(self, window: int, half_life_s: float, most: int = MOST_CHANNELS) -> None:
        self._window = window
        self._half_life_s = half_life_s
        self._most = most
        self._notes: OrderedDict[bytes, dict[bytes, Note]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._notes)

    def note(self, note: Note) -> None:
        """Remember a post. The same one again changes nothing."""
        channel = self._notes.setdefault(note.key, {})
        self._notes.move_to_end(note.key)
        channel.setdefault(note.print_, note)
        if len(channel) > self._window:
            del channel[min(channel.values(), key=lambda one: one.at).print_]
        while len(self._notes) > self._most or self._is_old(next(iter(self._notes.values())), note.at):
            self._notes.popitem(last=False)

    def recent(self, key: bytes, at: float, but: bytes) -> Recent:
        """The means over a channel's posts that came before a time (epoch seconds), without the one that is asked for."""
        notes = [one for one in self._notes.get(key, {}).values() if one.at <= at and one.print_ != but]
        weights = [self._weight(one, at) for one in notes]
        total = sum(weights)
        if not total:
            return Recent()
        weighed = list(zip(weights, notes, strict=True))
        stream = sum(weight * one.stream for weight, one in weighed)
        near = sum(weight * one.near for weight, one in weighed)
        return Recent(total, stream / total, near / total)

    def forget(self, partitions: Collection[int]) -> None:
        """Drop what came from partitions that went to another worker."""
        for key, channel in list(self._notes.items()):
            kept = {print_: one for print_, one in channel.items() if one.partition not in partitions}
            if kept:
                self._notes[key] = kept
            else:
                del self._notes[key]

    def _weight(self, note: Note, at: float) -> float:
        lives = (at - note.at) / self._half_life_s
        return 0.5**lives if lives <= HALF_LIVES else 0.0

    def _is_old(self, channel: dict[bytes, Note], at: float) -> bool:
        return max(one.at for one in channel.values()) < at - HALF_LIVES * self._half_life_s
