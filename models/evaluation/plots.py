"""Small plots of lines in the unit square, as SVG: no library is needed to draw or to read them."""

from collections.abc import Mapping, Sequence
from html import escape

_SIZE, _EDGE, _LEGEND = 320, 48, 150
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#555555")  # told apart by the colour-blind too (Okabe and Ito)
_DASHES = ("", "6 3", "2 2", "8 2 2 2", "12 4")

Lines = Mapping[str, Sequence[tuple[float, float]]]
"""Points (x, y) from 0 to 1 by the name of their line."""


def plot(title: str, axes: tuple[str, str], lines: Lines, *, diagonal: bool = False) -> str:
    """Draw lines in the unit square, with ticks at every fifth and a legend; `diagonal` draws x = y."""
    width, height = _EDGE + _SIZE + _LEGEND, _SIZE + 2 * _EDGE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' font-family="sans-serif" font-size="11">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        _text(_EDGE + _SIZE / 2, 24, title),
        *_frame(axes),
    ]
    if diagonal:
        parts.append(_line([(0.0, 0.0), (1.0, 1.0)], "#bbbbbb", ""))
    for place, (name, points) in enumerate(lines.items()):
        colour, dashes = _COLOURS[place % len(_COLOURS)], _DASHES[place % len(_DASHES)]
        y = _EDGE + 12 + 18 * place
        parts.append(_line(points, colour, dashes))
        parts.append(_stroke(f"{_EDGE + _SIZE + 8},{y} {_EDGE + _SIZE + 32},{y}", colour, dashes))
        parts.append(_text(_EDGE + _SIZE + 38, y + 4, name, "start"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _frame(axes: tuple[str, str]) -> list[str]:
    middle, bottom = _EDGE + _SIZE / 2, _EDGE + _SIZE
    parts = [f'<rect x="{_EDGE}" y="{_EDGE}" width="{_SIZE}" height="{_SIZE}" fill="none" stroke="#888888"/>']
    for fifth in range(6):
        at = _SIZE * fifth / 5
        parts.append(_text(_EDGE + at, bottom + 14, f"{fifth / 5:.1f}"))
        parts.append(_text(_EDGE - 6, bottom - at + 4, f"{fifth / 5:.1f}", "end"))
    parts.append(_text(middle, bottom + 34, axes[0]))
    turned = f'transform="rotate(-90 14 {middle:.0f})"'
    return [*parts, _text(14, middle, axes[1], turned=turned)]


def _line(points: Sequence[tuple[float, float]], colour: str, dashes: str) -> str:
    placed = (f"{_EDGE + _SIZE * x:.1f},{_EDGE + _SIZE * (1 - y):.1f}" for x, y in points)
    return _stroke(" ".join(placed), colour, dashes)


def _stroke(points: str, colour: str, dashes: str) -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"{dashed}/>'


def _text(x: float, y: float, words: str, anchor: str = "middle", turned: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" {turned}>{escape(words)}</text>'
