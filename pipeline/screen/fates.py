"""What became of lines, and the account of it that goes to `screened`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.codec import LETTERS
from pipeline.posts import Fate, Hit, Outcome, Position, Screened
from pipeline.screen.assessments import Candidate
from pipeline.screen.verdicts import Incoming, Refusal


@dataclass(frozen=True, slots=True)
class Line:
    """A line read: what it holds, and its outcome where that is known before judging."""

    position: Position
    print_: bytes
    outcome: Outcome | None
    candidate: Candidate | None = None
    refusal: Refusal | None = None
    live: bool = False


def account(
    batch: Sequence[Incoming],
    read: Sequence[Line],
    outcomes: Mapping[Position, Outcome],
    found: Mapping[Position, Hit | None],
    model: str,
) -> list[Screened]:
    """A `Screened` for each run of consecutive offsets of a partition."""
    by_record: dict[tuple[int, int], list[Line]] = {(record.partition, record.offset): [] for record in batch}
    for line in read:
        by_record[line.position.partition, line.position.offset].append(line)
    return [
        Screened(
            partition=run[0][0],
            start=run[0][1],
            fates=[_fate(by_record[at], outcomes, found) for at in run],
            seen=b"".join(line.print_ for at in run for line in by_record[at]),
            model=model,
            live=_live([line for at in run for line in by_record[at]]),
        )
        for run in _runs(sorted(by_record))
    ]


def _live(read: Sequence[Line]) -> dict[str, int]:
    return dict(Counter(line.candidate.post.platform for line in read if line.live and line.candidate))


def _fate(read: Sequence[Line], outcomes: Mapping[Position, Outcome], found: Mapping[Position, Hit | None]) -> Fate:
    hits = {line.position.line: hit for line in read if (hit := found.get(line.position))}
    return Fate(
        outcomes="".join(LETTERS[outcomes[line.position]] for line in read),
        hits={number: (hit.id, hit.index_version) for number, hit in hits.items()},
    )


def _runs(positions: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    runs: list[list[tuple[int, int]]] = []
    for partition, offset in positions:
        if runs and runs[-1][-1] == (partition, offset - 1):
            runs[-1].append((partition, offset))
        else:
            runs.append([(partition, offset)])
    return runs
