"""Set a calibration from logits of rows whose authors, articles and sources the heads had not seen."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.calibration import Array, Calibration, Spread
from models.dataset import Row
from models.examples import KINDS, LANES
from models.heads import Logits
from models.scores import near_odds

RATES = {"review": 1e-4, "alert": 1e-5}
ENOUGH = 200  # background posts of a language from which its own mean and deviation say anything
# Of a language's own in its mean and deviation, the rest being all languages'. None: they are a source's as much as a
# language's. Held out, a half lets 58 in 100,000 background posts pass, a tenth 20, none 13, at the same recall.
_OWN_SHARE = 0.0
# What a language without background must exceed beyond the thresholds, in standard deviations: held out, such languages let
# 39 in 100,000 pass where the others let 2, and a few with it.
PENALTY = 0.3
PULL = 100.0  # the weight, in posts, of all languages beside that
_LOST = 0.2  # the share of a lane's held-out posts that its near margin may cost


def calibrate(logits: Logits, rows: Sequence[Row]) -> Calibration:
    """Set spreads and thresholds on the background, margins on the examples, all from out-of-fold logits."""
    counted = np.array([row.is_background and row.measured for row in rows])
    langs = np.array([row.lang for row in rows])
    spreads, other = _spreads(logits.stream[counted], langs[counted].tolist())
    near = near_odds(logits, KINDS, LANES)
    margins = {lane: _margin(near[:, place], rows, kinds) for place, (lane, kinds) in enumerate(LANES.items())}
    scores = Calibration(spreads, other, {}, margins).standardise(logits.stream, langs.tolist())
    scores -= PENALTY * _alone(rows)[:, None]
    thresholds = {}
    for place, lane in enumerate(LANES):
        passes = near[counted, place] >= margins[lane]
        thresholds[lane] = tuple(_threshold(scores[counted, place], passes, rate) for rate in RATES.values())
    return Calibration(spreads, other, thresholds, margins, PENALTY)


def _alone(rows: Sequence[Row]) -> NDArray[np.bool_]:
    """Mark the rows of languages whose background lies in one fold: what judged it, out of fold, had seen none of theirs."""
    folds: dict[str, set[int]] = {}
    for row in rows:
        if row.is_background and row.measured:
            folds.setdefault(row.lang, set()).add(row.fold)
    return np.array([len(folds.get(row.lang, ())) < 2 for row in rows], dtype=bool)


def _spreads(odds: Array, langs: list[str]) -> tuple[dict[str, Spread], Spread]:
    """Give the spread of each language with enough background, and that of all together."""
    other = Spread(_floats(odds.mean(axis=0)), _floats(odds.std(axis=0)))
    tags = np.array(langs)
    counts = {lang: langs.count(lang) for lang in sorted(set(langs))}
    return {lang: _spread(odds[tags == lang], other) for lang, count in counts.items() if count >= ENOUGH}, other


def _spread(odds: Array, other: Spread) -> Spread:
    return shrunk(odds.mean(axis=0), odds.var(axis=0), _OWN_SHARE * len(odds) / (len(odds) + PULL), other)


def shrunk(mean: Array, variance: Array, share: float, other: Spread) -> Spread:
    """Give so large a share of a language's own mean and variance [lanes], the rest being those of all languages."""
    means = share * mean + (1 - share) * np.array(other.mean)
    variances = share * variance + (1 - share) * np.array(other.deviation) ** 2
    return Spread(_floats(means), _floats(np.sqrt(variances)))


def _margin(near: Array, rows: Sequence[Row], kinds: Sequence[str]) -> float:
    """Give the near log-odds that all but a few of the lane's held-out posts exceed."""
    own = np.array([row.kind in kinds for row in rows])
    return round(float(np.quantile(near[own], _LOST)), 4)


def _threshold(scores: Array, passes: NDArray[np.bool_], rate: float) -> float:
    """Give the score that so small a share of the background exceeds while it also passes the margin.

    Where the share is less than one post, its highest score. Where the margin alone lets fewer pass, the score that the
    share exceeds without it: the margin was not learnt from so few posts that it could stand alone.
    """
    place = int(rate * len(scores))
    passed = np.sort(scores[passes])[::-1]
    falling = passed if place < len(passed) else np.sort(scores)[::-1]
    return round(float(falling[place]) + 1e-4, 4)


def _floats(values: Array) -> tuple[float, ...]:
    return tuple(round(float(value), 5) for value in values)
