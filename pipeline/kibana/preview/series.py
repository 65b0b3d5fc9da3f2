"""A table as series: what runs along, what splits it, and the colour of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.kibana.answers import Column, Table, Value
from pipeline.kibana.preview.figures import named
from pipeline.kibana.preview.markup import Markup, tag, words

COLOURS = 8
_FIXED: Mapping[str, int] = {
    "smuggling": 0,
    "recruitment": 1,
    "distress": 2,
    "sexual_exploitation": 3,
    "urgent": 7,
    "high": 4,
    "normal": 5,
    "alert": 7,
    "review": 5,
}
_Only = tuple[int, Value] | None
"""A column and the value that rows have in it; None takes all rows."""


@dataclass(frozen=True, slots=True)
class Series:
    """A run of figures: its name, its colour, and a value for each place along."""

    name: str
    colour: int
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """Series over the same places; `along` are those places, `column` the column that they are values of."""

    along: tuple[Value, ...]
    column: Column
    figure: Column
    series: tuple[Series, ...]

    def name(self, place: int) -> str:
        """What a place is called."""
        return named(self.along[place], self.column)

    def total(self, place: int) -> float:
        """All series together, at a place."""
        return sum(series.values[place] or 0 for series in self.series)

    @property
    def step_s(self) -> float:
        """Seconds between the first two places in time."""
        times = [value for value in self.along[:2] if isinstance(value, int | float)]
        return (times[1] - times[0]) / 1000 if len(times) > 1 else 86_400


def plot(table: Table, layer: Mapping[str, Any]) -> Plot:
    """The series of an XY layer of Lens, by its accessors."""
    x = table.at(layer["xAccessor"])
    column = next(key for key in table.keys if key.id == layer["xAccessor"])
    along = _places(table, x, column)
    first = next(figure for figure in table.figures if figure.id == layer["accessors"][0])
    found = _named_series(table, layer, first)
    names = [name for name, _, _ in found]
    series = [
        Series(name.replace("_", " "), colour, _values(table, along, x, at, only))
        for (name, at, only), colour in zip(found, colours(names), strict=True)
    ]
    return Plot(along, column, first, tuple(series))


def _named_series(table: Table, layer: Mapping[str, Any], first: Column) -> list[tuple[str, int, _Only]]:
    """Each series: its name, where its figure stands in a row, and of which rows."""
    if "splitAccessor" in layer:
        split = table.at(layer["splitAccessor"])
        return [(str(group), table.at(first.id), (split, group)) for group in _groups(table, split)]
    return [(figure.label, table.at(figure.id), None) for figure in table.figures if figure.id in layer["accessors"]]


def colours(names: Sequence[str]) -> list[int]:
    """A colour for each: its own where it has one, else the next that is free."""
    taken = {_FIXED[name] for name in names if name in _FIXED}
    free = [colour for colour in range(COLOURS) if colour not in taken] or list(range(COLOURS))
    given = iter(free * (len(names) // len(free) + 1))
    return [_FIXED[name] if name in _FIXED else next(given) for name in names]


def legend(names: Sequence[str], of: Sequence[int]) -> Markup:
    """What each colour stands for."""
    marks = [tag("li", tag("i", class_=f"c{colour}"), words(name)) for name, colour in zip(names, of, strict=True)]
    return tag("ul", *marks, class_="legend")


def _places(table: Table, x: int, column: Column) -> tuple[Value, ...]:
    found = tuple(dict.fromkeys(row[x] for row in table.rows))
    return tuple(sorted(found, key=_as_number)) if column.kind == "date" else found


def _as_number(value: Value) -> float:
    return float(value or 0)


def _groups(table: Table, split: int) -> list[Value]:
    """The values that split, those with the most hits first."""
    sums: dict[Value, float] = {}
    for row in table.rows:
        sums[row[split]] = sums.get(row[split], 0) + _as_number(row[-1])
    return sorted(sums, key=lambda value: -sums[value])


def _values(table: Table, along: tuple[Value, ...], x: int, at: int, only: _Only) -> tuple[float | None, ...]:
    rows = (row for row in table.rows if only is None or row[only[0]] == only[1])
    by_place = {row[x]: row[at] for row in rows}
    found = (by_place.get(place) for place in along)
    return tuple(value if isinstance(value, int | float) else None for value in found)
