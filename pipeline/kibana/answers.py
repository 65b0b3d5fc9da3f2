"""What the search server answers, as the rows of a table: a value for each bucket, then a figure for each metric. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import atan, degrees, pi, sinh
from typing import Any

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: `kind` is `string`, `date` (milliseconds), `number` or `boolean`."""

    id: str
    label: str
    kind: str
    decimals: int = 0
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A chart's data: `keys` are the columns that it is split by, `figures` what is counted, in each row's order."""

    keys: tuple[Column, ...]
    figures: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]

    def at(self, id_: str) -> int:
        """Where a column stands in a row."""
        return [column.id for column in (*self.keys, *self.figures)].index(id_)

    @property
    def is_empty(self) -> bool:
        """Whether no row has a figure other than nothing."""
        first = len(self.keys)
        return not any(value for row in self.rows for value in row[first:])


def table(layer: Mapping[str, Any], response: Mapping[str, Any]) -> Table:
    """The table of a Lens layer from the answer to `queries.lens`."""
    columns, order = layer["columns"], layer["columnOrder"]
    keys = [id_ for id_ in order if columns[id_]["isBucketed"]]
    figures = [id_ for id_ in order if not columns[id_]["isBucketed"]]
    top = {"doc_count": response["hits"]["total"]["value"], **response.get("aggregations", {})}
    rows = tuple(_rows(top, [(id_, columns[id_]) for id_ in keys], [(id_, columns[id_]) for id_ in figures]))
    return Table(tuple(_named(k, columns[k]) for k in keys), tuple(_named(f, columns[f]) for f in figures), rows)


def tiles(response: Mapping[str, Any]) -> list[tuple[float, float, int]]:
    """Latitude, longitude and hits of each tile of a map, most hits first."""
    buckets = response.get("aggregations", {}).get("tiles", {}).get("buckets", [])
    return [(*_middle(bucket["key"]), bucket["doc_count"]) for bucket in buckets]


def _named(id_: str, column: Mapping[str, Any]) -> Column:
    shown = column["params"].get("format", {}).get("params", {})
    return Column(id_, column["label"], column["dataType"], shown.get("decimals", 0), shown.get("suffix", ""))


_Named = tuple[str, Mapping[str, Any]]
"""A column's id, and the column."""


def _rows(bucket: Mapping[str, Any], keys: Sequence[_Named], figures: Sequence[_Named]) -> Iterator[tuple[Value, ...]]:
    if not keys:
        yield tuple(_figure(bucket, id_, column) for id_, column in figures)
        return
    for key, inner in _buckets(bucket, *keys[0]):
        for row in _rows(inner, keys[1:], figures):
            yield (key, *row)


def _buckets(
    bucket: Mapping[str, Any], id_: str, column: Mapping[str, Any]
) -> Iterator[tuple[Value, Mapping[str, Any]]]:
    """Each bucket with its value: the most frequent first, time in its order, cases in theirs (the server sorts them by name)."""
    found = bucket.get(id_, {}).get("buckets", [])
    if isinstance(found, Mapping):
        yield from ((case["label"], found[case["label"]]) for case in column["params"]["filters"])
    else:
        yield from ((_key(one), one) for one in found)


def _key(bucket: Mapping[str, Any]) -> Value:
    """A bucket's value; of a boolean, its word."""
    named = bucket.get("key_as_string")
    if named in {"true", "false"}:
        return str(named)
    value: Value = bucket["key"]
    return value


def _figure(bucket: Mapping[str, Any], id_: str, column: Mapping[str, Any]) -> Value:
    if column["operationType"] == "count":
        count: int = (bucket.get(id_, {"doc_count": 0}) if "filter" in column else bucket)["doc_count"]
        return count
    found = bucket.get(id_, {})
    if column["operationType"] in {"median", "percentile"}:
        return next(iter(found.get("values", {}).values()), None)
    value: Value = found.get("value")
    return value


def _middle(key: str) -> tuple[float, float]:
    """The middle of the tile `zoom/x/y`, in degrees (web Mercator)."""
    zoom, x, y = map(int, key.split("/"))
    tiles_across = 1 << zoom
    return degrees(atan(sinh(pi * (1 - 2 * (y + 0.5) / tiles_across)))), (x + 0.5) / tiles_across * 360 - 180
