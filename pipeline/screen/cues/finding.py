"""The door of the cues: `find_cues` says what a post gives away, where, and by which rule."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.resources import taxonomy
from pipeline.screen.cues.contacts import Contact, apart, contacts
from pipeline.screen.cues.context import Found, Read, read_with
from pipeline.screen.cues.cue import Cue
from pipeline.screen.cues.departures import departures
from pipeline.screen.cues.lexicon import Lexicon, lists
from pipeline.screen.cues.places import Place, places
from pipeline.screen.cues.prices import prices
from pipeline.screen.cues.reading import LONGEST
from pipeline.screen.cues.routes import routes
from pipeline.screen.cues.spoken import spoken_numbers
from pipeline.screen.telephones import regions

MOST_CUES = 200
_KINDS = {"phone": "telephone", "email": "email", "link": "url", "handle": "handle"}
_REFERENCE = re.compile(r"(?:#|№|\bn[°ºo]\.?)\s?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Looked:
    """A text that was looked at once: its cues, and its contacts, those that masking takes out though they are no cue among them."""

    cues: tuple[Cue, ...]
    contacts: tuple[Contact, ...]


def find_cues(text: str, lang: str, hints: Sequence[str] = (), lexicon: Lexicon | None = None) -> tuple[Cue, ...]:
    """Find the cues of a text as it was written, in the order in which they stand; at most 200, of its first 20,000 characters.

    `lang` is its likely language, `hints` further ones: they choose the word lists (English and words of no language are always
    read, all lists where no language is known) and the countries of numbers. Never raises on any text.
    """
    return look(text[:LONGEST], (lang, *hints), lexicon).cues


def look(text: str, langs: Sequence[str], lexicon: Lexicon | None = None) -> Looked:
    """Find the cues and the contacts of a text, which is read once for both. `langs` and the limits are those of `find_cues`."""
    read = read_with(text, (lexicon or lists().lexicon()).of(langs))
    named = places(read)
    reach = _contacts(text, read, langs)
    people, ways = _contact_cues(text, read, reach), list(routes(read, named))
    found = {
        *people,
        *_price_cues(read, people),
        *ways,
        *departures(read, ways if read.family("transport") else ()),
        *_phrases(read),
        *_patterns(read),
        *_place_cues(read, named),
    }
    ordered = sorted(found, key=lambda cue: (cue.start, cue.end, cue.kind, cue.normalised))
    return Looked(tuple(ordered[:MOST_CUES]), tuple(reach))


def all_contacts(text: str, langs: Sequence[str], lexicon: Lexicon | None = None) -> list[Contact]:
    """Every contact of a text, in order and apart: what masking takes out, and what telephone, email, url and handle cues stand on."""
    read = read_with(text, (lexicon or lists().lexicon()).of(langs))
    return _contacts(text, read, langs)


def _contacts(text: str, read: Read, langs: Sequence[str]) -> list[Contact]:
    among = regions(langs)
    undone = read.reading.undone if len(text) <= LONGEST else None
    return apart([*contacts(text, among, undone), *spoken_numbers(read, among)])


def _contact_cues(text: str, read: Read, reach: Sequence[Contact]) -> list[Cue]:
    return [
        Cue(_KINDS[one.kind], text[one.start : one.end], one.value, one.start, one.end, one.rule)
        for one in reach
        if one.kind in _KINDS and not _is_none(text, read, one)
    ]


def _is_none(text: str, read: Read, one: Contact) -> bool:
    """Whether it is masked, but no way to reach someone: the number of a case, an order, an account; `@` within a word."""
    if one.rule == "contacts.handle":
        return text[max(0, one.start - 1) : one.start].isalpha()
    if one.rule != "contacts.digits":
        return False
    before = text[max(0, one.start - 24) : one.start]
    if _REFERENCE.search(before) and text[one.start] not in "+＋":
        return True
    at = next((i for i, start in enumerate(read.reading.undone.starts) if start >= one.start), len(read.text))
    return read.near("not.telephone", at, at, 24, -1)


def _price_cues(read: Read, people: Sequence[Cue]) -> Iterator[Cue]:
    """Prices outside of numbers to call, addresses and links."""
    for price in prices(read):
        if not any(one.start < price.end and price.start < one.end for one in people):
            yield price


def _phrases(read: Read) -> Iterator[Cue]:
    """Phrases that are cues by themselves; those of places, numbers and roles are not."""
    kinds = taxonomy()["cues"]
    for family, some in read.phrases.items():
        if family in kinds:
            yield from (_phrase(read, one) for one in _outermost(some) if _is_cue(one.concept))


def _outermost(some: Sequence[Found]) -> Iterator[Found]:
    """Without those that lie within one of the same concept: `guaranteed` in `100% guaranteed`."""
    ends: dict[str, int] = {}
    for one in some:
        if one.end > ends.get(one.concept, -1):
            ends[one.concept] = one.end
            yield one


def _is_cue(concept: str) -> bool:
    return concept.partition(".")[0] not in ("route", "place") and concept not in (
        "departure.leaving",
        "departure.when",
        "price.stated",
    )


def _phrase(read: Read, one: Found) -> Cue:
    kind, _, value = one.concept.partition(".")
    start, end = read.reading.span(one.start, one.end)
    return Cue(kind, read.reading.original[start:end], value or kind, start, end, f"words.{one.language}.{one.concept}")


def _patterns(read: Read) -> Iterator[Cue]:
    """What the lists' own patterns find in the undone text in lower case."""
    lowered = read.text.lower() if len(read.text.lower()) == len(read.text) else read.text
    for entry in read.entries:
        for number, (concept, pattern) in enumerate(entry.patterns):
            kind, _, value = concept.partition(".")
            for match in pattern.finditer(lowered):
                if match.end() > match.start():
                    start, end = read.reading.span(match.start(), match.end())
                    rule = f"patterns.{entry.language}.{concept}.{number + 1}"
                    yield Cue(kind, read.reading.original[start:end], value or kind, start, end, rule)


def _place_cues(read: Read, named: Sequence[Place]) -> Iterator[Cue]:
    for one in named:
        if one.sure:
            start, end = read.reading.span(one.start, one.end)
            yield Cue("place", read.reading.original[start:end], one.code, start, end, "places.named")
