"""What the cues of a hit come to in its document: facets to search by, and the places of the cues in the masked text. Pure.

All of it is an assessment of words. A contact keeps its kind, its place and its rule, never its value.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time
from itertools import groupby
from typing import NamedTuple

from pipeline.posts import Span
from pipeline.resources import taxonomy
from pipeline.screen.cues.cue import Cue
from pipeline.screen.cues.departures import day_of
from pipeline.screen.masking import Masked

CONTACTS = ("telephone", "email", "url", "handle")
_FROM_THE_TEXT = frozenset({"price", "route", "place", "departure"})
"""Kinds whose normal form is made of the text's own words or figures, not of a list's."""


class Facets(NamedTuple):
    """Fields of a document (`pipeline.posts.Document`), each value once, in the order in which the text has them."""

    cues: tuple[str, ...] = ()
    cue_kinds: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    transport_modes: tuple[str, ...] = ()
    payment_terms: tuple[str, ...] = ()
    document_kinds: tuple[str, ...] = ()
    lures: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    route_from: tuple[str, ...] = ()
    route_to: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    place_countries: tuple[str, ...] = ()
    price_currencies: tuple[str, ...] = ()
    departs_at: datetime | None = None


def shown(cues: Sequence[Cue], masked: Masked) -> tuple[Cue, ...]:
    """The cues that a document may show: none whose value was read from what is masked (a town in an author's name, say)."""
    return tuple(cue for cue in cues if cue.kind not in _FROM_THE_TEXT or not masked.hides(cue.start, cue.end))


def facets(cues: Sequence[Cue], masked: Masked, created_at: datetime) -> Facets:
    """The facets of the cues that are shown; days such as `tomorrow` count from when the post was written."""
    routes = [_countries(cue) for cue in cues if cue.kind == "route"]
    abroad = [route for route in routes if len(route) > 1]
    stops = [stop for cue in cues if cue.kind in ("route", "place") for stop in cue.normalised.split(">")]
    return Facets(
        cues=_once(name(cue) for cue in cues),
        cue_kinds=_once(cue.kind for cue in cues),
        spans=tuple(_span(cue, masked) for cue in cues),
        transport_modes=_of(cues, "transport"),
        payment_terms=_of(cues, "payment"),
        document_kinds=_of(cues, "document"),
        lures=_of(cues, "lure"),
        routes=_once(">".join(route) for route in abroad),
        route_from=_once(route[0] for route in abroad),
        route_to=_once(route[-1] for route in abroad),
        places=_once(stop for stop in stops if "/" in stop),
        place_countries=_once(stop[:2] for stop in stops),
        price_currencies=_once(
            code for cue in cues if cue.kind == "price" and (code := cue.normalised.partition(" ")[2])
        ),
        departs_at=departs_at(cues, created_at),
    )


def name(cue: Cue) -> str:
    """What a document calls a cue: its kind, with the value where the taxonomy tells values apart (`payment:hawala`)."""
    return f"{cue.kind}:{cue.normalised}" if cue.normalised in _values(cue.kind) else cue.kind


def _values(kind: str) -> Sequence[str]:
    found: Sequence[str] = taxonomy()["cue_values"].get(kind, ())
    return found


def _of(cues: Iterable[Cue], kind: str) -> tuple[str, ...]:
    """The values that the taxonomy names, of one kind."""
    return _once(cue.normalised for cue in cues if cue.kind == kind and cue.normalised in _values(kind))


def _once(some: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(some))


def _countries(route: Cue) -> list[str]:
    """The countries of a route, each as often as it is entered."""
    return [country for country, _ in groupby(stop[:2] for stop in route.normalised.split(">"))]


def _span(cue: Cue, masked: Masked) -> Span:
    start, end = masked.span(cue.start, cue.end)
    return Span(
        kind=cue.kind, start=start, end=end, rule=cue.rule, value="" if cue.kind in CONTACTS else cue.normalised
    )


def departs_at(cues: Iterable[Cue], created_at: datetime) -> datetime | None:
    """The first day of departure that is not over when the post is written, else the last one before, at midnight (UTC)."""
    written = created_at.astimezone(UTC).date()
    said = (cue.normalised for cue in cues if cue.kind == "departure")
    days = sorted(day for one in said if (day := day_of(one, written)))
    coming = next((day for day in days if day >= written), days[-1] if days else None)
    return datetime.combine(coming, time(tzinfo=UTC)) if coming else None
