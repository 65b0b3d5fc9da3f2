"""`docs/metrics.md`, made of the registry: `python -m pipeline.metrics_page > docs/metrics.md`."""

from prometheus_client import Histogram
from prometheus_client.metrics import MetricWrapperBase

from pipeline import metrics
from pipeline.labels import COLLECTING, WORKERS, Shape, Values, shapes

ALL = (*WORKERS, COLLECTING)
HEAD = """# Metrics

<!-- Made by `python -m pipeline.metrics_page`; a test holds it to the registry. -->

Each process of Fanal has one port (`serve.metrics_port`) with `/metrics`, `/healthz` and `/readyz`. A worker exposes the metrics of
its role; counters and gauges without labels are there in every role, as 0 or NaN where they mean nothing. Counters start at 0 with
the process, and those with closed labels are there from the start, so that a first increase is seen. Labels never hold
what a post says: a platform, a language or a rule that is not known is `other`. One page has at most {most} series,
whatever the posts hold, and with 100 sources.

| name | type | role | labels | what it is |
|---|---|---|---|---|
"""


def families() -> dict[str, MetricWrapperBase]:
    """Every metric of the registry by its name (a counter's without `_total`), in the order of the file."""
    found = [value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)]
    return {next(iter(metric.describe())).name: metric for metric in found}


def exposed(name: str, metric: MetricWrapperBase) -> str:
    """The name on the page: that of a counter ends with `_total`."""
    return f"{name}_total" if _type(metric) == "counter" else name


def most_series(role: str) -> int:
    """How many series of Fanal's own a worker of a role can have at most; the platforms' and languages' sets are closed."""
    return sum(_most(metric, shapes()[name]) for name, metric in families().items() if role in shapes()[name].roles)


def render() -> str:
    """The page."""
    rows = [_row(name, metric, shapes()[name]) for name, metric in families().items()]
    return HEAD.format(most=f"{max(map(most_series, ALL)):,}") + "".join(f"{row}\n" for row in rows)


def _row(name: str, metric: MetricWrapperBase, shape: Shape) -> str:
    said = "; ".join(_label(label, shape.labels[label]) for label in metric._labelnames)
    roles = "all" if shape.roles == ALL else "workers" if shape.roles == WORKERS else ", ".join(shape.roles)
    return f"| `{exposed(name, metric)}` | {_type(metric)} | {roles} | {said} | {metric._documentation} |"


def _label(label: str, values: Values) -> str:
    said = ", ".join(f"`{one}`" for one in values.names) if values.names else values.said
    return f"`{label}`: {said}"


def _type(metric: MetricWrapperBase) -> str:
    return str(next(iter(metric.describe())).type)


def _most(metric: MetricWrapperBase, shape: Shape) -> int:
    return shape.most_children * _samples(metric)


def _samples(metric: MetricWrapperBase) -> int:
    """Series that one child has: a histogram's are its buckets, its sum and its count."""
    return len(metric._upper_bounds) + 2 if isinstance(metric, Histogram) else 1


if __name__ == "__main__":
    print(render(), end="")
