"""Tables of shares: a row a group, a column what is counted, every cell with its counts and its bounds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.judging import Judged
from models.measures import Share, share_of

Holds = Callable[[Judged], bool]
Counted = Mapping[str, Holds]
"""What is counted, by the title of its column."""


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table. Cells of `rates` are stated per 100,000 with their exact upper bound, others as shares."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: Mapping[str, tuple[Share, ...]]
    note: str = ""
    rates: bool = False

    def as_json(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Give the cells by row and column."""
        return {
            name: dict(zip(self.columns, map(cell_as_json, cells), strict=True)) for name, cells in self.rows.items()
        }


def cell_as_json(share: Share) -> dict[str, Any]:
    """Give a share with its counts, its Wilson interval and its exact one-sided upper bound."""
    low, high = share.interval
    return {
        "count": share.count,
        "of": share.total,
        "share": round(share.value, 6) if share.total else None,
        "low": round(low, 6),
        "high": round(high, 6),
        "upper_exact": round(share.upper, 7),
    }


def grouped(judged: Iterable[Judged], groups: Callable[[Judged], Sequence[str]]) -> dict[str, list[Judged]]:
    """Sort rows into groups, in the order of the groups' names; a row may be in several, or in none."""
    found: dict[str, list[Judged]] = {}
    for one in judged:
        for name in groups(one):
            found.setdefault(name, []).append(one)
    return dict(sorted(found.items()))


def tabled(groups: Mapping[str, Sequence[Judged]], counted: Counted) -> dict[str, tuple[Share, ...]]:
    """Give the cells of each group."""
    return {name: tuple(share_of(some, holds) for holds in counted.values()) for name, some in groups.items()}


def render(table: Table) -> str:
    """Give a table as Markdown, under its title and its note."""
    lines = [f"## {table.title}\n"]
    if table.note:
        lines.append(f"{table.note}\n")
    lines += [f"| | {' | '.join(table.columns)} |", "| --- |" + " --- |" * len(table.columns)]
    cell = _rate if table.rates else str
    lines += [f"| {name} | {' | '.join(map(cell, cells))} |" for name, cells in table.rows.items()]
    return "\n".join(lines) + "\n"


def _rate(share: Share) -> str:
    if not share.total:
        return "none"
    scale = 100_000
    return f"{scale * share.value:.0f} (at most {scale * share.upper:.0f}); k = {share.count}, n = {share.total:,}"
