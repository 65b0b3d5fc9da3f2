"""Columns of a Lens chart: what it is split by, and what it counts. Only aggregations that the core server has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pipeline.kibana.objects import lucene

Operation = Literal["median", "average", "min", "max"]
RECORDS = "___records___"


@dataclass(frozen=True, slots=True)
class Terms:
    """The most frequent values of a field. `kind` is what the values are."""

    field: str
    label: str
    size: int = 10
    kind: Literal["string", "boolean"] = "string"

    def column(self, by: str) -> dict[str, Any]:
        """The column, ordered by the count in the column `by`."""
        params = {
            "size": self.size,
            "orderBy": {"type": "column", "columnId": by},
            "orderDirection": "desc",
            "otherBucket": False,
            "missingBucket": False,
            "parentFormat": {"id": "terms"},
            "include": [],
            "exclude": [],
            "includeIsRegex": False,
            "excludeIsRegex": False,
        }
        return _column(self.label, self.kind, "terms", params, sourceField=self.field, scale="ordinal")


@dataclass(frozen=True, slots=True)
class Dates:
    """Time on a field, in steps of `interval` (`auto`: as many as the chart has room for)."""

    field: str
    label: str
    interval: str = "auto"

    def column(self, _: str) -> dict[str, Any]:
        """The column; time has its own order."""
        params = {"interval": self.interval, "includeEmptyRows": True, "dropPartials": False}
        return _column(self.label, "date", "date_histogram", params, sourceField=self.field, scale="interval")


@dataclass(frozen=True, slots=True)
class Cases:
    """Cases told apart by a query each."""

    label: str
    cases: tuple[tuple[str, str], ...]

    def column(self, _: str) -> dict[str, Any]:
        """The column, in the order given."""
        params = {"filters": [{"input": lucene(query), "label": label} for label, query in self.cases]}
        return _column(self.label, "string", "filters", params, scale="ordinal")


@dataclass(frozen=True, slots=True)
class Count:
    """How many hits, or how many of those that a query finds."""

    label: str = "Hits"
    only: str = ""

    def column(self) -> dict[str, Any]:
        """The column."""
        more = {"filter": lucene(self.only)} if self.only else {}
        params = {"emptyAsNull": not self.only, "format": _number(0)}
        return _metric(self.label, "count", params, sourceField=RECORDS, **more)


@dataclass(frozen=True, slots=True)
class Distinct:
    """How many different values a field has."""

    field: str
    label: str

    def column(self) -> dict[str, Any]:
        """The column."""
        params = {"emptyAsNull": False, "format": _number(0)}
        return _metric(self.label, "unique_count", params, sourceField=self.field)


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of a number field: its median, average, least or greatest."""

    operation: Operation
    field: str
    label: str
    decimals: int = 0
    suffix: str = ""

    def column(self) -> dict[str, Any]:
        """The column."""
        params = {"emptyAsNull": True, "format": _number(self.decimals, self.suffix)}
        return _metric(self.label, self.operation, params, sourceField=self.field)


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile of a number field."""

    percentile: int
    field: str
    label: str
    decimals: int = 0
    suffix: str = ""

    def column(self) -> dict[str, Any]:
        """The column."""
        params = {"percentile": self.percentile, "format": _number(self.decimals, self.suffix)}
        return _metric(self.label, "percentile", params, sourceField=self.field)


Bucket = Terms | Dates | Cases
Metric = Count | Distinct | Measure | Percentile


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a chart by id, in the order in which they nest."""

    order: tuple[str, ...] = ()
    columns: Mapping[str, dict[str, Any]] = field(default_factory=dict)


def columns(buckets: tuple[Bucket, ...], metrics: tuple[Metric, ...]) -> Columns:
    """Name the columns: `by-0`, `by-1` for what it is split by, `of-0` ... for what is counted.

    Of two where the first is time, the second nests outside: its values are then the most frequent of all time, not of a step.

    Raises:
        ValueError: values are to be ordered by how many they are, but no column counts.
    """
    counts = [f"of-{n}" for n, metric in enumerate(metrics) if isinstance(metric, Count) and not metric.only]
    if any(isinstance(bucket, Terms) for bucket in buckets) and not counts:
        raise ValueError("values are ordered by how many they are: let a column count")
    by = {f"by-{n}": bucket.column(counts[0] if counts else "") for n, bucket in enumerate(buckets)}
    of = {f"of-{n}": metric.column() for n, metric in enumerate(metrics)}
    nested = list(by)
    if len(buckets) > 1 and isinstance(buckets[0], Dates):
        nested = [*nested[1:], nested[0]]
    return Columns((*nested, *of), by | of)


def _number(decimals: int, suffix: str = "") -> dict[str, Any]:
    params: dict[str, Any] = {"decimals": decimals}
    return {"id": "number", "params": params | ({"suffix": suffix} if suffix else {})}


def _column(label: str, kind: str, operation: str, params: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    what = {"label": label, "customLabel": True, "dataType": kind, "operationType": operation}
    return {**what, "isBucketed": True, "params": params, **more}


def _metric(label: str, operation: str, params: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {**_column(label, "number", operation, params, scale="ratio", **more), "isBucketed": False}
