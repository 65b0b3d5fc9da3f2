"""How figures, times and values read, and where the ticks of an axis stand."""

from datetime import UTC, datetime
from math import floor, log10

from pipeline.kibana.answers import Column, Value


def figure(value: Value, column: Column) -> str:
    """A figure as its column says: thousands apart, its decimals, its unit; nothing is a dash."""
    if value is None or isinstance(value, str):
        return str(value or "–")
    return f"{value:,.{column.decimals}f}{column.suffix}"


def short(value: float) -> str:
    """A figure for an axis."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def moment(milliseconds: float, step_s: float = 3600) -> str:
    """A time in UTC, with the hour where steps are shorter than a day."""
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    day = f"{at.day} {at:%b}"
    return f"{day} {at:%H:%M}" if step_s < 43_200 else day


def named(value: Value, column: Column) -> str:
    """The value of a bucket."""
    if column.kind == "date" and isinstance(value, int | float):
        return moment(value)
    return str(value).replace("_", " ")


def ticks(most: float, about: int = 4) -> list[float]:
    """Round steps from nothing to at least `most`."""
    if most <= 0:
        return [0.0, 1.0]
    rough = most / about
    size = 10.0 ** floor(log10(rough))
    step = next(size * nice for nice in (1, 2, 2.5, 5, 10) if size * nice >= rough)
    found = [0.0]
    while found[-1] < most:
        found.append(round(found[-1] + step, 10))
    return found


def wide(text: str, size: float = 12) -> float:
    """About how wide a text is drawn, in pixels."""
    return len(text) * size * 0.56
