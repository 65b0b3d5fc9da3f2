"""What a worker reads when it takes a partition over: the tail of `screened`, which is the memory of what was seen."""

import asyncio
import logging

from pipeline.backoff import waits
from pipeline.broker.connection import Connection
from pipeline.broker.reader import reader
from pipeline.broker.topics import Topics
from pipeline.codec import decode_screened
from pipeline.errors import BrokerUnavailable
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
            except BrokerUnavailable as error:
                log.warning("the memory of a partition cannot be read; waiting", extra={"why": str(error)})
                await asyncio.sleep(wait)
        raise AssertionError("waits() never ends")

    async def _read(self, partition: int) -> list[Screened]:
        topic = self._topics.screened
        async with reader(self._connection) as read:
            begin, end = (await read.begins(topic))[partition], (await read.ends(topic))[partition]
            start = max(begin, end - TAIL_RECORDS)
            return [decode_screened(record.value) async for record in read.records(topic, partition, start, end)]
