"""Fit the heads: one multinomial logistic regression on standardised features, in the raw features' own scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.calibration import Array
from models.dataset import FOLDS, Row
from models.examples import KINDS

Features = NDArray[np.float32]

STRENGTH = 1e-3  # C of the regression: 1e-2 is clearly worse on authors that it has not seen


@dataclass(frozen=True, slots=True)
class Fit:
    """Weights [kinds, features] and biases [kinds] that apply to features as the encoder gives them."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, features: Features) -> Array:
        """Give the logits [n, kinds]."""
        found: Array = (features @ self.weight.T + self.bias).astype(np.float64)
        return found


def fit(features: Features, rows: Sequence[Row], strength: float = STRENGTH) -> Fit:
    """Fit the heads on the rows, each with its weight."""
    centre, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    kinds = np.array([KINDS.index(row.kind) for row in rows])
    weights = np.array([row.weight for row in rows])
    model = LogisticRegression(C=strength, max_iter=400, tol=1e-3)
    model.fit((features - centre) / scale, kinds, sample_weight=weights)
    weight = model.coef_ / scale
    bias = model.intercept_ - weight @ centre
    return Fit(weight.astype(np.float32), bias.astype(np.float32))


def cross_fit(features: Features, rows: Sequence[Row]) -> Array:
    """Give each row's logits [n, kinds] from heads that saw neither its author or article nor its source."""
    folds = np.array([row.fold for row in rows])
    found = np.zeros((len(rows), len(KINDS)))
    for fold in range(FOLDS):
        held = folds == fold
        seen = [row for row, out in zip(rows, held, strict=True) if not out]
        found[held] = fit(features[~held], seen).logits(features[held])
    return found
