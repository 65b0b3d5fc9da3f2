"""A worker says which part it waits for, while that part is away and no longer."""

from pathlib import Path

import pytest

from pipeline.settings import Settings
from tests.conftest import CACHE
from tests.connected.own_broker import own_broker
from tests.connected.pipelines import Pipeline, Worker, opened, until_

pytestmark = pytest.mark.connected


async def answer(worker: Worker, wanted: int) -> str:
    """Wait until `/readyz` has a status; its text."""

    async def has() -> bool:
        return (await worker.ask("/readyz"))[0] == wanted

    await until_(has)
    return (await worker.ask("/readyz"))[1]


async def test_a_worker_names_the_broker_while_it_is_away_and_is_ready_when_it_is_back(
    settings: Settings, tmp_path: Path
) -> None:
    with own_broker(tmp_path / "broker", CACHE) as broker:
        there = settings.model_copy(update={"kafka": settings.kafka.model_copy(update={"bootstrap": broker.bootstrap})})
        async with opened(there) as pipeline:
            worker = pipeline.start("screening")
            await worker.ready()
            broker.kill()
            said = await answer(worker, 503)
            [line] = [line for line in said.splitlines() if line.startswith("broker: ")]
            assert broker.bootstrap in line or "it has not answered for" in line
            assert (await worker.ask("/healthz"))[0] == 200
            assert 'fanal_ready_state{part="broker"} 0.0' in (await worker.ask("/metrics"))[1]
            broker.start()
            assert await answer(worker, 200) == "ok\n"


async def test_a_worker_names_the_index_where_it_cannot_be_reached(pipeline: Pipeline) -> None:
    elsewhere = pipeline.settings.elasticsearch.model_copy(update={"url": "http://127.0.0.1:1"})
    pipeline.settings = pipeline.settings.model_copy(update={"elasticsearch": elsewhere})
    worker = pipeline.start("indexing")

    async def named() -> bool:
        return (await worker.ask("/readyz"))[
            1
        ].strip() == "index: Elasticsearch: it cannot be reached (ConnectionError)"

    await until_(named)
    assert (await worker.ask("/healthz"))[0] == 200
