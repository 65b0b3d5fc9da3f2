"""Set a calibration from logits of rows whose authors, articles and sources the heads had not seen."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.calibration import Array, Calibration, Spread, floats
from models.dataset import Row
from models.examples import KINDS, LANES
from models.heads import Logits
from models.scores import near_odds

RATES = {"review": 1e-4, "alert": 1e-5}
ENOUGH = 200  # background posts from which something is known of a language
# What a language without background must exceed beyond the thresholds, in standard deviations: held out, such languages let
# 39 in 100,000 pass where the others let 2, and a few with it.
PENALTY = 0.3
_LOST = 0.2  # the share of a lane's held-out posts that its near margin may cost


def calibrate(logits: Logits, rows: Sequence[Row]) -> Calibration:
    """Set spreads and thresholds on the background, margins on the examples, all from out-of-fold logits."""
    counted = np.array([row.is_background and row.measured for row in rows])
    langs = np.array([row.lang for row in rows])
    other = _spread(logits.stream[counted])
    spreads = {lang: other for lang, count in sorted(Counter(langs[counted].tolist()).items()) if count >= ENOUGH}
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


def _spread(odds: Array) -> Spread:
    """Give the spread of the whole background, which every language takes: one of its own is its source's as much as its own.

    See decision 017. `models.refresh` measures a language's own where the source is the stream that is screened.
    """
    return Spread(floats(odds.mean(axis=0)), floats(odds.std(axis=0)))


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
