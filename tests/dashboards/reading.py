"""A dashboard's JSON, read as Grafana reads it: panels, targets, variables."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import promql_parser as promql

GIVEN = {"__rate_interval": "5s", "__interval": "1s", "__range": "10s"}
"""Grafana's own variables, as an exporter that is scraped each second needs them."""
EVERYTHING = ".+"
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_VALUES = re.compile(r"label_values\((.+), (\w+)\)")

Dashboard = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """One query of a panel."""

    panel: str
    expr: str
    legend: str
    instant: bool


def panels(dashboard: Dashboard) -> Iterator[Dashboard]:
    """All panels that draw, those of collapsed rows too."""
    for panel in dashboard["panels"]:
        yield from panel.get("panels", []) if panel["type"] == "row" else [panel]


def targets(dashboard: Dashboard) -> list[Target]:
    """All queries of all panels."""
    return [
        Target(panel["title"], one["expr"], one.get("legendFormat", ""), one.get("instant", False))
        for panel in panels(dashboard)
        for one in panel.get("targets", [])
    ]


def variables(dashboard: Dashboard) -> dict[str, Dashboard]:
    """The template variables by name."""
    return {one["name"]: one for one in dashboard["templating"]["list"]}


def question(variable: Dashboard) -> tuple[str, str]:
    """What a query variable asks for: the selector and the label whose values are taken.

    Raises:
        ValueError: it asks in another way than by `label_values`.
    """
    found = _VALUES.fullmatch(variable["query"])
    if not found:
        raise ValueError(f"not label_values(metric, label): {variable['query']}")
    return found[1], found[2]


def filled(expr: str, known: Mapping[str, Any]) -> str:
    """An expression with all variables filled in: a dashboard's own match everything.

    Raises:
        KeyError: a variable that neither Grafana nor the dashboard knows.
    """
    values = {**dict.fromkeys(known, EVERYTHING), **GIVEN}
    return _VARIABLE.sub(lambda found: values[found[1] or found[2]], expr)


def nodes(expr: str) -> list[promql.Expr]:
    """All nodes of a parsed expression.

    Raises:
        ValueError: it does not parse.
    """
    found: list[promql.Expr] = []
    promql.walk(promql.parse(expr), found.append)
    return found


def selectors(expr: str) -> list[promql.VectorSelector]:
    """All selectors of series in an expression, those with a range too."""
    return [node for node in nodes(expr) if isinstance(node, promql.VectorSelector)]
