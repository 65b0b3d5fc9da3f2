"""Compare two engines on the same posts: who is flagged, and how far the logits move, where it matters.

Far below every threshold engines agree by themselves. So they are compared on all examples and on the background
posts that stand highest in the offers' lane: among them are all that one engine or the other could flag.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.agreement import Agreement
from models.calibration import Array, Calibration
from models.dataset import Row
from models.decision import decide
from models.engines import F32
from models.examples import KINDS, LANES
from models.heads import Heads, Logits

TOP_SHARE = 0.02  # of the background, by the standardised log-odds of the offers


@dataclass(frozen=True, slots=True)
class Reading:
    """What one engine makes of rows: their logits, and the calibration by which it decides."""

    logits: Logits
    calibration: Calibration


def agreements(heads: Heads, features: Mapping[str, NDArray[np.float32]], rows: Sequence[Row]) -> dict[str, Agreement]:
    """Compare each engine that is calibrated with f32, from the features [rows, width] that each gave of the rows."""
    known = {engine: one for engine, one in features.items() if engine in heads.calibrations}
    readings = {engine: Reading(heads(one), heads.calibrations[engine]) for engine, one in known.items()}
    if F32 not in readings:
        return {}
    reference = readings.pop(F32)
    return {engine: compare(reference, reading, rows) for engine, reading in readings.items()}


def compare(reference: Reading, other: Reading, rows: Sequence[Row], of: int | None = None) -> Agreement:
    """Compare two engines' readings of the same rows on the examples and on the top of the background.

    Where the rows are already those of `sorting_posts`, `of` says of how many background posts theirs are the top.
    """
    chosen = np.arange(len(rows)) if of is not None else sorting_posts(reference, rows)
    some = [rows[place] for place in chosen.tolist()]
    langs = [row.lang for row in some]
    flips = _flags(reference, chosen, langs) != _flags(other, chosen, langs)
    top = sum(row.is_background for row in some)
    count = sum(row.is_background and row.measured for row in rows) if of is None else of
    return Agreement(count, top, len(some) - top, int(flips.sum()), _p99(reference.logits, other.logits, chosen))


def sorting_posts(reference: Reading, rows: Sequence[Row]) -> NDArray[np.int64]:
    """Give the places of the rows by which engines are sorted: all examples, and the top of the background."""
    background = np.array([row.is_background and row.measured for row in rows], dtype=bool)
    examples = np.array([not row.is_background for row in rows], dtype=bool)
    return np.flatnonzero(examples | _top(reference, rows, background))


def _top(reading: Reading, rows: Sequence[Row], among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the highest of the background posts, by how the reference engine scores them as offers."""
    scores = reading.calibration.standardise(reading.logits.stream, [row.lang for row in rows])
    offers = np.where(among, scores[:, list(LANES).index("offers")], -np.inf)
    marked = np.zeros(len(rows), dtype=bool)
    marked[np.argsort(-offers)[: int(np.ceil(TOP_SHARE * among.sum()))]] = True
    return marked


def _flags(reading: Reading, chosen: NDArray[np.int64], langs: Sequence[str]) -> NDArray[np.bool_]:
    part = Logits(reading.logits.stream[chosen], reading.logits.near[chosen])
    return np.array(
        [one.lane == "offers" for one in decide(part, langs, KINDS, LANES, reading.calibration)], dtype=bool
    )


def _p99(one: Logits, other: Logits, chosen: NDArray[np.int64]) -> float:
    if not len(chosen):
        return 0.0
    apart: Array = np.abs(np.hstack([one.stream - other.stream, one.near - other.near])[chosen])
    return round(float(np.quantile(apart, 0.99)), 5)
