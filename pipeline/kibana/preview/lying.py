"""Charts whose places stand under each other, each with its name: bars, and cells."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.kibana.answers import Table
from pipeline.kibana.preview.figures import figure, named, wide
from pipeline.kibana.preview.markup import EMPTY, Markup, drawing, joined, label, tag, words
from pipeline.kibana.preview.series import Plot, legend

THICKEST = 30.0
GAP = 8.0
LEGEND = 26.0


def bars(plot: Plot, title: str, width: float, height: float) -> Markup:
    """Bars, each series after the one before, the sum at their end."""
    below = LEGEND if len(plot.series) > 1 else 0.0
    names = [plot.name(place) for place in range(len(plot.along))]
    totals = [plot.total(place) for place in range(len(plot.along))]
    left = min(width * 0.42, max(map(wide, names)) + 2 * GAP)
    shown = [figure(total, plot.figure) for total in totals]
    scale = (width - left - max(map(wide, shown)) - 2 * GAP) / (max(totals) or 1)
    thick = min(THICKEST, (height - below) / len(names))
    marks: list[Markup] = []
    for place, name in enumerate(names):
        middle = (place + 0.5) * thick
        marks += [_named(name, left, middle), *_pieces(plot, place, (left, scale, middle, thick))]
        marks.append(label(shown[place], left + totals[place] * scale + 6, middle + 4, "value"))
    drawn = drawing(width, max(thick * len(names), height - below), title, *marks)
    return joined(drawn, _legend(plot) if below else EMPTY)


def _named(name: str, left: float, middle: float) -> Markup:
    room = int((left - GAP) / wide("n"))
    cut = name if len(name) <= room else name[: room - 1] + "…"
    return tag(
        "text", tag("title", words(name)), words(cut), x=left - GAP, y=middle + 4, class_="name", text_anchor="end"
    )


def _pieces(plot: Plot, place: int, at: tuple[float, float, float, float]) -> Iterator[Markup]:
    left, scale, middle, thick = at
    for series in plot.series:
        value = series.values[place] or 0
        if value:
            said = tag("title", words(f"{plot.name(place)}, {series.name}: {figure(value, plot.figure)}"))
            where = {"x": left, "y": middle - thick * 0.36, "width": max(1.0, value * scale), "height": thick * 0.72}
            yield tag("rect", said, **where, class_=f"mark c{series.colour}")
        left += value * scale


def _legend(plot: Plot) -> Markup:
    return legend([series.name for series in plot.series], [series.colour for series in plot.series])


def cells(table: Table, layer: Mapping[str, Any], title: str, width: float, height: float) -> Markup:
    """A cell for each pair of values, the darker the more; the figure stands in it."""
    x, y, v = (table.at(layer[name]) for name in ("xAccessor", "yAccessor", "valueAccessor"))
    across = list(dict.fromkeys(row[x] for row in table.rows))
    down = list(dict.fromkeys(row[y] for row in table.rows))
    columns = {column.id: column for column in table.keys}
    names = [named(value, columns[layer["yAccessor"]]) for value in down]
    left, top = min(width * 0.3, max(map(wide, names)) + 2 * GAP), 22.0
    wide_cell, high_cell = (width - left - 2) / len(across), min(48.0, (height - top - 2) / len(down))
    most = max(float(row[v] or 0) for row in table.rows) or 1.0
    marks = [
        label(named(value, columns[layer["xAccessor"]]), left + (n + 0.5) * wide_cell, 14, text_anchor="middle")
        for n, value in enumerate(across)
    ]
    marks += [_named(name, left, top + (n + 0.5) * high_cell) for n, name in enumerate(names)]
    for row in table.rows:
        corner = left + across.index(row[x]) * wide_cell, top + down.index(row[y]) * high_cell
        said = f"{named(row[x], table.keys[0])}, {named(row[y], table.keys[-1])}: {row[v]}"
        marks.append(_cell(corner, (wide_cell, high_cell), float(row[v] or 0) / most, (str(row[v]), said)))
    return drawing(width, max(top + high_cell * len(down), height), title, *marks)


def _cell(corner: tuple[float, float], size: tuple[float, float], share: float, said: tuple[str, str]) -> Markup:
    (x, y), (width, height), (shown, title) = corner, size, said
    depth = f"h{min(9, int(share**0.6 * 10))}"
    box = tag(
        "rect", tag("title", words(title)), x=x + 1, y=y + 1, width=width - 2, height=height - 2, class_=f"cell {depth}"
    )
    fits = wide(shown, 11) < width - 4 and height > 13
    text = label(shown, x + width / 2, y + height / 2 + 4, f"in {depth}", text_anchor="middle") if fits else EMPTY
    return joined(box, text)
