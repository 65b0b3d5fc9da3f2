"""A program that exposes the metrics of a role with plausible samples: `python -m tests.dashboards.exporter ROLE PORT_FILE`.

It draws on the real definitions, so a metric or a label that is renamed there is renamed here. It ends when its standard input
does.
"""

import itertools
import random
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import Counter, Gauge, Histogram, start_http_server
from prometheus_client.metrics import MetricWrapperBase

from pipeline import metrics
from pipeline.labels import COLLECTING, WORKERS, shapes
from tests.dashboards.closed import values_of

ROLES = (*WORKERS, COLLECTING)
STEP_S = 0.25
MOST = 60
"""Samples of a metric; beyond this many combinations each value is still there once."""

Samples = list[tuple[str, ...]]


def declared() -> dict[str, MetricWrapperBase]:
    """Every metric of the registry, by the name of its family."""
    every = (value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase))
    return {next(iter(metric.describe())).name: metric for metric in every}


def combinations(name: str, metric: MetricWrapperBase, role: str) -> Samples:
    """Label values, each at least once: all combinations where they are few."""
    values = [(role,) if label == "role" else values_of(name, label) for label in metric._labelnames]
    every: Iterator[tuple[str, ...]] = itertools.product(*values)
    found = list(itertools.islice(every, MOST + 1))
    if len(found) <= MOST:
        return found
    return [tuple(of[at % len(of)] for of in values) for at in range(max(map(len, values)))]


def move(name: str, metric: MetricWrapperBase, samples: Samples, draws: random.Random) -> None:
    """Let a little time pass: counters rise, gauges wander, histograms see something."""
    for labels in samples:
        child = metric.labels(*labels) if labels else metric
        if isinstance(child, Counter):
            child.inc(draws.randint(1, 5))
        elif isinstance(child, Gauge):
            child.set(gauged(name, labels, draws))
        elif isinstance(child, Histogram):
            child.observe(draws.expovariate(4))


def gauged(name: str, labels: tuple[str, ...], draws: random.Random) -> float:
    """A value such as a gauge of that name holds."""
    if name.endswith("_timestamp_seconds"):
        return time.time() + (1e6 if "expiry" in name else -3)
    if name.endswith("_state"):
        return float(labels[-1] in ("reading", "partitions", "broker"))
    return 1.0 if name.endswith("_info") else float(draws.randint(0, 100))


def wait_for_the_end(ended: threading.Event) -> None:
    """Set it when standard input ends."""
    sys.stdin.read()
    ended.set()


def main(role: str, port_file: Path) -> None:
    """Serve until standard input ends."""
    server, thread = start_http_server(0, "127.0.0.1")
    port_file.write_text(str(server.server_port), encoding="utf-8")
    ended, draws = threading.Event(), random.Random(role)
    threading.Thread(target=wait_for_the_end, args=(ended,), daemon=True).start()
    mine = {name: metric for name, metric in declared().items() if role in shapes()[name].roles}
    every = [(name, metric, combinations(name, metric, role)) for name, metric in mine.items()]
    while not ended.wait(STEP_S):
        for name, metric, samples in every:
            move(name, metric, samples, draws)
    server.shutdown()
    thread.join()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
