"""Producing posts: packed, acknowledged, and never more in flight than the broker takes.

Collectors and replays use this; the agents send through Faust.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from pipeline.broker.connection import Connection
from pipeline.broker.probing import explain
from pipeline.broker.topics import MAX_MESSAGE_BYTES, partition_of, post_key
from pipeline.codec import MAX_LINES, encode, pack
from pipeline.errors import BrokerUnavailable, ConfigurationError
from pipeline.posts import Post

PACK_BYTES = 256 * 1024
LINGER_S = 0.05
IN_FLIGHT = 500
Acknowledged = Callable[[int], None]


class PostProducer:
    """Packs posts of one partition into records and counts them when the broker has them.

    `acknowledged(n)` is called with the number of lines that each delivered record holds. Errors of delivery surface at the
    next call of `add` or `flush`.
    """

    def __init__(self, producer: Any, topic: str, partitions: int, lines: int, acknowledged: Acknowledged) -> None:
        self._producer = producer
        self._topic = topic
        self._partitions = partitions
        self._lines = min(lines, MAX_LINES)
        self._acknowledged = acknowledged
        self._packs: dict[int, list[bytes]] = {}
        self._sizes: dict[int, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(IN_FLIGHT)
        self._failure: BaseException | None = None

    async def add(self, post: Post) -> None:
        """Queue a post with its neighbours of the same partition; sent when the pack is full, or at `flush`."""
        await self.add_line(post_key(post.platform, post.native_id), encode(post))

    async def add_line(self, key: bytes, line: bytes) -> None:
        """Queue a post that is encoded already, by its key; like `add`."""
        partition = partition_of(key, self._partitions)
        if self._sizes.get(partition, 0) + len(line) > PACK_BYTES:
            await self._send_pack(partition)
        self._packs.setdefault(partition, []).append(line)
        self._sizes[partition] = self._sizes.get(partition, 0) + len(line)
        if len(self._packs[partition]) >= self._lines:
            await self._send_pack(partition)

    async def add_raw(self, raw: bytes, headers: dict[str, bytes]) -> None:
        """Send a line that is no post as a record of its own, with headers that say where it stood."""
        await self._send(partition_of(raw[:1024], self._partitions), raw, 1, headers)

    async def flush(self) -> None:
        """Send what is packed and wait until the broker has acknowledged everything.

        Raises:
            BrokerUnavailable: a record was not acknowledged.
        ConfigurationError: the login may not write to the topic.
        """
        for partition in list(self._packs):
            await self._send_pack(partition)
        while self._tasks:
            await asyncio.wait(set(self._tasks))
        self._check()

    async def send_waiting(self) -> None:
        """Send the packs that are not full yet, without waiting for the broker."""
        for partition in list(self._packs):
            await self._send_pack(partition)

    async def _send_pack(self, partition: int) -> None:
        lines = self._packs.pop(partition, [])
        self._sizes[partition] = 0
        if lines:
            await self._send(partition, pack(lines), len(lines), {})

    async def _send(self, partition: int, value: bytes, lines: int, headers: dict[str, bytes]) -> None:
        self._check()
        await self._room.acquire()
        task = asyncio.create_task(self._deliver(partition, value, lines, headers))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, partition: int, value: bytes, lines: int, headers: dict[str, bytes]) -> None:
        try:
            await self._producer.send_and_wait(self._topic, value, partition=partition, headers=list(headers.items()))
            self._acknowledged(lines)
        except (KafkaError, OSError, ValueError) as error:
            self._failure = error
        finally:
            self._room.release()

    def _check(self) -> None:
        if self._failure:
            name = type(self._failure).__name__
            if "AuthorizationFailed" in name:
                raise ConfigurationError(f"this login may not write to {self._topic}: it lacks the ACL Write") from None
            raise BrokerUnavailable(f"the broker did not acknowledge a record of {self._topic} ({name})") from None


@asynccontextmanager
async def post_producer(
    connection: Connection, topic: str, *, lines: int = 64, acknowledged: Acknowledged = lambda _: None
) -> AsyncIterator[PostProducer]:
    """A producer for `posts` that packs up to `lines` posts a record (1: a record a post), closed afterwards.

    Raises:
        BrokerUnavailable: no broker answers at the address.
        ConfigurationError: there is no such topic.
    """
    async with kafka_producer(connection) as producer:
        yield PostProducer(producer, topic, await partitions(producer, topic), lines, acknowledged)


@asynccontextmanager
async def kafka_producer(connection: Connection) -> AsyncIterator[Any]:
    """aiokafka's producer as Fanal uses it: idempotent, acknowledged by all replicas in sync; closed afterwards.

    Raises:
        BrokerUnavailable: no broker answers at the address.
        ConfigurationError: one does, and the login or the certificates do not fit.
    """
    producer = AIOKafkaProducer(
        acks="all",
        enable_idempotence=True,
        linger_ms=5,
        max_batch_size=1 << 20,
        max_request_size=MAX_MESSAGE_BYTES,
        request_timeout_ms=60_000,
        **connection.aiokafka(),
    )
    try:
        await _start(producer, connection)
        yield producer
    finally:
        await producer.stop()


async def _start(producer: Any, connection: Connection) -> None:
    try:
        await producer.start()
    except (KafkaError, OSError) as error:
        raise await asyncio.to_thread(explain, connection, error) from None


async def partitions(producer: Any, topic: str) -> int:
    """How many partitions a topic has, from the metadata of all topics: asked for one that is not there, the producer waits, or
    creates it.

    Raises:
        BrokerUnavailable: the broker does not say.
        ConfigurationError: there is no such topic.
    """
    try:
        found = (await producer.client.fetch_all_metadata()).partitions_for_topic(topic)
    except KafkaError as error:
        raise BrokerUnavailable(f"the broker does not say what topics it has ({type(error).__name__})") from None
    if not found:
        raise ConfigurationError(f"topic {topic} does not exist; run `fanal setup` first")
    return len(found)
