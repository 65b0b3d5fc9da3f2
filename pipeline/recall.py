"""What a worker reads when it takes a partition over: the tail of `screened`, which is the memory of what was seen."""

import asyncio
import logging

import msgspec
from aiokafka.errors import KafkaError

from pipeline.backoff import waits
from pipeline.broker.connection import Connection
from pipeline.broker.reader import Record, reader
from pipeline.broker.topics import Topics
from pipeline.codec import decode_screened
from pipeline.errors import FanalError
from pipeline.posts import Screened

log = logging.getLogger("fanal.recall")

TAIL_RECORDS = 50_000


class Recall:
    """Reads the tail of a partition of `screened`. While the broker is away it waits."""

    def __init__(self, connection: Connection, topics: Topics) -> None:
        self._connection = connection
        self._topics = topics

    async def __call__(self, partition: int) -> list[Screened]:
        """The last 50,000 records, oldest first."""
        for wait in waits():
            try:
                return await self._read(partition)
            except (FanalError, KafkaError, OSError) as error:
                log.warning("the memory of a partition cannot be read; waiting", extra={"why": type(error).__name__})
                await asyncio.sleep(wait)
        raise AssertionError("waits() never ends")

    async def _read(self, partition: int) -> list[Screened]:
        topic = self._topics.screened
        async with reader(self._connection) as read:
            begin, end = (await read.begins(topic))[partition], (await read.ends(topic))[partition]
            start = max(begin, end - TAIL_RECORDS)
            found = [_read(record) async for record in read.records(topic, partition, start, end)]
            return [screened for screened in found if screened and screened.partition == partition]


def _read(record: Record) -> Screened | None:
    """What a record says; nothing where it is none of ours: what it should have said is screened again."""
    try:
        return decode_screened(record.value)
    except msgspec.DecodeError:
        log.warning("a record of the memory cannot be read", extra={"offset": record.offset})
        return None
