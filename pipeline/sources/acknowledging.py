"""Events to their topics, and back when the broker has them all: what push answers 202 for.

Post ──► posts, packed by partition    Erasure ──► erasures    Rejected ──► posts.rejected, with its `whence`
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from pipeline.broker.connection import Connection
from pipeline.broker.producer import PACK_BYTES
from pipeline.broker.topics import MAX_LETTER_BYTES, Topics, partition_of, post_key
from pipeline.codec import encode, pack
from pipeline.errors import BrokerUnavailable, ConfigurationError
from pipeline.posts import Erasure, Post, Rejected
from pipeline.sources.connector import Event
from pipeline.sources.push_contract import BufferFull

LINES = 64
RETRY_S, CLOSE_S = 1.0, 5.0


@dataclass(frozen=True, slots=True)
class Buffer:
    """Bytes that may wait for the broker in all, and seconds that an event may."""

    size: int = 64 << 20
    within_s: float = 20.0


BUFFER = Buffer()


@dataclass(frozen=True, slots=True)
class Parcel:
    """One record for the broker."""

    topic: str
    value: bytes
    partition: int | None = None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = field(default_factory=tuple)


class Acknowledging:
    """Delivers events through an aiokafka producer (see `acknowledging`). Several may deliver at once.

    A producer that failed stays broken: the next delivery opens another. One that only waits for the broker is kept: it
    tries for ever, and what waits counts against the buffer.
    """

    def __init__(
        self, opened: Callable[[], Awaitable[Any]], topics: Topics, partitions: int, buffer: Buffer = BUFFER
    ) -> None:
        self._opened = opened
        self._opening = asyncio.Lock()
        self._producer: Any = None
        self._topics = topics
        self._partitions = partitions
        self._buffer = buffer
        self._waiting = 0
        self._sending: set[asyncio.Task[str | None]] = set()

    async def deliver(self, source: str, events: Sequence[Event]) -> None:
        """See `pipeline.sources.push_contract.Delivery`."""
        parcels = parcelled(source, events, self._topics, self._partitions)
        if self._waiting and self._waiting + sum(len(parcel.value) for parcel in parcels) > self._buffer.size:
            raise BufferFull(RETRY_S)
        producer = await self._current()
        sending = [asyncio.ensure_future(self._sent(producer, parcel)) for parcel in parcels]
        if not sending:
            return
        self._sending.update(sending)
        for sent in sending:
            sent.add_done_callback(self._sending.discard)
        _, late = await asyncio.wait(sending, timeout=self._buffer.within_s)
        failed = [sent for sent in sending if sent not in late and sent.result()]
        if failed and self._producer is producer:
            await self.close()
        if late or failed:
            why = failed[0].result() if failed else f"nothing for {self._buffer.within_s:g} s"
            raise BrokerUnavailable(f"the broker did not acknowledge {len(late) + len(failed)} records ({why})")

    async def _current(self) -> Any:
        async with self._opening:
            self._producer = self._producer or await self._opened()
            return self._producer

    async def close(self) -> None:
        """Close the producer, and give it a moment for what it still holds."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(TimeoutError, KafkaError, OSError):
                await asyncio.wait_for(producer.stop(), CLOSE_S)

    async def _sent(self, producer: Any, parcel: Parcel) -> str | None:
        """What went wrong with one record. It counts as waiting until the producer is done with it, however late that is."""
        self._waiting += len(parcel.value)
        try:
            await producer.send_and_wait(
                parcel.topic, parcel.value, key=parcel.key, partition=parcel.partition, headers=list(parcel.headers)
            )
        except (KafkaError, OSError, ValueError) as error:
            return type(error).__name__
        finally:
            self._waiting -= len(parcel.value)
        return None


def parcelled(source: str, events: Sequence[Event], topics: Topics, partitions: int) -> list[Parcel]:
    """The records of these events: up to 64 posts of a partition in one, in their order; the others one each."""
    packs: dict[int, list[list[bytes]]] = {}
    sizes: dict[int, int] = {}
    others: list[Parcel] = []
    for event in events:
        match event:
            case Post():
                line = encode(event)
                partition = partition_of(post_key(event.platform, event.native_id), partitions)
                held = packs.setdefault(partition, [[]])
                if len(held[-1]) == LINES or (held[-1] and sizes[partition] + len(line) > PACK_BYTES):
                    held.append([])
                sizes[partition] = (sizes[partition] if held[-1] else 0) + len(line)
                held[-1].append(line)
            case Erasure():
                others.append(Parcel(topics.erasures, encode(event), key=erasure_key(event)))
            case Rejected():
                others.append(_letter(source, event, topics))
    posts = [Parcel(topics.posts, pack(lines), partition) for partition, held in packs.items() for lines in held]
    return posts + others


def erasure_key(erasure: Erasure) -> bytes:
    """The key of an erasure: its post's own, or `platform|author|id` for all that an account wrote."""
    if erasure.native_id is not None:
        return post_key(erasure.platform, erasure.native_id)
    return post_key(erasure.platform, f"author|{erasure.author_id}")


def _letter(source: str, rejected: Rejected, topics: Topics) -> Parcel:
    headers = {"reason": rejected.reason, "detail": rejected.detail, "stage": "collecting", "whence": source}
    encoded = [(name, value.encode("utf-8", "replace")) for name, value in headers.items()]
    return Parcel(topics.rejected, rejected.raw, key=source.encode(), headers=encoded)


@asynccontextmanager
async def acknowledging(
    connection: Connection, topics: Topics, buffer: Buffer = BUFFER
) -> AsyncIterator[Acknowledging]:
    """Deliveries through a producer of their own, closed afterwards.

    Raises:
        BrokerUnavailable: no broker answers at the address.
        ConfigurationError: a topic is not there.
    """
    first = await _producer(connection)
    try:
        made = Acknowledging(partial(_producer, connection), topics, await _partitions(first, topics), buffer)
    finally:
        await first.stop()
    try:
        yield made
    finally:
        await made.close()


async def _producer(connection: Connection) -> Any:
    producer = AIOKafkaProducer(
        acks="all",
        enable_idempotence=True,
        linger_ms=5,
        max_batch_size=1 << 20,
        max_request_size=MAX_LETTER_BYTES,
        request_timeout_ms=30_000,
        **connection.aiokafka(),
    )
    try:
        await producer.start()
    except (KafkaError, OSError) as error:
        await producer.stop()
        raise BrokerUnavailable(f"no Kafka broker answers at {connection.bootstrap} ({type(error).__name__})") from None
    return producer


async def _partitions(producer: Any, topics: Topics) -> int:
    """Those of `posts`; all three topics must be there: the producer would wait for one that is not, or create it."""
    try:
        known = await producer.client.fetch_all_metadata()
    except KafkaError as error:
        raise BrokerUnavailable(f"the broker does not say what topics it has ({type(error).__name__})") from None
    for name in (topics.posts, topics.erasures, topics.rejected):
        if not known.partitions_for_topic(name):
            raise ConfigurationError(f"topic {name} does not exist; run `fanal setup` first")
    return len(known.partitions_for_topic(topics.posts))
