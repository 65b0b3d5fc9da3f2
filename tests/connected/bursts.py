"""Bursts of posts, and a week before them in which little happened: for what the trends make of both."""

import random
import string
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

import msgspec
import numpy as np

from pipeline.posts import Post
from pipeline.trends.alerts import Alert, decode_alert
from pipeline.trends.baseline import DAY
from pipeline.trends.saved import save
from pipeline.trends.series import series_of
from pipeline.trends.spikes import GRACE, Sighting, Sightings, Spikes
from tests.connected.pipelines import Pipeline, is_hit

WARM = 7 * DAY + 90
KIND = "recruitment"  # what the constant classifier finds


def history(minute_s: float) -> bytes:
    """The state after a week, until now, in which the series of the burst had a voice in every third minute."""
    spikes, draws = Spikes(most=4, minute_s=minute_s), np.random.default_rng(3)
    first = int(time.time() / minute_s) - WARM
    series = series_of(KIND, None, None, "en", "push")[1:]
    for minute in range(first, first + WARM):
        hits = [Sighting(minute, series, f"a{minute}.{n}", f"{minute}.{n}", "h") for n in range(draws.poisson(0.3))]
        spikes.take(Sightings(hits=tuple(hits), posts={"push": 10}), (minute + GRACE) * minute_s)
    return save(spikes)


def burst(first: int, number: int, author: str = "") -> Iterator[Post]:
    """Hits of now, in words that have nothing in common; by one author where one is named."""
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
    """What lies on `alerts`."""
    return [decode_alert(record.value) for record in await pipeline.records(pipeline.topics.alerts)]


async def sighted(pipeline: Pipeline, number: int) -> bool:
    """Whether so many hits became sightings."""
    records = await pipeline.records(pipeline.topics.sightings)
    return sum(len(msgspec.json.decode(record.value, type=Sightings).hits) for record in records) >= number
