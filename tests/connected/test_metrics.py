"""The port of a worker, and the registry: every metric that is declared is emitted, and none that is not."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from pipeline import metrics
from pipeline.broker.erasures import send_erasures
from pipeline.commands import parts
from pipeline.labels import STAGES
from pipeline.posts import Erasure, Terms
from tests.connected.collecting import CollectorProcess
from tests.connected.pipelines import Pipeline, post, posts, until_

pytestmark = pytest.mark.connected

NOT_HERE = {"fanal_certificate_expiry_timestamp_seconds", "fanal_rule_hits"}
"""No server here is spoken to over TLS, and no rule acts."""

Sample = tuple[str, dict[str, str], float]


def declared() -> set[str]:
    """The names of all metrics of `pipeline.metrics`."""
    return {next(iter(one.describe())).name for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)}


def emitted(page: str) -> Iterator[Sample]:
    """The samples of a page of metrics, without the times at which they began: family, labels, value."""
    for family in text_string_to_metric_families(page):
        if family.name.endswith("_created"):
            continue
        for sample in family.samples:
            yield family.name, sample.labels, sample.value


async def test_every_metric_that_is_declared_is_emitted_with_its_labels_and_none_that_is_not(
    pipeline: Pipeline,
) -> None:
    pipeline.start("screening", "refuse")
    pipeline.start("indexing")
    pipeline.workers.append(CollectorProcess(pipeline.settings, count=10, cut=4))
    pipeline.start("trends")
    await pipeline.send(*posts(range(20)))
    await pipeline.send(post(0))
    await pipeline.send_record(pipeline.topics.posts, b"no post")
    past = datetime.now(UTC) - timedelta(hours=1)
    await pipeline.send(post(20, terms=Terms(retain_until=past)))
    await pipeline.balanced()
    assert pipeline.documents("evidence")  # found by a search from now on
    pipeline.start("erasing")
    erasure = Erasure(platform="push", native_id="0", erased_at=past)
    await send_erasures(parts.connection(pipeline.settings), pipeline.topics, [erasure])

    expected = declared() - NOT_HERE

    async def names() -> set[str]:
        return {name for name, *_ in await samples(pipeline) if name.startswith("fanal_")}

    async def all_there() -> bool:
        lags = values_of(await samples(pipeline), "fanal_lag_records", "topic")
        causes = happened(await samples(pipeline), "fanal_erased_hits", "cause")
        return expected <= await names() and len(lags) == 4 and causes == {"deleted", "expired"}

    with suppress(AssertionError):
        await until_(all_there)
    assert await names() == expected
    found = await samples(pipeline)
    check_screening(found)
    check_sources(found)
    topics = pipeline.topics
    assert values_of(found, "fanal_lag_records", "topic") == {
        topics.posts,
        topics.hits,
        topics.erasures,
        topics.sightings,
    }


def check_screening(found: list[Sample]) -> None:
    assert values_of(found, "fanal_posts", "outcome") >= {"benign", "hit", "rejected", "duplicate"}
    assert values_of(found, "fanal_shadow_posts", "outcome") == {"both", "only_active", "only_shadow", "neither"}
    assert values_of(found, "fanal_stage_seconds", "stage") == set(STAGES) - {
        "context"
    }  # the constant classifier has none
    assert happened(found, "fanal_erasures", "cause") == {"deleted", "expired"}
    assert happened(found, "fanal_erased_hits", "cause") == {"deleted", "expired"}
    assert happened(found, "fanal_rechecks", "outcome") == {"expired"}
    assert happened(found, "fanal_rejects", "reason") == {"not_json"}
    assert happened(found, "fanal_kind_hits", "platform") == {"push"}
    assert happened(found, "fanal_priority_hits", "lane") == {"offers"}
    assert values_of(found, "fanal_model_info", "artefact") == {"constant"}
    assert happened(found, "fanal_ready_state", "part") == {"partitions", "model", "broker", "index", "sources"}
    assert values_of(found, "fanal_build_info", "role") == {"screening", "indexing", "trends", "collecting", "erasing"}


def check_sources(found: list[Sample]) -> None:
    sources = {family for family in declared() if family.startswith("fanal_source_")}
    assert len(sources) == 12
    assert {name for family in sources for name in values_of(found, family, "source")} == {"numbered"}
    assert values_of(found, "fanal_source_state", "state") == {"reading", "away", "broken", "refused", "ended"}
    assert values_of(found, "fanal_source_failures", "cause") == {"away", "refused", "unforeseen"}


async def samples(pipeline: Pipeline) -> list[Sample]:
    """What all workers emit."""
    pages = [(await worker.ask("/metrics"))[1] for worker in pipeline.workers]
    return [sample for page in pages for sample in emitted(page)]


def values_of(found: list[Sample], family: str, label: str) -> set[str]:
    """The values of a label."""
    return {labels[label] for name, labels, _ in found if name == family}


def happened(found: list[Sample], family: str, label: str) -> set[str]:
    """The values of a label under which something was counted."""
    return {labels[label] for name, labels, value in found if name == family and value > 0}


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
