"""Set a calibration from scores of rows whose authors, articles and sources the heads had not seen."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.calibration import Array, Calibration, Spread
from models.dataset import Row
from models.examples import KINDS
from models.heads import lane_odds, log_sum

LANES: dict[str, tuple[str, ...]] = {
    "offers": ("recruitment", "smuggling"),
    "exploitation": ("sexual_exploitation",),
    "protection": ("distress",),
}
RATES = {"review": 1e-4, "alert": 1e-5}

_ENOUGH = 200  # background posts of a language from which its own mean and deviation say more than all languages'
_PULL = 100.0  # the weight, in posts, of all languages in the mean and deviation of one
_OVERRIDDEN_OFFERS = 0.02  # the share of offers that the distress override may take away from the offers lane


def calibrate(logits: Array, rows: Sequence[Row]) -> Calibration:
    """Set spreads on the background, thresholds at the rates, and the override, from out-of-fold logits."""
    odds = lane_odds(logits, KINDS, LANES)
    counted = np.array([row.origin == "background" and row.measured for row in rows])
    langs = np.array([row.lang for row in rows])
    other = Spread(_floats(odds[counted].mean(axis=0)), _floats(odds[counted].std(axis=0)))
    spreads = {
        lang: _spread(odds[counted & (langs == lang)], other)
        for lang in sorted(set(langs[counted].tolist()))
        if (counted & (langs == lang)).sum() >= _ENOUGH
    }
    draft = Calibration(spreads, other, {}, _override(logits, rows))
    scores = draft.standardise(odds, langs.tolist())[counted]
    limits = {lane: tuple(_limit(scores[:, place], rate) for rate in RATES.values()) for place, lane in enumerate(LANES)}
    return Calibration(spreads, other, limits, draft.override)


def _spread(odds: Array, other: Spread) -> Spread:
    """Give one language's mean and deviation, pulled towards those of all languages where it has few posts."""
    share = len(odds) / (len(odds) + _PULL)
    mean = share * odds.mean(axis=0) + (1 - share) * np.array(other.mean)
    variance = share * odds.var(axis=0) + (1 - share) * np.array(other.deviation) ** 2
    return Spread(_floats(mean), _floats(np.sqrt(variance)))


def _limit(scores: Array, rate: float) -> float:
    """Give the score that so small a share of the background exceeds; where that is less than one post, its highest."""
    falling = np.sort(scores)[::-1]
    allowed = int(rate * len(falling))
    return round(float(np.nextafter(falling[allowed], np.inf)) + 1e-4, 4)


def _override(logits: Array, rows: Sequence[Row]) -> float:
    """Give the log-odds of distress against an offer that only so small a share of offers exceeds."""
    offers = np.array([row.measured and row.kind in LANES["offers"] for row in rows])
    return round(float(np.quantile(distress_odds(logits[offers]), 1 - _OVERRIDDEN_OFFERS)), 4)


def distress_odds(logits: Array) -> Array:
    """Give the log-odds of distress against an offer."""
    odds: Array = log_sum(logits[:, _columns("protection")]) - log_sum(logits[:, _columns("offers")])
    return odds


def _columns(lane: str) -> NDArray[np.bool_]:
    return np.isin(KINDS, LANES[lane])


def _floats(values: Array) -> tuple[float, ...]:
    return tuple(round(float(value), 5) for value in values)
