"""`fanal bench sources`: what a collector brings to a real broker when its source is cut, and the collector ends, at random.

A `Feed` says what is sent; any connector can be measured by one. Ends without warning are those of the collector's tasks: what
was read and not acknowledged is lost with them, and no cursor is written, as after a kill.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import psutil

from pipeline.broker.connection import Connection
from pipeline.broker.cursors import cursors
from pipeline.broker.reader import reader
from pipeline.broker.topics import Topics
from pipeline.codec import decode_post, lines
from pipeline.posts import Post
from pipeline.sources.collector import Collector, Means
from pipeline.sources.connector import Connector, Cursor, SourceAway, Step
from pipeline.sources.outlet import KafkaOutlet
from pipeline.sources.reading import Manner
from pipeline.sources.retrying import Patience

AT_ONCE = 64
REWIND = 50
SEED = 5
_TEXT = "the ferry leaves at seven and the market opens at nine, see you by the fountain "


class Feed(Protocol):
    """What is sent, and the connector that receives it."""

    @property
    def count(self) -> int:
        """How many posts are sent."""

    def connector(self) -> Connector:
        """A connector, as a process that starts makes one. It ends behind the last event."""

    def ids(self) -> Iterator[str]:
        """The `native_id` of every post that is sent."""


@dataclass(frozen=True, slots=True)
class Synthetic:
    """Numbered posts, made in the process, their stream cut at random once in `cut` events or so."""

    count: int
    cut: int

    def connector(self) -> "SyntheticConnector":
        """See `Feed`."""
        return SyntheticConnector(self)

    def ids(self) -> Iterator[str]:
        """See `Feed`."""
        return map(str, range(self.count))


@dataclass(frozen=True, slots=True)
class SyntheticConnector:
    """See `Connector`. Opened again it goes back by 50 events."""

    feed: Synthetic
    name: str = "synthetic"
    platform: str = "bench"
    live: bool = False

    async def steps(self, cursor: Cursor | None) -> AsyncIterator[Step]:
        """The posts from 50 before the cursor on, until the stream is cut."""
        furthest = int(cursor["at"]) if cursor else 0
        start = max(0, furthest - REWIND)
        end = start + REWIND + int(random.expovariate(1 / self.feed.cut)) + 1
        while start < min(end, self.feed.count):
            stop = min(start + AT_ONCE, end, self.feed.count)
            now = datetime.now(UTC)
            posts = [
                Post(platform="bench", native_id=str(number), text=f"{_TEXT}{number}", created_at=now)
                for number in range(start, stop)
            ]
            start, furthest = stop, max(furthest, stop)
            yield Step(posts, {"at": str(furthest)})
        if start < self.feed.count:
            raise SourceAway("the stream was cut")


@dataclass(frozen=True, slots=True)
class Figures:
    """What came out. `twice` counts lines beyond the first of a post: screening passes over them."""

    sent: int
    received: int
    lost: int
    twice: int
    events_per_s: float
    rss_mb: float
    rss_mb_early: float
    ends: int
    reconnects: int

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


async def measure(connection: Connection, topics: Topics, feed: Feed, ends: int, say: Callable[[str], None]) -> Figures:
    """Collect all of a feed with so many ends on the way, then count what stands on `posts`."""
    random.seed(SEED)
    memory: list[float] = []
    watching = asyncio.create_task(_watch(memory))
    began = time.perf_counter()
    spans = [0.5 + 2.5 * random.random() for _ in range(ends)]  # noqa: S311 - no secret
    done = 0
    for span in [*spans, None]:
        over = await _collect(connection, topics, feed, span)
        done += not over
        if over:
            break
    seconds = time.perf_counter() - began
    watching.cancel()
    say("counting what stands on the topic")
    found = await _found(connection, topics)
    async with cursors(connection, topics.cursors) as keeper:
        states = await keeper.read()
    sent, received = set(feed.ids()), sum(found.values())
    return Figures(
        sent=feed.count,
        received=received,
        lost=len(sent - found.keys()),
        twice=received - len(found),
        events_per_s=round(received / seconds, 1),
        rss_mb=round(max(memory), 1),
        rss_mb_early=round(max(memory[: max(1, len(memory) // 4)]), 1),
        ends=done,
        reconnects=sum(state.reconnects for state in states.values()),
    )


async def _collect(connection: Connection, topics: Topics, feed: Feed, span: float | None) -> bool:
    """Collect until the feed ends (True), or end without warning after so many seconds (False)."""
    patience = Patience(first_s=0.001, cap_s=0.002, breaks_after=10**9)
    async with cursors(connection, topics.cursors) as keeper:
        means = Means(lambda: KafkaOutlet(connection, topics), keeper, Manner(patience=patience))
        collector = Collector([feed.connector()], means)
        running = asyncio.create_task(collector.run())
        finished, _ = await asyncio.wait([running], timeout=span)
        if finished:
            await running
            return True
        await collector.abandon()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        return False


async def _watch(memory: list[float]) -> None:
    """Note the resident memory of this process, in MB, ten times a second."""
    process = psutil.Process()
    while True:
        memory.append(process.memory_info().rss / 1e6)
        await asyncio.sleep(0.1)


async def _found(connection: Connection, topics: Topics) -> Counter[str]:
    """How often each post stands on the topic, by its id."""
    found: Counter[str] = Counter()
    async with reader(connection) as read:
        ends = await read.ends(topics.posts)
        for partition, end in ends.items():
            async for record in read.records(topics.posts, partition, 0, end):
                posts = map(decode_post, lines(record.value))
                found.update(post.native_id for post in posts if isinstance(post, Post))
    return found
