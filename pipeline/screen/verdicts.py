"""What screening takes and what it comes to: records in, a verdict out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.codec import LETTERS, lines
from pipeline.posts import Fate, Hit, Outcome, Position, Rejected, Screened
from pipeline.screen.assessments import Assessment


@dataclass(frozen=True, slots=True)
class Incoming:
    """One record of `posts`, as it came from the broker."""

    partition: int
    offset: int
    value: bytes
    received_at: datetime
    whence: str = ""
    """Where a line that is no post stood before: a line of a file, said by who sent it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rejected line and where it stood."""

    position: Position
    rejected: Rejected


@dataclass(slots=True)
class Verdict:
    """What became of a batch: what to deliver, and the account of it, to be delivered last.

    For counting alone: what was said of those posts on whom it had to be decided, and how many were `dismissed` before that.
    """

    hits: list[Hit] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    screened: list[Screened] = field(default_factory=list)
    outcomes: dict[Outcome, int] = field(default_factory=dict)
    judged: list[Assessment] = field(default_factory=list)
    dismissed: int = 0


def merge(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdicts of several batches as one."""
    whole = Verdict()
    for verdict in verdicts:
        whole.hits += verdict.hits
        whole.refusals += verdict.refusals
        whole.screened += verdict.screened
        whole.judged += verdict.judged
        whole.dismissed += verdict.dismissed
        for outcome, count in verdict.outcomes.items():
            whole.outcomes[outcome] = whole.outcomes.get(outcome, 0) + count
    return whole


def unscreenable(record: Incoming, model: str) -> Verdict:
    """Reject every line of a record on which screening itself fails."""
    detail = "screening failed on this record; the worker's log says how"
    refusals = [
        Refusal(
            Position(record.partition, record.offset, number), Rejected(raw=raw, reason="unscreenable", detail=detail)
        )
        for number, raw in enumerate(lines(record.value))
    ]
    fate = Fate(outcomes=LETTERS["rejected"] * len(refusals))
    account = Screened(
        partition=record.partition, start=record.offset, fates=[fate], seen=bytes(8 * len(refusals)), model=model
    )
    return Verdict(refusals=refusals, screened=[account], outcomes={"rejected": len(refusals)})
