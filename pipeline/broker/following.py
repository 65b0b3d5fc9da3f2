"""Following a topic outside a consumer group: every record once, in the order of its partition, and never behind when asked."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from pipeline.backoff import waits
from pipeline.broker.connection import Connection
from pipeline.broker.reader import FETCH_WAIT_MS
from pipeline.errors import BrokerUnavailable

log = logging.getLogger("fanal.following")

WAIT_MS = 200

Take = Callable[[bytes, datetime], None]


class Follower:
    """Gives the values of a topic and the broker's times of them to `take`, beginning with the last `tail` records of each
    partition. Close it."""

    def __init__(self, connection: Connection, topic: str, take: Take, tail: int) -> None:
        self._connection = connection
        self._topic = topic
        self._take = take
        self._tail = tail
        self._consumer: Any = None

    async def catch_up(self) -> None:
        """Return when everything was taken that the broker had when this was called. While the broker is away it waits."""
        for wait in waits():
            try:
                await self._catch_up()
            except (KafkaError, OSError, BrokerUnavailable) as error:
                log.warning("a topic cannot be followed; waiting", extra={"why": type(error).__name__})
                await asyncio.sleep(wait)
            else:
                return

    async def close(self) -> None:
        """Close the connection."""
        if self._consumer:
            await self._consumer.stop()

    async def _catch_up(self) -> None:
        if self._consumer is None:
            await self._open()
        partitions = sorted(self._consumer.assignment())
        behind = await self._consumer.end_offsets(partitions)
        self._consumer.resume(*partitions)
        while behind := {tp: end for tp, end in behind.items() if await self._consumer.position(tp) < end}:
            for records in (await self._consumer.getmany(timeout_ms=WAIT_MS)).values():
                for record in records:
                    self._take(record.value or b"", datetime.fromtimestamp(record.timestamp / 1000, UTC))
        self._consumer.pause(
            *partitions
        )  # or the next question for the ends would wait behind a fetch that finds nothing

    async def _open(self) -> None:
        consumer: Any = AIOKafkaConsumer(
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=10_000,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            **self._connection.aiokafka(),
        )
        try:
            await consumer.start()
            await consumer._client.force_metadata_update()
            await self._seek(consumer)
        except BaseException:
            with suppress(KafkaError, OSError):
                await consumer.stop()
            raise
        self._consumer = consumer

    async def _seek(self, consumer: Any) -> None:
        partitions = [TopicPartition(self._topic, p) for p in sorted(consumer.partitions_for_topic(self._topic) or ())]
        if not partitions:
            raise BrokerUnavailable(f"topic {self._topic} is not there")
        consumer.assign(partitions)
        begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        for tp in partitions:
            consumer.seek(tp, max(begins[tp], ends[tp] - self._tail))
