"""What a dashboard is made of, as values: boards hold rows, rows hold panels, panels ask queries."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Shape = Literal["lines", "areas", "number", "bars", "table", "heat"]
"""How a panel draws: lines, stacked areas, the last value large, a bar a value, a table, or a histogram over time."""
Colour = Literal["green", "yellow", "orange", "red"]

CHOSEN = 'job=~"$job", instance=~"$instance"'
"""The workers that are chosen at the head of a dashboard. Queries write it `@`."""
WIDE = 24
QUANTILES = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression, in which `@` stands for the chosen workers, and how its series are called in the legend (in a table:
    the column of its values)."""

    expr: str
    legend: str = ""

    @property
    def promql(self) -> str:
        """The expression as Prometheus reads it, with Grafana's own variables left in."""
        return self.expr.replace("@", CHOSEN)


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture. `unit` is Grafana's name of it; `steps` are the values from which on a colour holds, `below` the one before."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    shape: Shape = "lines"
    steps: tuple[tuple[float, Colour], ...] = ()
    below: Colour = "green"
    width: int = 8
    height: int = 8
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A heading and the panels under it."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A variable at the head of a dashboard: the values of a label of a metric."""

    name: str
    label: str
    metric: str

    @property
    def query(self) -> str:
        """As Grafana asks Prometheus for it."""
        return f"label_values({self.metric}, {self.name})"


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard. `uid` is its address and must never change; `choices` come after datasource, job and instance."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    choices: tuple[Choice, ...] = ()
    hours: int = 6

    def panels(self) -> Iterator[Panel]:
        """All panels, in reading order."""
        for row in self.rows:
            yield from row.panels


def rate(metric: str, by: str = "", where: str = "") -> str:
    """Events a second of a counter, summed by labels; `where` narrows it down, as in `outcome="hit"`."""
    narrowed = f"@, {where}" if where else "@"
    grouped = f"sum by ({by})" if by else "sum"
    return f"{grouped} (rate({metric}{{{narrowed}}}[$__rate_interval]))"


def increase(metric: str, by: str = "", where: str = "") -> str:
    """Events of a counter in the whole time that is shown, summed by labels."""
    narrowed = f"@, {where}" if where else "@"
    grouped = f"sum by ({by})" if by else "sum"
    return f"{grouped} (increase({metric}{{{narrowed}}}[$__range]))"


def quantile(share: float, histogram: str, by: str = "", where: str = "") -> str:
    """The value below which a share of what a histogram saw lies, by labels."""
    return f"histogram_quantile({share}, {rate(f'{histogram}_bucket', ', '.join(filter(None, ('le', by))), where)})"


def mean(histogram: str, by: str = "", where: str = "") -> str:
    """The mean of what a histogram saw, by labels."""
    return ratio(rate(f"{histogram}_sum", by, where), rate(f"{histogram}_count", by, where))


def ratio(part: str, whole: str) -> str:
    """One expression over another."""
    return f"{part} / {whole}"


def quantiles(histogram: str, *shares: float) -> tuple[Query, ...]:
    """One query a quantile, named by it."""
    return tuple(Query(quantile(share, histogram), f"p{share * 100:g}") for share in shares)
