"""Decide rows as the classifier would if it had never seen their like: the ground of every figure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calibrate import calibrate
from models.dataset import FOLDS, Row
from models.decision import Decision, decide
from models.examples import KINDS, LANES
from models.heads import Logits


@dataclass(frozen=True, slots=True)
class Judged:
    """A row with what the classifier, not having seen its like, decided."""

    row: Row
    decision: Decision


def judge(logits: Logits, rows: Sequence[Row]) -> list[Judged]:
    """Decide each row by thresholds that were set on the other folds' rows, from out-of-fold logits."""
    folds = np.array([row.fold for row in rows])
    found: dict[int, Decision] = {}
    for fold in range(FOLDS):
        inside, outside = folds == fold, folds != fold
        calibration = calibrate(_part(logits, outside), [row for row in rows if row.fold != fold])
        langs = [row.lang for row in rows if row.fold == fold]
        decisions = decide(_part(logits, inside), langs, KINDS, LANES, calibration)
        found.update(zip(np.flatnonzero(inside).tolist(), decisions, strict=True))
    return [Judged(row, found[place]) for place, row in enumerate(rows)]


def _part(logits: Logits, chosen: NDArray[np.bool_]) -> Logits:
    return Logits(logits.stream[chosen], logits.near[chosen])
