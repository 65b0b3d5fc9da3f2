"""A text with all that the word lists found in it: what each finder starts from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.screen.cues.lexicon import Entry
from pipeline.screen.cues.phrases import Match
from pipeline.screen.cues.reading import Reading, read, tokens, with_letters

_IN_DISGUISE = frozenset(
    (
        "payment",
        "guarantee",
        "document",
        "lure",
        "control",
        "sought",
        "urgency",
        "secrecy",
        "minors",
        "violence",
        "threat",
        "plea",
    )
)


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase of a word list in the text: its concept, its language, its words and where they stand in the undone text."""

    concept: str
    language: str
    first: int
    last: int
    start: int
    end: int

    @property
    def value(self) -> str:
        """What follows the concept's first dot: `EUR` of `currency.EUR`."""
        return self.concept.partition(".")[2]


@dataclass(frozen=True, slots=True)
class Read:
    """A reading and its phrases, in order, by family (what stands before the concept's dot)."""

    reading: Reading
    entries: tuple[Entry, ...]
    phrases: dict[str, tuple[Found, ...]]

    @property
    def text(self) -> str:
        """The undone text."""
        return self.reading.text

    def family(self, name: str) -> tuple[Found, ...]:
        """The phrases of one family, in order."""
        return self.phrases.get(name, ())

    def at(self, family: str) -> dict[int, Found]:
        """The longest phrase of a family by the word that it begins with."""
        best: dict[int, Found] = {}
        for one in self.family(family):
            if one.first not in best or one.last > best[one.first].last:
                best[one.first] = one
        return best

    def near(self, concept: str, start: int, end: int, before: int, after: int) -> bool:
        """Whether a concept's phrase stands within so many characters before or after a span of the undone text."""
        family = concept.partition(".")[0]
        return any(
            one.concept == concept and one.end >= start - before and one.start <= end + after
            for one in self.family(family)
        )


def read_with(text: str, entries: Sequence[Entry]) -> Read:
    """Read a text with some languages' lists."""
    reading = read(text)
    phrases: dict[str, list[Found]] = {}
    for one in sorted(_found(reading, entries), key=lambda one: (one.start, -one.end)):
        phrases.setdefault(one.concept.partition(".")[0], []).append(one)
    return Read(reading, tuple(entries), {family: tuple(some) for family, some in phrases.items()})


def _disguised(entry: Entry, reading: Reading) -> Iterator[Match]:
    """Phrases in words that still hold digits or signs for letters; a phrase that then fits is the evidence that they stand for letters."""
    plain = with_letters(reading.text)
    if plain == reading.text or tuple(tokens(plain)) == reading.tokens:
        return
    words = tuple(tokens(plain))
    starts = {word.start: at for at, word in enumerate(reading.tokens)}
    ends = {word.end: at + 1 for at, word in enumerate(reading.tokens)}
    for match in entry.phrases.find(words):
        first, last = starts.get(words[match.first].start), ends.get(words[match.last - 1].end)
        if first is not None and last is not None and match.concept.partition(".")[0] in _IN_DISGUISE:
            yield Match(match.concept, first, last)


def _found(reading: Reading, entries: Sequence[Entry]) -> Iterator[Found]:
    seen: set[Match] = set()
    words = reading.tokens
    for entry in entries:
        for match in (*entry.phrases.find(words), *_disguised(entry, reading)):
            if match not in seen:
                seen.add(match)
                yield Found(
                    match.concept,
                    entry.language,
                    match.first,
                    match.last,
                    words[match.first].start,
                    words[match.last - 1].end,
                )
