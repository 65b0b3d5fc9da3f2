"""Reading topics outside a consumer group: offsets, lag, and the records of a range, through aiokafka."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from pipeline.broker.connection import Connection
from pipeline.errors import BrokerUnavailable, ConfigurationError

FETCH_MS = 1_000
STALLED_FETCHES = 20


@dataclass(frozen=True, slots=True)
class Record:
    """One record as the broker holds it. `timestamp_ms` is the broker's own where the topic says so."""

    partition: int
    offset: int
    timestamp_ms: int
    value: bytes
    headers: Mapping[str, bytes]


class Reader:
    """Offsets and ranges of topics. Use `reader(...)` to open and close one."""

    def __init__(self, consumer: Any, admin: Any) -> None:
        self._consumer = consumer
        self._admin = admin

    async def partitions(self, topic: str) -> list[int]:
        """The partitions of a topic, in order.

        Raises:
            ConfigurationError: there is no such topic.
        """
        await self._consumer._client.force_metadata_update()
        found = self._consumer.partitions_for_topic(topic)
        if not found:
            raise ConfigurationError(f"topic {topic} does not exist; run `fanal setup` first")
        return sorted(found)

    async def begins(self, topic: str) -> dict[int, int]:
        """The first offset that each partition still holds."""
        wanted = [TopicPartition(topic, p) for p in await self.partitions(topic)]
        return {tp.partition: offset for tp, offset in (await self._consumer.beginning_offsets(wanted)).items()}

    async def ends(self, topic: str) -> dict[int, int]:
        """The offset that each partition's next record will have."""
        wanted = [TopicPartition(topic, p) for p in await self.partitions(topic)]
        return {tp.partition: offset for tp, offset in (await self._consumer.end_offsets(wanted)).items()}

    async def at(self, topic: str, timestamp_ms: int) -> dict[int, int]:
        """The first offset of each partition whose record is not older than a time (the end where all are older)."""
        ends = await self.ends(topic)
        wanted = {TopicPartition(topic, p): timestamp_ms for p in ends}
        found = await self._consumer.offsets_for_times(wanted)
        return {tp.partition: at.offset if at else ends[tp.partition] for tp, at in found.items()}

    async def committed(self, group: str, topic: str) -> dict[int, int]:
        """How far a consumer group has acknowledged each partition (absent where it never did)."""
        found = await self._admin.list_consumer_group_offsets(group)
        return {tp.partition: meta.offset for tp, meta in found.items() if tp.topic == topic and meta.offset >= 0}

    async def records(self, topic: str, partition: int, start: int, end: int) -> AsyncIterator[Record]:
        """The records of `start <= offset < end`, in order.

        Raises:
            BrokerUnavailable: the broker stopped giving records before the end was reached.
        """
        tp = TopicPartition(topic, partition)
        self._consumer.assign([tp])
        self._consumer.seek(tp, start)
        empty = 0
        while start < end:
            batch = (await self._consumer.getmany(tp, timeout_ms=FETCH_MS)).get(tp, [])
            position = await self._consumer.position(tp)
            empty = 0 if batch or position > start else empty + 1
            if empty > STALLED_FETCHES:
                raise BrokerUnavailable(f"{topic}/{partition}: no record arrives at offset {start} of {end}")
            for record in batch:
                if record.offset >= end:
                    return
                yield _record(record)
            start = max(start, position)


def _record(record: Any) -> Record:
    return Record(record.partition, record.offset, record.timestamp, record.value or b"", dict(record.headers))


@asynccontextmanager
async def reader(connection: Connection) -> AsyncIterator[Reader]:
    """A reader, closed afterwards.

    Raises:
        BrokerUnavailable: no broker answers at the address.
    """
    consumer = AIOKafkaConsumer(
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 << 20,
        **connection.aiokafka(),
    )
    admin = AIOKafkaAdminClient(**connection.aiokafka())
    try:
        await consumer.start()
        await admin.start()
    except (KafkaError, OSError) as error:
        await consumer.stop()
        await admin.close()
        raise BrokerUnavailable(f"no Kafka broker answers at {connection.bootstrap} ({type(error).__name__})") from None
    try:
        yield Reader(consumer, admin)
    finally:
        await consumer.stop()
        await admin.close()
