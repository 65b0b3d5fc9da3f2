"""The trends on the real broker: a burst of many authors becomes a record on `alerts`, that of one author does not, and a worker
that takes over after a kill goes on where the one before stood."""

import random
import string
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

import msgspec
import numpy as np
import pytest

from pipeline.posts import Post
from pipeline.spiking import OFFSET, STATE_KEY
from pipeline.trends.alerts import Alert, decode_alert
from pipeline.trends.baseline import DAY
from pipeline.trends.saved import save
from pipeline.trends.series import series_of
from pipeline.trends.spikes import GRACE, Sighting, Sightings, Spikes
from tests.conftest import NewSettings
from tests.connected.pipelines import Pipeline, is_hit, opened, until_

pytestmark = pytest.mark.connected

MINUTE_S = 5.0
WARM = 7 * DAY + 90
KIND = "recruitment"  # what the constant classifier finds


def history() -> bytes:
    """The state after a week, until now, in which the series of the burst had a voice in every third minute."""
    spikes, draws = Spikes(most=4, minute_s=MINUTE_S), np.random.default_rng(3)
    first = int(time.time() / MINUTE_S) - WARM
    series = series_of(KIND, None, None, "en", "push")[1:]
    for minute in range(first, first + WARM):
        hits = [Sighting(minute, series, f"a{minute}.{n}", f"{minute}.{n}", "h") for n in range(draws.poisson(0.3))]
        spikes.take(Sightings(hits=tuple(hits), posts={"push": 10}), (minute + GRACE) * MINUTE_S)
    return save(spikes)


def burst(first: int, number: int, author: str = "") -> Iterator[Post]:
    """Hits of now, in words that have nothing in common."""
    for each in range(first, first + number):
        draws = random.Random(each)
        texts = (" ".join("".join(draws.choices(string.ascii_lowercase, k=7)) for _ in range(6)) for _ in count())
        yield Post(
            platform="push",
            native_id=f"burst-{each}",
            text=next(text for text in texts if is_hit(text)),
            author_id=author or f"author-{each}",
            created_at=datetime.now(UTC),
        )


async def alerts(pipeline: Pipeline) -> list[Alert]:
    return [decode_alert(record.value) for record in await pipeline.records(pipeline.topics.alerts)]


async def test_a_burst_of_many_authors_is_an_alert_that_of_one_is_not_and_a_kill_changes_nothing(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = new_settings(tmp_path_factory.mktemp("trends"))
    settings = settings.model_copy(update={"trends": settings.trends.model_copy(update={"minute_s": MINUTE_S})})
    state = history()
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


async def sighted(pipeline: Pipeline, number: int) -> bool:
    """Whether so many hits became sightings."""
    records = await pipeline.records(pipeline.topics.sightings)
    return sum(len(msgspec.json.decode(record.value, type=Sightings).hits) for record in records) >= number
