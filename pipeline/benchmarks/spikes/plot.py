"""The curve of power against the base, drawn."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from models.evaluation.plots import plot

_FROM, _TO = 0.5, 50.0


def draw(curve: Sequence[Mapping[str, Any]]) -> str:
    """An SVG: the share of threefold rises that page within 5 and 60 minutes, and by windows alone, against the base.

    The base runs from 0.5 to 50 distinct authors in 5 minutes, by its logarithm.
    """
    lines = {
        "5 minutes": [(_place(row["base"]), row["within_5_min"]) for row in curve],
        "60 minutes": [(_place(row["base"]), row["within_60_min"]) for row in curve],
    }
    for window in ("1", "5", "60"):
        found = [(_place(row["base"]), row["windows_within_60_min"][window]) for row in curve]
        lines[f"window {window} alone"] = found
    shown = {name: [point for point in points if point[1] is not None] for name, points in lines.items()}
    return plot("Threefold rises that page", ("base: 0.5 to 50 authors in 5 min, logarithmic", "share paged"), shown)


def _place(base: float) -> float:
    return math.log(base / _FROM) / math.log(_TO / _FROM)
