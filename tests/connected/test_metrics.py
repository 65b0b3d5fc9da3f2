"""The port of a worker, and the registry: every metric that is declared is emitted, and none that is not."""

import re
from collections.abc import Iterator

import pytest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from pipeline import metrics
from tests.connected.pipelines import Pipeline, post, posts, until_

pytestmark = pytest.mark.connected


def declared() -> set[str]:
    """The names of all metrics of `pipeline.metrics`."""
    return {one.describe()[0].name for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)}


def emitted(page: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """The samples of a page of metrics: family, labels, value."""
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            yield family.name, sample.labels, sample.value


async def test_every_metric_that_is_declared_is_emitted_with_its_labels_and_none_that_is_not(pipeline: Pipeline) -> None:
    screening, indexing = pipeline.start("screening", "refuse"), pipeline.start("indexing")
    await pipeline.send(*posts(range(20)))
    await pipeline.send(post(0))
    await pipeline.send_record(pipeline.topics.posts, b"no post")
    await pipeline.balanced()

    async def samples() -> list[tuple[str, dict[str, str], float]]:
        pages = [(await worker.ask("/metrics"))[1] for worker in (screening, indexing)]
        return [sample for page in pages for sample in emitted(page) if sample[0].startswith("fanal_")]

    async def all_there() -> bool:
        return {name for name, *_ in await samples()} == declared()

    await until_(all_there)
    found = await samples()
    by_outcome = {labels["outcome"]: value for name, labels, value in found if name == "fanal_posts" and value > 1 or labels.get("outcome") in {"rejected", "duplicate"}}
    assert {"benign", "hit", "rejected", "duplicate"} <= set(by_outcome)
    stages = {labels["stage"] for name, labels, _ in found if name == "fanal_stage_seconds"}
    assert stages == {"recall", "screen", "deliver"}
    assert {labels["topic"] for name, labels, _ in found if name == "fanal_lag_records"} == {
        pipeline.topics.posts,
        pipeline.topics.hits,
    }


async def test_the_lag_falls_to_nothing_and_the_time_of_progress_is_set(running: Pipeline) -> None:
    async def at_rest() -> bool:
        pages = [(await worker.ask("/metrics"))[1] for worker in running.workers]
        values = {name: value for page in pages for name, _, value in emitted(page)}
        return values.get("fanal_lag_records") == 0 and values.get("fanal_progress_timestamp_seconds", 0) > 1e9

    await until_(at_rest)


async def test_the_time_until_a_hit_is_found_is_measured(running: Pipeline) -> None:
    before = await running.ends()
    await running.send(post(9000))
    await running.balanced(before)

    async def measured() -> bool:
        _, page = await running.workers[1].ask("/metrics")
        found = re.search(r"fanal_searchable_seconds_count (\S+)", page)
        return found is not None and float(found[1]) > 0

    await until_(measured)
