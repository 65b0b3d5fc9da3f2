"""How improbable a count is: the upper tail of a negative binomial, for many counts at once, down to where doubles end."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LN10 = float(np.log(10.0))
_SHIFT = 8
_TERMS = 64
_LARGEST_SHAPE = 1e7
_LEAST_MEAN = 1e-9


def log_gamma(values: Floats) -> Floats:
    """The logarithm of the gamma function of positive values: Stirling's series after a shift by eight, to 12 digits."""
    product = values.copy()
    for step in range(1, _SHIFT):
        product *= values + step
    x = values + _SHIFT
    series = 1 / (12 * x) - 1 / (360 * x**3) + 1 / (1260 * x**5)
    found: Floats = (x - 0.5) * np.log(x) - x + 0.5 * np.log(2 * np.pi) + series - np.log(product)
    return found


def surprise(counts: Floats, means: Floats, inverse_shapes: Floats) -> Floats:
    """-log10 P(X >= count) where X is negative binomial of that mean and variance mean + inverse_shape * mean².

    Exact for counts above the mean; 0 for those at or below it, which are no surprise. An inverse shape of 0 is Poisson's law.
    """
    found = np.zeros_like(means)
    above = counts > means
    if above.any():
        found[above] = _above(counts[above], np.maximum(means[above], _LEAST_MEAN), inverse_shapes[above])
    return found


def _above(counts: Floats, means: Floats, inverse_shapes: Floats) -> Floats:
    """P(X >= c) = P(X = c) (1 + ratio + ratio ratio' + ...): above the mean the terms fall, the rest is bounded by a
    geometric series."""
    shapes = 1 / np.maximum(inverse_shapes, 1 / _LARGEST_SHAPE)
    odds = means / (means + shapes)
    first = log_gamma(counts + shapes) - log_gamma(counts + 1) - log_gamma(shapes)
    first += shapes * np.log1p(-odds) + counts * np.log(odds)
    steps = counts[:, None] + np.arange(_TERMS)
    ratios = (steps + shapes[:, None]) / (steps + 1) * odds[:, None]
    terms = np.cumprod(ratios, axis=1)
    last = np.minimum(ratios[:, -1], 0.999)
    total = 1 + terms.sum(axis=1) + terms[:, -1] * last / (1 - last)
    found: Floats = np.maximum(-(first + np.log(total)) / LN10, 0.0)
    return found


def above(counts: Floats, means: Floats, inverse_shapes: Floats, deviations: float) -> NDArray[np.bool_]:
    """Which counts lie more than so many standard deviations above their mean: cheap, and far too sure where means are small."""
    apart = counts - means
    return (apart > 0) & (apart * apart > deviations**2 * (means + inverse_shapes * means * means))
