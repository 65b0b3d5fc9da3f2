"""Carry a calibration from the engine that the heads were trained on to another one.

Both engines read the same posts, so what the other does to each logit is seen directly: a shift and a stretch, fitted
where decisions are made. Spreads and margins follow it, thresholds and penalty (in standard deviations) stay. So no labels are
needed, and no heads are fitted anew.
"""

from dataclasses import replace

import numpy as np

from models.calibration import Array, Calibration, Spread
from models.examples import KINDS, LANES
from models.heads import Logits
from models.scores import near_odds


def transfer(calibration: Calibration, reference: Logits, other: Logits) -> Calibration:
    """Give the calibration for an engine from what it (`other`) and the reference make of the same posts, in order."""
    lines = [_line(reference.stream[:, lane], other.stream[:, lane]) for lane in range(len(LANES))]
    near, moved = near_odds(reference, KINDS, LANES), near_odds(other, KINDS, LANES)
    margins = {
        lane: round(_apply(_line(near[:, place], moved[:, place]), calibration.margins[lane]), 4)
        for place, lane in enumerate(LANES)
    }
    spreads = {lang: _moved(spread, lines) for lang, spread in calibration.spreads.items()}
    return replace(calibration, spreads=spreads, other=_moved(calibration.other, lines), margins=margins)


def _line(one: Array, other: Array) -> tuple[float, float]:
    """Fit `other = shift + stretch * one` by least squares; on fewer than two different values, a shift alone."""
    variance = float(one.var())
    stretch = float(np.mean((one - one.mean()) * (other - other.mean()))) / variance if variance else 1.0
    return float(other.mean()) - stretch * float(one.mean()), stretch


def _apply(line: tuple[float, float], value: float) -> float:
    return line[0] + line[1] * value


def _moved(spread: Spread, lines: list[tuple[float, float]]) -> Spread:
    mean = tuple(round(_apply(line, value), 5) for line, value in zip(lines, spread.mean, strict=True))
    return Spread(mean, tuple(round(line[1] * value, 5) for line, value in zip(lines, spread.deviation, strict=True)))
