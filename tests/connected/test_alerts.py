"""From a burst of posts to somebody's telephone: the real broker, workers, Prometheus and Alertmanager, with the rules and routes
that ship. What it took is printed."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from pipeline.broker.admin import set_up
from pipeline.commands import parts
from pipeline.settings import KafkaSettings, PrivacySettings, ServeSettings, Settings, TrendsSettings
from pipeline.spiking import OFFSET, STATE_KEY
from tests.alerting.on_call import Call, OnCall, on_call
from tests.alerting.servers import alertmanager, free_port, prometheus
from tests.alerting.shipped import write_alertmanager, write_prometheus
from tests.conftest import CACHE
from tests.connected.bursts import KIND, alerts, burst, history, sighted
from tests.connected.own_broker import own_broker
from tests.connected.pipelines import Pipeline, until, until_
from tests.tools.debian import Unobtainable, program

pytestmark = [pytest.mark.connected, pytest.mark.slow]

AUTHORS = 60
MINUTE_S = 5.0


@dataclass(frozen=True, slots=True)
class Watched:
    """A pipeline with a week behind it, and who is called when a series spikes."""

    pipeline: Pipeline
    called: OnCall


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    """The programs, or a visible skip."""
    try:
        program("prometheus", "prometheus")
        program("alertmanager", "amtool")
    except Unobtainable as why:
        pytest.skip(str(why))


@pytest.fixture(scope="module")
def bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker: no search server is needed to notice a spike."""
    with own_broker(tmp_path_factory.mktemp("broker"), CACHE) as broker:
        yield broker.bootstrap


def settings_for(bootstrap: str, data: Path, minute_s: float) -> Settings:
    """Settings with topics and keys of their own."""
    own = uuid4().hex[:10]
    return Settings(
        data=data,
        cache=CACHE,
        kafka=KafkaSettings(bootstrap=bootstrap, prefix=f"{own}.", partitions=3, session_timeout_s=6),
        privacy=PrivacySettings(
            pseudonym_key=SecretStr(f"only for tests {own}"), evidence_key=SecretStr(Fernet.generate_key().decode())
        ),
        serve=ServeSettings(metrics_port=0),
        trends=TrendsSettings(minute_s=minute_s),
    )


@asynccontextmanager
async def watched(settings: Settings, *, haste: bool) -> AsyncIterator[Watched]:
    """Screening, trends, Prometheus, Alertmanager; from when they know each other."""
    await asyncio.to_thread(set_up, parts.connection(settings), parts.topic_specs(settings))
    pipeline, state = Pipeline(settings), history(settings.trends.minute_s)
    try:
        await pipeline.send_record(pipeline.topics.trends, state, key=STATE_KEY, headers=[(OFFSET, b"0")])
        pipeline.start("screening")
        trends = pipeline.start("trends")
        await trends.ready()
        async with on_call() as called, watching(settings.data, await trends.port(), called.url, haste=haste):
            await until(lambda: bool(called.about("FanalWatchdog")), 120)
            yield Watched(pipeline, called)
    finally:
        pipeline.stop()


@asynccontextmanager
async def watching(folder: Path, worker: int, hook: str, *, haste: bool) -> AsyncIterator[None]:
    """Prometheus that scrapes a worker of trends, and Alertmanager that calls a webhook."""
    port = free_port()
    rules = write_prometheus(folder, {"fanal-trends": f"127.0.0.1:{worker}"}, f"127.0.0.1:{port}", haste=haste)
    try:
        async with alertmanager(write_alertmanager(folder, hook, haste=haste), port), prometheus(rules, free_port()):
            yield
    except Unobtainable as why:
        pytest.skip(str(why))


async def called_after(watched: Watched, began: float, seconds: float) -> tuple[Call, float, float]:
    """The page: seconds from the burst's first post, and from the record on `alerts`, until it came."""
    await until(lambda: bool(watched.called.about("FanalSpike")), seconds)
    call = watched.called.about("FanalSpike")[0]
    record = (await watched.pipeline.records(watched.pipeline.topics.alerts))[0]
    found = call, call.at_s - began, call.at_s - record.timestamp_ms / 1000
    print(f"to the webhook: {found[1]:.1f} s from the burst's first post, {found[2]:.1f} s from the record on alerts")
    return found


async def test_a_burst_of_many_authors_calls_somebody_that_of_one_does_not(bootstrap: str, tmp_path: Path) -> None:
    async with watched(settings_for(bootstrap, tmp_path, MINUTE_S), haste=True) as found:
        await found.pipeline.send(*burst(0, AUTHORS, author="author-one"))
        await until_(lambda: sighted(found.pipeline, AUTHORS))
        await asyncio.sleep(2 * MINUTE_S + 3)
        assert not found.called.about("FanalSpike"), "sixty posts by one author are one voice"
        assert await alerts(found.pipeline) == []
        began, rounds = time.time(), count(1000, AUTHORS)

        async def keep_on() -> None:
            while not found.called.about("FanalSpike"):
                first = next(rounds)
                await found.pipeline.send(*burst(first, AUTHORS))

        many = asyncio.create_task(keep_on())
        call, from_post, from_record = await called_after(found, began, 40)
        await many
        assert call.receiver == "on-call-page"
        assert [alert["labels"]["kind"] for alert in call.said["alerts"]] == [KIND]
        assert call.said["commonAnnotations"]["runbook_url"] == "docs/runbooks/FanalSpike.md"
        assert from_record <= 8
        assert from_post <= 30


@pytest.mark.timeout(600)
async def test_with_the_intervals_that_ship_a_burst_calls_somebody_in_two_and_a_half_minutes(
    bootstrap: str, tmp_path: Path
) -> None:
    async with watched(settings_for(bootstrap, tmp_path, 60.0), haste=False) as found:
        await asyncio.sleep(60 - time.time() % 60 + 1)  # as a minute begins: the longest wait for its end
        began = time.time()
        await found.pipeline.send(*burst(0, AUTHORS))
        call, from_post, from_record = await called_after(found, began, 200)
        assert call.receiver == "on-call-page"
        assert from_record <= 60
        assert from_post <= 150
