"""Routes: places in a row that an arrow, a dash or words such as `from … to …` join, origin first.

`TR>GR/Athens` says from Turkey to Athens. Languages that mark the case behind the place (`Türkiye'den`, `ከሱዳን`, `से`) are read by the
same words: a mark of origin may stand before the first place or between the two.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pipeline.screen.cues.context import Found, Read
from pipeline.screen.cues.cue import Cue
from pipeline.screen.cues.places import Place

_WIDEST = 40
_ARROW = re.compile(r"[→⇒➡⟶➔➜⇨▶►👉✈🛫🚢🚤⛵🚗🚚🚌]|-+ ?>|=+ ?>|>+|»")
_DASH = re.compile(r"\s?[-–—/~]{1,2}\s?(?:\W{0,3})")
_POSTPOSED = frozenset({"hi", "ur", "bn", "tr", "hu"})
_CASED = frozenset({"tr", "hu"})
_STOP = re.compile(r"[.!?;\n。؟।|]")
_SCORE = re.compile(r"\d{1,2}\s?[-:–]\s?\d{1,2}")
_FROM_ENDINGS = re.compile("(?:(?<!s)[dt][ae]n|b[oó]l|r[oó]l|t[oó]l)$")
_TO_ENDINGS = re.compile("(?:y?[ae]|n[ae]|ba|be|ra|re)$")


def routes(read: Read, places: Sequence[Place]) -> Iterator[Cue]:
    """The routes of a text, each as long as it goes."""
    chain: list[Place] = []
    for one, other in pairwise(places):
        if _joined(read, one, other):
            chain = chain or [one]
            chain.append(other)
        elif chain:
            yield _route(read, chain)
            chain = []
    if chain:
        yield _route(read, chain)


def _route(read: Read, chain: Sequence[Place]) -> Cue:
    start, end = read.reading.span(chain[0].start, chain[-1].end)
    return Cue(
        "route", read.reading.original[start:end], ">".join(one.code for one in chain), start, end, "routes.joined"
    )


def _joined(read: Read, one: Place, other: Place) -> bool:
    """Whether what stands between two places, or around them, leads from one to the other."""
    gap = read.text[one.end : other.start]
    if len(gap) > _WIDEST or _STOP.search(_ARROW.sub("", gap)) or one.code == other.code:
        return False
    if _ARROW.search(gap):
        return True
    if _DASH.fullmatch(gap):
        return not _SCORE.search(read.text[max(0, one.start - 12) : other.end + 12]) and not _is_pair(read, one, other)
    return _worded(read, one, other)


def _is_pair(read: Read, one: Place, other: Place) -> bool:
    return not (one.sure or other.sure) or read.near("not.route", one.start, other.end, 40, 40)


def _worded(read: Read, one: Place, other: Place) -> bool:
    """Words of direction: a mark of origin at the first place and one of the aim before or behind the second, or one in between."""
    marks = read.family("route")
    leaves = _ends(one, _FROM_ENDINGS, read) or any(
        mark.concept == "route.from" and _marks(mark, one) for mark in marks
    )
    between = {mark.concept for mark in marks if one.last <= mark.first and mark.last <= other.first}
    behind = any(mark.concept == "route.to" and other.last <= mark.first <= other.last + 1 for mark in marks)
    if "route.between" in between and other.first - one.last <= 3:
        return True
    if leaves and (behind or "route.to" in between or _ends(other, _TO_ENDINGS, read) or other.first - one.last <= 1):
        return True
    return "route.to" in between and other.first - one.last <= 2


def _marks(mark: Found, place: Place) -> bool:
    """Whether a mark belongs to a place: it stands right behind, or before it where its language has prepositions."""
    if mark.first == place.last:
        return True
    return mark.language not in _POSTPOSED and 0 <= place.first - mark.last <= 1


def _ends(place: Place, pattern: re.Pattern[str], read: Read) -> bool:
    """Whether the place carries a case ending, as part of its word or behind an apostrophe."""
    if place.ending and pattern.search(place.ending) and any(entry.language in _CASED for entry in read.entries):
        return True
    tail = read.text[place.end : place.end + 6]
    return tail[:1] in "'’" and bool(tail) and bool(pattern.match(re.split(r"\W", tail[1:])[0] or "-"))
