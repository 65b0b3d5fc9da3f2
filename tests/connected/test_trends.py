"""The trends on the real broker: a burst of many authors becomes a record on `alerts`, that of one author does not, and a worker
that takes over after a kill goes on where the one before stood."""

import time
from itertools import count

import pytest

from pipeline.spiking import OFFSET, STATE_KEY
from tests.conftest import NewSettings
from tests.connected.bursts import KIND, alerts, burst, history, sighted
from tests.connected.pipelines import opened, until_

pytestmark = pytest.mark.connected

MINUTE_S = 5.0


async def test_a_burst_of_many_authors_is_an_alert_that_of_one_is_not_and_a_kill_changes_nothing(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = new_settings(tmp_path_factory.mktemp("trends"))
    settings = settings.model_copy(update={"trends": settings.trends.model_copy(update={"minute_s": MINUTE_S})})
    state = history(MINUTE_S)
    async with opened(settings) as pipeline:
        await pipeline.send_record(pipeline.topics.trends, state, key=STATE_KEY, headers=[(OFFSET, b"0")])
        pipeline.start("screening")
        worker = pipeline.start("trends")
        await worker.ready()
        await pipeline.send(*burst(0, 60, author="author-one"))
        await until_(lambda: sighted(pipeline, 60))
        rounds, began = count(1000, 60), time.monotonic()

        async def paged() -> bool:
            await pipeline.send(*burst(next(rounds), 60))
            return bool(await alerts(pipeline))

        assert await alerts(pipeline) == []
        await until_(paged)
        print(f"from the first post of the burst to the record on alerts: {time.monotonic() - began:.1f} s")
        [alert, *_] = await alerts(pipeline)
        assert (alert.kind, alert.language, alert.platform) == (KIND, "any", "push")
        assert alert.voices > 5 * max(alert.expected, 1)
        assert alert.hits
        worker.kill()
        after = pipeline.start("trends")
        await after.ready()

        async def open_again() -> bool:
            return f'fanal_open_spikes{{kind="{KIND}"}} 1.0' in (await after.ask("/metrics"))[1]

        await until_(open_again)
        again = await alerts(pipeline)
        assert {each.id: each for each in again} == {alert.id: alert}, "delivered again at most, never another"
