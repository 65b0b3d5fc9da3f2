"""Where each source stands: the compacted topic `cursors`, the last record of a source counts.

One record a source (its name is the key; a source of many shards has a cursor of many names): the cursor, when it moved, and
beside it how the source fares, so that any machine can tell.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Literal

import msgspec
from aiokafka.errors import KafkaError

from pipeline.broker.connection import Connection
from pipeline.broker.producer import kafka_producer
from pipeline.broker.reader import Reader, reader
from pipeline.errors import BrokerUnavailable

Status = Literal["reading", "away", "broken", "refused", "ended", "stopped"]
WRITE_S = 30.0


class SourceState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A source's cursor and how it fares. Counts go on over restarts.

    `sequence` rises with every move of the cursor. Everything before the cursor has been acknowledged by the broker.
    `away` waits to be opened again, `broken` for long after many failures, `refused` for a person, who finds in `why` what to do.
    """

    source: str
    platform: str
    written_at: datetime
    status: Status = "reading"
    why: str = ""
    cursor: dict[str, str] | None = None
    cursor_at: datetime | None = None
    sequence: int = 0
    last_success: datetime | None = None
    events: int = 0
    posts: int = 0
    erasures: int = 0
    rejected: int = 0
    reconnects: int = 0
    gaps: int = 0
    behind_s: float | None = None
    budget_left: float | None = None


_decoder = msgspec.json.Decoder(SourceState)
_encoder = msgspec.json.Encoder()


async def read_states(read: Reader, topic: str) -> dict[str, SourceState]:
    """The state of every source, by name.

    Of a source's records the one that stands furthest counts: a collector that was thought dead may write once more after its
    successor. A record without a value forgets a source; one that cannot be read is passed over.

    Raises:
        BrokerUnavailable, ConfigurationError: as `Reader`.
    """
    found: dict[str, SourceState] = {}
    begins, ends = await read.begins(topic), await read.ends(topic)
    for partition, end in ends.items():
        async for record in read.records(topic, partition, begins[partition], end):
            name = record.key.decode("utf-8", "replace")
            if not record.value:
                found.pop(name, None)
            elif (state := _decoded(record.value)) and _is_later(state, found.get(name)):
                found[name] = state
    return found


def _decoded(value: bytes) -> SourceState | None:
    try:
        return _decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _is_later(state: SourceState, than: SourceState | None) -> bool:
    return than is None or state.sequence >= than.sequence


class Cursors:
    """Reads and writes the topic. Use `cursors(...)` to open and close it."""

    def __init__(self, connection: Connection, topic: str, producer: Any) -> None:
        self._connection = connection
        self._topic = topic
        self._producer = producer

    async def read(self) -> dict[str, SourceState]:
        """See `read_states`."""
        async with reader(self._connection) as read:
            return await read_states(read, self._topic)

    async def write(self, states: Sequence[SourceState]) -> None:
        """Return when the broker has acknowledged them all.

        Raises:
            BrokerUnavailable: it has not, for half a minute.
        """
        await self._put([(state.source, _encoder.encode(state)) for state in states])

    async def forget(self, names: Sequence[str]) -> None:
        """Forget sources: they begin anew. Raises like `write`."""
        await self._put([(name, None) for name in names])

    async def _put(self, records: Sequence[tuple[str, bytes | None]]) -> None:
        sending = [self._producer.send_and_wait(self._topic, value, key=name.encode()) for name, value in records]
        try:
            await asyncio.wait_for(asyncio.gather(*sending), WRITE_S)
        except (KafkaError, OSError, TimeoutError) as error:
            raise BrokerUnavailable(f"the broker did not acknowledge a cursor ({type(error).__name__})") from None


@asynccontextmanager
async def cursors(connection: Connection, topic: str) -> AsyncIterator[Cursors]:
    """The cursors, closed afterwards.

    Raises:
        BrokerUnavailable: no broker answers at the address.
    """
    async with kafka_producer(connection) as producer:
        yield Cursors(connection, topic, producer)
