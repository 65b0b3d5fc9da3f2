"""Fit the heads by logistic regression on standardised features, and give them in the raw features' own scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.dataset import FOLDS, Row
from models.examples import KINDS, LANES
from models.heads import Linear, Logits

Features = NDArray[np.float32]

# C of the regressions, chosen on authors, articles and sources that were held out. With a weaker pull the offers fit the
# tail of the sources seen and lose on others; the lanes with few examples want a weaker one.
STREAM_STRENGTHS = {"offers": 2e-4, "exploitation": 3e-3, "protection": 3e-3}
NEAR_STRENGTH = 2e-3


@dataclass(frozen=True, slots=True)
class Fit:
    """The two maps of the heads."""

    stream: Linear
    near: Linear

    def __call__(self, features: Features) -> Logits:
        """Apply both maps."""
        return Logits(self.stream(features), self.near(features))


def fit(features: Features, rows: Sequence[Row]) -> Fit:
    """Fit the lanes against everything, and the kinds among the examples alone."""
    centre, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    standard = (features - centre) / scale
    kinds = np.array([row.kind for row in rows])
    examples = np.array([not row.is_background for row in rows])
    lanes = [_regress(standard, np.isin(kinds, LANES[lane]), pull) for lane, pull in STREAM_STRENGTHS.items()]
    numbers = np.array([KINDS.index(kind) for kind in kinds[examples]])
    near = _regress(standard[examples], numbers, NEAR_STRENGTH)
    return Fit(_unstandardised(_stacked(lanes), centre, scale), _unstandardised(near, centre, scale))


def cross_fit(features: Features, rows: Sequence[Row]) -> Logits:
    """Give each row's logits from heads that saw neither its author or article nor its source."""
    (logits,) = cross_read(features, rows, [features])
    return logits


def cross_read(features: Features, rows: Sequence[Row], readings: Sequence[Features]) -> list[Logits]:
    """As `cross_fit`, but apply the same heads, fitted on `features`, to each of the engines' readings of the rows."""
    folds = np.array([row.fold for row in rows])
    found = [Logits(np.zeros((len(rows), len(LANES))), np.zeros((len(rows), len(KINDS)))) for _ in readings]
    for fold in range(FOLDS):
        held = folds == fold
        heads = fit(features[~held], [row for row, out in zip(rows, held, strict=True) if not out])
        for logits, reading in zip(found, readings, strict=True):
            part = heads(reading[held])
            logits.stream[held], logits.near[held] = part.stream, part.near
    return found


def _regress(features: Features, target: NDArray[np.generic], strength: float) -> Linear:
    model = LogisticRegression(C=strength, max_iter=1000, tol=1e-4)
    model.fit(features, target)
    return Linear(model.coef_, model.intercept_)


def _stacked(parts: Sequence[Linear]) -> Linear:
    return Linear(np.concatenate([part.weight for part in parts]), np.concatenate([part.bias for part in parts]))


def _unstandardised(fitted: Linear, centre: Features, scale: Features) -> Linear:
    weight = fitted.weight / scale
    bias = fitted.bias - weight @ centre
    return Linear(weight.astype(np.float32), bias.astype(np.float32))
