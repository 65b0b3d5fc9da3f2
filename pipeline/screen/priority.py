"""Which hits a person should see first, and by which cues: `urgent`, `high` or `normal`. Pure; an assessment.

urgent   minors hinted; violence; an offer that leaves within 72 hours; sextortion; a plea for help
high     an offer that says how to get in touch, and a price or a route
normal   every other hit
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from pipeline.screen.assessments import Assessment
from pipeline.screen.crosswalk import crosswalk
from pipeline.screen.cues.facets import Facets

LEVELS = ("normal", "high", "urgent")
"""Rising."""
SOON = timedelta(hours=72)
LATE = timedelta(days=2)
"""How long after midnight of the day of a departure a post that comes in is still about one to come."""
_WAYS = ("telephone", "handle", "email", "url", "contact")
_ASKED = ("price", "route")


class Priority(NamedTuple):
    """Fields of a document: the priority, what caused it, and what the hit suggests in the terms of law."""

    priority: str | None = None
    reasons: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    means: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()


def prioritise(assessment: Assessment, found: Facets, created_at: datetime, received_at: datetime) -> Priority:
    """The priority of a post that was written and came in at these times, and what caused it; nothing where it is in no lane."""
    if assessment.lane is None:
        return Priority()
    soon = found.departs_at is not None and _is_soon(found.departs_at, created_at, received_at)
    urgent, high = tuple(_urgent(assessment, found.cues, soon)), tuple(_high(assessment, found.cues))
    level, reasons = ("urgent", urgent) if urgent else ("high", high) if high else ("normal", ())
    return Priority(level, reasons, *crosswalk().of(assessment.kind, assessment.subtypes, found.cues))


def _is_soon(departs_at: datetime, created_at: datetime, received_at: datetime) -> bool:
    """Whether a day (its midnight) begins within 72 hours of the post, is not over then, nor long over when it comes in."""
    return created_at - timedelta(days=1) < departs_at <= created_at + SOON and received_at < departs_at + LATE


def _urgent(assessment: Assessment, cues: Collection[str], soon: bool) -> Iterator[str]:
    lane, subtypes = assessment.lane, assessment.subtypes
    yield from (cue for cue in ("minors", "violence", "threat:publish_pictures", "threat") if cue in cues)
    if soon and lane == "offers":
        yield "departure:within_72_h"
    if "sextortion" in subtypes:
        yield "subtype:sextortion"
    if lane == "protection":
        yield from (["plea"] if "plea" in cues else [])
        yield from (["subtype:plea"] if "plea" in subtypes else [])


def _high(assessment: Assessment, cues: Collection[str]) -> Iterator[str]:
    ways, asked = ([cue for cue in some if cue in cues] for some in (_WAYS, _ASKED))
    if assessment.lane == "offers" and ways and asked:
        yield from (*ways, *asked)
