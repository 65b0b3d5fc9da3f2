"""A ring whose parts are shares of a whole."""

from math import cos, pi, sin

from pipeline.kibana.answers import Table
from pipeline.kibana.preview.figures import named
from pipeline.kibana.preview.markup import Markup, drawing, joined, tag, words
from pipeline.kibana.preview.series import colours, legend

OUTER, INNER = 0.96, 0.58


def ring(table: Table, title: str, height: float) -> Markup:
    """The ring, and beside it what each part is, with its figure and share."""
    parts = [(named(row[0], table.keys[0]), float(row[-1] or 0)) for row in table.rows]
    whole = sum(value for _, value in parts) or 1.0
    given = colours([name for name, _ in parts])
    radius, at, marks = height / 2, -pi / 2, []
    for (name, value), colour in zip(parts, given, strict=True):
        turn = value / whole * 2 * pi
        said = tag("title", words(f"{name}: {value:,.0f} ({value / whole:.0%})"))
        marks.append(tag("path", said, d=_part(radius, at, turn), class_=f"mark c{colour}"))
        at += turn
    names = [f"{name} {value / whole:.0%}" for name, value in parts]
    return tag("div", joined(drawing(height, height, title, *marks), legend(names, given)), class_="ring")


def _part(radius: float, start: float, turn: float) -> str:
    turn = min(turn, 2 * pi - 0.001)
    (x1, y1), (x2, y2) = _at(radius, OUTER, start), _at(radius, OUTER, start + turn)
    (x3, y3), (x4, y4) = _at(radius, INNER, start + turn), _at(radius, INNER, start)
    large, out, back = int(turn > pi), radius * OUTER, radius * INNER
    there = f"M{x1:.1f} {y1:.1f}A{out:.1f} {out:.1f} 0 {large} 1 {x2:.1f} {y2:.1f}"
    return f"{there}L{x3:.1f} {y3:.1f}A{back:.1f} {back:.1f} 0 {large} 0 {x4:.1f} {y4:.1f}Z"


def _at(radius: float, share: float, angle: float) -> tuple[float, float]:
    return radius * (1 + share * cos(angle)), radius * (1 + share * sin(angle))
