"""What an expression of PromQL asks for, and what Fanal and its rules declare."""

from collections.abc import Iterator

import promql_parser as promql
from prometheus_client.metrics import MetricWrapperBase

from pipeline import metrics
from tests.alerting.shipped import rules

MACHINE = {"job", "instance"}
"""Labels that Prometheus puts on what it scrapes."""
SUFFIXES = {
    "counter": {"_total": set[str]()},
    "gauge": {"": set[str]()},
    "histogram": {"_bucket": {"le"}, "_sum": set[str](), "_count": set[str]()},
}


def declared() -> dict[str, set[str]]:
    """The labels of every series by its name: of the registry, of the rules that record one, and `up`."""
    found: dict[str, set[str]] = {"up": set()}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            [family] = metric.describe()
            for suffix, more in SUFFIXES[family.type].items():
                found[family.name + suffix] = set(metric._labelnames) | more
    return found | {rule["record"]: _kept(rule["expr"]) for rule in rules() if "record" in rule}


def _kept(expr: str) -> set[str]:
    """The labels of a recorded series: those by which it is summed up."""
    match promql.parse(expr):
        case promql.AggregateExpr(modifier=modifier) if modifier is not None:
            return set(modifier.labels)
        case _:
            return set()


def asked(expr: str) -> list[tuple[str, set[str]]]:
    """Each metric of an expression, with the labels that it is asked by: matched, grouped or joined.

    A group or a join asks every metric below it, but what `group_left` brings from the other side is not asked of this one.
    """
    return list(_asked(promql.parse(expr), set()))


def matched(expr: str) -> list[tuple[str, str, str]]:
    """Each value that an expression compares a label with: the metric, the label, the value; `a|b` is two."""
    return [
        (_name(node), matcher.name, value)
        for node in _selectors(promql.parse(expr))
        for matcher in node.matchers.matchers
        for value in matcher.value.split("|")
    ]


def _selectors(expr: promql.Expr) -> list[promql.VectorSelector]:
    found: list[promql.VectorSelector] = []

    def look(node: promql.Expr) -> bool:
        if isinstance(node, promql.VectorSelector):
            found.append(node)
        return True

    promql.walk(expr, look)
    return found


def _asked(node: promql.Expr, above: set[str]) -> Iterator[tuple[str, set[str]]]:
    match node:
        case promql.VectorSelector():
            yield _name(node), above | {matcher.name for matcher in node.matchers.matchers}
        case promql.MatrixSelector():
            yield from _asked(node.vector_selector, above)
        case promql.AggregateExpr():
            yield from _asked(node.expr, above | set(node.modifier.labels if node.modifier else ()))
        case promql.Call():
            for argument in node.args:
                yield from _asked(argument, set() if node.func.name == "absent" else above)
        case promql.BinaryExpr():
            yield from _joined(node, above)
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            yield from _asked(node.expr, above)


def _joined(node: promql.BinaryExpr, above: set[str]) -> Iterator[tuple[str, set[str]]]:
    modifier = node.modifier
    on = set(modifier.matching.labels) if modifier and modifier.matching else set()
    brought = set(modifier.group_labels or ()) if modifier else set()
    yield from _asked(node.lhs, (above - brought) | on)
    yield from _asked(node.rhs, on | (above & brought) if brought else above | on)


def _name(node: promql.VectorSelector) -> str:
    return str(node.name)
