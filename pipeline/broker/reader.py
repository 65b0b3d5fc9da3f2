"""Reading topics outside a consumer group: offsets, lag, and the records of a range, through aiokafka."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from pipeline.broker.connection import Connection
from pipeline.broker.probing import explain
from pipeline.errors import BrokerUnavailable, ConfigurationError

FETCH_MS = 1_000
FETCH_WAIT_MS = 50
"""How long the broker holds a fetch that finds nothing: a change of partition waits for the fetch that is under way."""
STALLED_FETCHES = 20


@dataclass(frozen=True, slots=True)
class Record:
    """One record as the broker holds it. `timestamp_ms` is the broker's own where the topic says so."""

    partition: int
    offset: int
    timestamp_ms: int
    value: bytes
    headers: Mapping[str, bytes]
    key: bytes = b""


class Reader:
    """Offsets and ranges of topics. Use `reader(...)` to open and close one.

    Each topic has a consumer of its own: aiokafka's waits for ever on metadata when its assignment moves between topics.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._consumers: dict[str, Any] = {}
        self._opened: list[Any] = []

    async def partitions(self, topic: str) -> list[int]:
        """The partitions of a topic, in order.

        Raises:
            ConfigurationError: there is no such topic.
        """
        return sorted(tp.partition for tp in (await self._consumer(topic))[1])

    async def begins(self, topic: str) -> dict[int, int]:
        """The first offset that each partition still holds."""
        consumer, wanted = await self._consumer(topic)
        return {tp.partition: offset for tp, offset in (await self._ask(consumer.beginning_offsets(wanted))).items()}

    async def ends(self, topic: str) -> dict[int, int]:
        """The offset that each partition's next record will have."""
        consumer, wanted = await self._consumer(topic)
        return {tp.partition: offset for tp, offset in (await self._ask(consumer.end_offsets(wanted))).items()}

    async def at(self, topic: str, timestamp_ms: int) -> dict[int, int]:
        """The first offset of each partition whose record is not older than a time (the end where all are older)."""
        ends = await self.ends(topic)
        consumer, wanted = await self._consumer(topic)
        found = await self._ask(consumer.offsets_for_times(dict.fromkeys(wanted, timestamp_ms)))
        return {tp.partition: at.offset if at else ends[tp.partition] for tp, at in found.items()}

    async def records(self, topic: str, partition: int, start: int, end: int) -> AsyncIterator[Record]:
        """The records of `start <= offset < end`, in order.

        Raises:
            BrokerUnavailable: the broker stopped giving records before the end was reached.
        """
        if start >= end:
            return
        consumer, _ = await self._consumer(topic)
        tp = TopicPartition(topic, partition)
        consumer.assign([tp])
        consumer.seek(tp, start)
        empty = 0
        while start < end:
            batch = (await self._ask(consumer.getmany(tp, timeout_ms=FETCH_MS))).get(tp, [])
            position = await self._ask(consumer.position(tp))
            empty = 0 if batch or position > start else empty + 1
            if empty > STALLED_FETCHES:
                raise BrokerUnavailable(f"{topic}/{partition}: no record arrives at offset {start} of {end}")
            for record in batch:
                if record.offset >= end:
                    return
                yield _record(record)
            start = max(start, position)

    async def _consumer(self, topic: str) -> tuple[Any, list[TopicPartition]]:
        """The topic's consumer and all of its partitions."""
        if topic not in self._consumers:
            self._consumers[topic] = await self._started()
        consumer = self._consumers[topic]
        found = consumer.partitions_for_topic(topic) or await self._looked_up(consumer, topic)
        return consumer, [TopicPartition(topic, partition) for partition in sorted(found)]

    async def _started(self) -> Any:
        """A consumer without a topic: one that is given a topic which is not there waits 40 s for it, or creates it."""
        consumer = AIOKafkaConsumer(
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=4 << 20,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            **self._connection.aiokafka(),
        )
        self._opened.append(consumer)
        await self._ask(consumer.start())
        return consumer

    async def _looked_up(self, consumer: Any, topic: str) -> set[int]:
        """The partitions, from the metadata of all topics, which a consumer without an assignment asks for."""
        await self._ask(consumer._client.force_metadata_update())
        found: set[int] | None = consumer.partitions_for_topic(topic)
        if not found:
            raise ConfigurationError(f"topic {topic} does not exist; run `fanal setup` first")
        return found

    async def _ask(self, call: Awaitable[Any]) -> Any:
        try:
            return await call
        except (KafkaError, OSError) as error:
            raise await asyncio.to_thread(explain, self._connection, error) from None

    async def close(self) -> None:
        """Close the connections."""
        for consumer in self._opened:
            await consumer.stop()


def _record(record: Any) -> Record:
    return Record(
        record.partition, record.offset, record.timestamp, record.value or b"", dict(record.headers), record.key or b""
    )


@asynccontextmanager
async def reader(connection: Connection) -> AsyncIterator[Reader]:
    """A reader, closed afterwards. Its calls raise `BrokerUnavailable` when no broker answers."""
    opened = Reader(connection)
    try:
        yield opened
    finally:
        await opened.close()
