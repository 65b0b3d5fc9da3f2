"""A topic into which Kafka Connect's sources write, as a source: its records become posts and erasures.

The cursor holds, by partition, the offset behind the last record that was delivered. Without one a partition is read from
its first record: what a topic keeps was meant to be read.
"""

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from pipeline.broker.connection import Connection
from pipeline.sources.connect_mapping import ConnectMapping
from pipeline.sources.connect_records import ConnectRecord, read_record
from pipeline.sources.connector import Cursor, SourceAway, SourceRefused, Step

log = logging.getLogger("fanal.connect")

AT_ONCE = 500
WAIT_MS = 1_000

Offsets = Mapping[int, int]


class Topic(Protocol):
    """A topic that is open for reading."""

    async def spans(self) -> Mapping[int, tuple[int, int]]:
        """The first offset and the end of each partition."""

    def batches(self, starts: Offsets) -> AsyncIterator[tuple[Sequence[ConnectRecord], Offsets]]:
        """Records from these offsets on, a batch at a time, with the offsets behind them; ends where the partitions change."""


@dataclass(frozen=True, slots=True)
class ConnectTopic:
    """A topic of Kafka Connect's as a source. See `Connector`."""

    name: str
    topic: str
    mapping: ConnectMapping
    open_topic: Callable[[str], AbstractAsyncContextManager[Topic]]

    @property
    def platform(self) -> str:
        """The platform that its records are of."""
        return self.mapping.platform

    @property
    def live(self) -> bool:
        """What Connect's sources write comes from a live platform."""
        return True

    async def steps(self, cursor: Cursor | None) -> AsyncIterator[Step]:
        """See `Connector.steps`."""
        try:
            async with self.open_topic(self.topic) as topic:
                spans = await topic.spans()
                if not spans:
                    raise SourceRefused(
                        f"source {self.name}: there is no topic {self.topic}; give the one Connect writes"
                    )
                starts = {number: self._start(number, span, cursor) for number, span in spans.items()}
                async for records, behind in topic.batches(starts):
                    yield self._step(records, behind)
        except (KafkaError, OSError) as error:
            raise SourceAway(f"the broker is away ({type(error).__name__})") from None
        raise SourceAway("the topic has other partitions now", 0.0)

    def _step(self, records: Sequence[ConnectRecord], behind: Offsets) -> Step:
        events = [read_record(record, self.mapping, self.name) for record in records]
        return Step(events, {str(number): str(offset) for number, offset in behind.items()})

    def _start(self, partition: int, span: tuple[int, int], cursor: Cursor | None) -> int:
        """Where to read on: the cursor's offset, or the first where there is none or it is no longer there."""
        first, end = span
        text = (cursor or {}).get(str(partition), str(first))
        if not (text.isascii() and text.isdigit()):
            raise SourceRefused(f"source {self.name}: its cursor holds no offsets; remove it, or give another name")
        offset = int(text)
        if first <= offset <= end:
            return offset
        facts = {"source": self.name, "partition": partition, "offset": offset, "first": first, "end": end}
        log.warning("the cursor's offset is not on the topic: read from its first record", extra=facts)
        return first


class KafkaTopic:
    """A topic through aiokafka, outside any consumer group. Records of aborted transactions are passed over."""

    def __init__(self, consumer: Any, topic: str) -> None:
        self._consumer = consumer
        self._topic = topic

    async def spans(self) -> Mapping[int, tuple[int, int]]:
        """See `Topic`."""
        await self._consumer._client.force_metadata_update()
        places = self._places()
        if not places:
            return {}
        firsts = await self._consumer.beginning_offsets(places)
        ends = await self._consumer.end_offsets(places)
        return {place.partition: (firsts[place], ends[place]) for place in places}

    async def batches(self, starts: Offsets) -> AsyncIterator[tuple[Sequence[ConnectRecord], Offsets]]:
        """See `Topic`."""
        places = [TopicPartition(self._topic, number) for number in starts]
        self._consumer.assign(places)
        for place in places:
            self._consumer.seek(place, starts[place.partition])
        behind = dict(starts)
        while {place.partition for place in self._places()} == starts.keys():
            found = await self._consumer.getmany(*places, timeout_ms=WAIT_MS, max_records=AT_ONCE)
            records = [_record(record) for place in places for record in found.get(place, [])]
            behind |= {record.partition: record.offset + 1 for record in records}
            if records:
                yield records, dict(behind)

    def _places(self) -> list[TopicPartition]:
        numbers = self._consumer.partitions_for_topic(self._topic) or ()
        return [TopicPartition(self._topic, number) for number in sorted(numbers)]


def _record(found: Any) -> ConnectRecord:
    return ConnectRecord(found.topic, found.partition, found.offset, found.timestamp, found.key, found.value)


def kafka_topics(connection: Connection) -> Callable[[str], AbstractAsyncContextManager[Topic]]:
    """What opens topics of this broker."""
    return partial(_opened, connection)


@asynccontextmanager
async def _opened(connection: Connection, topic: str) -> AsyncIterator[KafkaTopic]:
    consumer = AIOKafkaConsumer(
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        metadata_max_age_ms=30_000,
        max_partition_fetch_bytes=4 << 20,
        **connection.aiokafka(),
    )
    try:
        await consumer.start()
        yield KafkaTopic(consumer, topic)
    finally:
        await consumer.stop()
