"""Decide rows as the classifier would if it had never seen their like: the ground of every figure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calibrate import calibrate
from models.calibration import Array, Calibration
from models.dataset import FOLDS, Row
from models.decision import Decision, decide, scores
from models.examples import KINDS, LANES
from models.heads import Logits


@dataclass(frozen=True, slots=True)
class Judged:
    """A row with what the classifier, not having seen its like, decided, and its scores in the order of `KINDS`.

    `subtypes` are those that it would name if it took the row for the kind that it is.
    """

    row: Row
    decision: Decision
    scores: tuple[float, ...] = ()
    subtypes: tuple[str, ...] = ()

    @property
    def is_flagged(self) -> bool:
        """Whether it is before a person as an offer."""
        return self.decision.lane == "offers"

    @property
    def is_found(self) -> bool:
        """Whether it reached the lane of its kind."""
        return self.decision.lane is not None and self.row.kind in LANES[self.decision.lane]

    @property
    def is_alert(self) -> bool:
        """Whether it reached the higher level of the lane that it is in."""
        return self.decision.level == "alert"


Scale = Callable[[Calibration, Logits, Sequence[Row]], Calibration]


def unscaled(calibration: Calibration, *_: object) -> Calibration:
    """Leave a calibration without a scaling."""
    return calibration


def judge(logits: Logits, rows: Sequence[Row], scale: Scale = unscaled) -> list[Judged]:
    """Decide each row by thresholds, and by what `scale` makes of them, set on the other folds' rows; from out-of-fold logits."""
    folds = np.array([row.fold for row in rows])
    found: dict[int, tuple[Decision, Array]] = {}
    for fold in range(FOLDS):
        inside, outside = folds == fold, folds != fold
        others, seen = [row for row in rows if row.fold != fold], _part(logits, outside)
        calibration = scale(calibrate(seen, others), seen, others)
        langs = [row.lang for row in rows if row.fold == fold]
        decisions = decide(_part(logits, inside), langs, KINDS, LANES, calibration)
        shares = scores(_part(logits, inside), langs, KINDS, LANES, calibration)
        found.update(zip(np.flatnonzero(inside).tolist(), zip(decisions, shares, strict=True), strict=True))
    return [Judged(row, found[place][0], tuple(found[place][1].tolist())) for place, row in enumerate(rows)]


def _part(logits: Logits, chosen: NDArray[np.bool_]) -> Logits:
    return Logits(logits.stream[chosen], logits.near[chosen])
