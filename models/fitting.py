"""Fit the heads by logistic regression on standardised features, and give them in the raw features' own scale; and scalings.

The regressions are pulled hardest from where an engine in int8 differs from fp32 (their penalty is w'(I + kN)w, N the
covariance of that difference), so that another engine moves the logits little. It costs nothing on posts of
authors and sources that were not seen: what the last bits of the encoder carry does not transfer either.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.calibration import Calibration, floats
from models.dataset import FOLDS, Row, balanced
from models.examples import KINDS, LANES
from models.heads import Logits
from models.linear import Linear
from models.scaling import Scaling, inputs
from models.subtypes import Subtypes

Features = NDArray[np.float32]

# C of the regressions, chosen on authors, articles and sources that were held out. With a weaker pull the offers fit the
# tail of the sources seen and lose on others; the lanes with few examples want a weaker one.
STREAM_STRENGTHS = {"offers": 2e-4, "exploitation": 3e-3, "protection": 3e-3}
NEAR_STRENGTH = 2e-3
SUBTYPE_STRENGTH = 5e-3
NOISE_STRENGTH = (
    1500.0  # k above (measured out of fold: at 300 int8 moves the logits twice as far, 3,000 loses a third)
)


@dataclass(frozen=True, slots=True)
class Fit:
    """The two maps of the heads."""

    stream: Linear
    near: Linear

    def __call__(self, features: Features) -> Logits:
        """Apply both maps."""
        return Logits(self.stream(features), self.near(features))


def fit(features: Features, rows: Sequence[Row], noise: Features | None = None) -> Fit:
    """Fit the lanes against everything, and the kinds among the examples alone.

    `noise` [n, width] holds by how much another engine's features of some posts differ.
    """
    kinds = np.array([row.kind for row in rows])
    examples = np.array([not row.is_background for row in rows])
    space = _Space.of(features, noise)
    inside = space.enter(features)
    lanes = [_regress(inside, np.isin(kinds, LANES[lane]), pull) for lane, pull in STREAM_STRENGTHS.items()]
    numbers = np.array([KINDS.index(kind) for kind in kinds[examples]])
    near = _regress(inside[examples], numbers, NEAR_STRENGTH)
    return Fit(space.leave(_stacked(lanes)), space.leave(near))


def fit_subtypes(features: Features, rows: Sequence[Row]) -> Subtypes:
    """Fit the subtypes of each kind among its examples; one with several subtypes counts for each of them."""
    names = {kind: tuple(sorted({one for row in rows if row.kind == kind for one in row.subtypes})) for kind in KINDS}
    own = [place for place, row in enumerate(rows) if row.subtypes]
    space = _Space.of(features[own], None)
    inside, examples = space.enter(features[own]), [rows[place] for place in own]
    parts = [_among(inside, examples, kind, some) for kind, some in names.items() if some]
    return Subtypes(names, space.leave(_stacked(parts)))


def cross_subtypes(features: Features, rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Name the subtypes of each row for the kind that it is, by a fit that saw neither its author nor its article."""
    found: list[tuple[str, ...]] = [()] * len(rows)
    own = np.array([place for place, row in enumerate(rows) if row.subtypes])
    folds = np.array([rows[place].fold for place in own])
    for fold in range(FOLDS):
        held, seen = own[folds == fold], own[folds != fold]
        maps = fit_subtypes(features[seen], [rows[place] for place in seen])
        names = maps.named(maps(features[held]), [rows[place].kind for place in held])
        for place, some in zip(held.tolist(), names, strict=True):
            found[place] = some
    return found


def with_scaling(calibration: Calibration, logits: Logits, rows: Sequence[Row]) -> Calibration:
    """Give the calibration with a scaling, fitted on out-of-fold logits: of examples, and of ordinary posts of the same weight."""
    used = [place for place, row in enumerate(rows) if not row.is_background or row.measured]
    some = [rows[place] for place in used]
    above = calibration.above_review(logits.stream[used], [row.lang for row in some])
    model = LogisticRegression(C=1.0, max_iter=2000)
    kinds = [KINDS.index(row.kind) for row in some]
    model.fit(inputs(above, logits.near[used]), kinds, sample_weight=balanced(some))
    return replace(calibration, scaling=Scaling(tuple(map(floats, model.coef_)), floats(model.intercept_)))


def _among(inside: Features, rows: Sequence[Row], kind: str, names: Sequence[str]) -> Linear:
    """Fit the subtypes `names` of a kind, with an output each."""
    pairs = [(place, one) for place, row in enumerate(rows) if row.kind == kind for one in row.subtypes]
    if len(names) < 2:
        return Linear(np.zeros((len(names), inside.shape[1]), np.float32), np.zeros(len(names), np.float32))
    targets = np.array([names.index(one) for _, one in pairs])
    found = _regress(inside[[place for place, _ in pairs]], targets, SUBTYPE_STRENGTH)
    return found if len(names) > 2 else _both(found)


def _both(second: Linear) -> Linear:
    """Give two outputs whose difference is the log-odds of the second."""
    sides = np.array([[-0.5], [0.5]], np.float32)
    return Linear(sides * second.weight, sides[:, 0] * second.bias)


@dataclass(frozen=True, slots=True)
class _Space:
    """The space that the regressions work in: standardised, and narrow where engines differ."""

    centre: Features
    scale: Features
    narrowing: NDArray[np.float64] | None

    @classmethod
    def of(cls, features: Features, noise: Features | None) -> "_Space":
        centre, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
        if noise is None:
            return cls(centre, scale, None)
        apart = ((noise - noise.mean(axis=0)) / scale).astype(np.float64)
        covariance = apart.T @ apart / len(apart)
        penalty = np.eye(len(covariance)) + NOISE_STRENGTH * covariance
        return cls(centre, scale, np.linalg.inv(np.linalg.cholesky(penalty)).T)

    def enter(self, features: Features) -> Features:
        standard = (features - self.centre) / self.scale
        return standard if self.narrowing is None else (standard @ self.narrowing).astype(np.float32)

    def leave(self, fitted: Linear) -> Linear:
        weight = (fitted.weight if self.narrowing is None else fitted.weight @ self.narrowing.T) / self.scale
        bias = fitted.bias - weight @ self.centre
        return Linear(weight.astype(np.float32), bias.astype(np.float32))


def _regress(features: Features, target: NDArray[np.generic], strength: float) -> Linear:
    model = LogisticRegression(C=strength, max_iter=1000, tol=1e-4)
    model.fit(features, target)
    return Linear(model.coef_, model.intercept_)


def _stacked(parts: Sequence[Linear]) -> Linear:
    return Linear(np.concatenate([part.weight for part in parts]), np.concatenate([part.bias for part in parts]))
