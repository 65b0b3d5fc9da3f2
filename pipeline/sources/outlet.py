"""Where the events of one source go: to the broker, through a producer of their own, and back when it has them all.

A producer a source, so that a source that floods or sends what the broker refuses holds up no other.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any, Protocol

from aiokafka.errors import KafkaError

from pipeline.broker.connection import Connection
from pipeline.broker.producer import PostProducer, kafka_producer, partitions
from pipeline.broker.topics import Topics
from pipeline.errors import BrokerUnavailable
from pipeline.sources.stamping import Ready
from pipeline.sources.turns import Turns

LINES = 256
"""Posts of a record, at most: what came within a moment for one partition."""


class Outlet(Protocol):
    """Takes events of one source."""

    async def deliver(self, events: Sequence[Ready]) -> None:
        """Return when the broker has acknowledged every event.

        Raises:
            BrokerUnavailable: it has not; deliver the same again.
        """

    async def close(self) -> None:
        """Let go of what it holds."""


class KafkaOutlet:
    """See `Outlet`. It opens at the first delivery, and anew after one that failed: a producer that failed stays broken."""

    def __init__(self, connection: Connection, topics: Topics) -> None:
        self._connection = connection
        self._topics = topics
        self._opened: AsyncExitStack | None = None
        self._producer: Any = None
        self._posts: PostProducer | None = None

    async def deliver(self, events: Sequence[Ready]) -> None:
        """Send posts packed by partition, the others one a record; wait for all."""
        if not events:
            return
        try:
            await self._deliver(await self._open(), events)
        except BrokerUnavailable:
            await self.close()
            raise
        except (KafkaError, OSError) as error:
            await self.close()
            raise BrokerUnavailable(f"the broker did not acknowledge ({type(error).__name__})") from None

    async def _deliver(self, into: PostProducer, events: Sequence[Ready]) -> None:
        others = []
        turns = Turns()
        for event in events:
            await turns.give_way()
            if event.sort == "post":
                await into.add_line(event.key, event.value)
            else:
                topic = self._topics.erasures if event.sort == "erasure" else self._topics.rejected
                sent = await self._producer.send(topic, event.value, key=event.key, headers=list(event.headers))
                others.append(sent)
        await into.flush()
        for sent in others:
            await sent

    async def _open(self) -> PostProducer:
        if self._posts is None:
            async with AsyncExitStack() as stack:
                self._producer = await stack.enter_async_context(kafka_producer(self._connection))
                count = await partitions(self._producer, self._topics.posts)
                self._posts = PostProducer(self._producer, self._topics.posts, count, LINES, lambda _: None)
                self._opened = stack.pop_all()
        assert self._posts is not None  # noqa: S101 - just made
        return self._posts

    async def close(self) -> None:
        """Close the producer."""
        opened, self._opened, self._posts = self._opened, None, None
        if opened:
            await opened.aclose()
