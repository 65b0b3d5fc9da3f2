"""Platforms that others bring: a partner that pushes, and a topic that Kafka Connect writes. Both send again what nobody took."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import aiohttp
from aiokafka.errors import KafkaError
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from pipeline.broker.producer import kafka_producer
from pipeline.errors import BrokerUnavailable
from tests.chaos.platforms.sending import Extent, Sent, erased, of_letter, of_post, printed
from tests.fakes import post
from tests.fakes_push import SECRET, Client, line, ndjson

A_BODY, AT_ONCE = 5, 4
TAKEN, LATER = 202, frozenset({401, 409, 429, 503})


class Pusher:
    """A partner that signs bodies of five posts, and sends each until it is taken."""

    platform = "push"
    from_now = False

    def __init__(self, extent: Extent) -> None:
        self._extent = extent
        self._secret = extent.folder / "push.secret"
        self._secret.write_bytes(SECRET)
        self.sent = Sent()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """See `Platform`."""
        yield f'platforms = ["push"]\nsecret_file = "{self._secret}"'

    async def flow(self) -> None:
        """Four requests at a time."""
        async with aiohttp.ClientSession() as http:
            client = Client(f"http://127.0.0.1:{self._extent.push_port}", http, source="push")
            await asyncio.gather(*[self._lane(client, lane) for lane in range(AT_ONCE)])

    async def _lane(self, client: Client, lane: int) -> None:
        for number in range(lane, self._extent.posts // A_BODY, AT_ONCE):
            await self._until_taken(client, number, self._body(number))
            await asyncio.sleep(A_BODY * AT_ONCE / self._extent.per_second)

    def _body(self, number: int) -> bytes:
        numbers = range(number * A_BODY, (number + 1) * A_BODY)
        self.sent.must |= {of_post(post(one)) for one in numbers}
        lines = [line(one) for one in numbers]
        if number % 6 == 0:
            self.sent.must |= {of_letter(b"\xffbad %d" % number), erased("push", f"n-{number}")}
            lines += [
                b"\xffbad %d" % number,
                json.dumps({"erase": {"platform": "push", "native_id": f"n-{number}"}}).encode(),
            ]
        return ndjson(*lines)

    async def _until_taken(self, client: Client, number: int, body: bytes) -> None:
        while True:
            with suppress(aiohttp.ClientError):
                answer = await client.send(body, Idempotency_Key=f"k-{number}")
                if answer.status == TAKEN:
                    return
                assert answer.status in LATER, answer
            await asyncio.sleep(1.1)  # within a second the signature would be the same


class Table:
    """A topic of two partitions, as a source of Kafka Connect writes it, tombstones too."""

    platform = "forum"
    from_now = False

    def __init__(self, extent: Extent) -> None:
        self._extent = extent
        self._topic = f"{extent.folder.name}-connect"
        self.sent = Sent()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """See `Platform`."""
        await asyncio.to_thread(self._create)
        yield f'topic = "{self._topic}"\nplatform = "forum"\nfields = {{ text = "text", created_at = "created" }}'

    def _create(self) -> None:
        admin = KafkaAdminClient(**self._extent.connection.kafka_python())
        admin.create_topics([NewTopic(self._topic, 2, 1)])
        admin.close()

    async def flow(self) -> None:
        """Ten records at a time, again where the broker did not acknowledge them all."""
        for first in range(0, self._extent.posts, 10):
            await self._until_acknowledged([self._record(number) for number in range(first, first + 10)])
            await asyncio.sleep(10 / self._extent.per_second)

    def _record(self, number: int) -> tuple[bytes, bytes | None]:
        if number % 10 == 9:
            self.sent.must.add(erased("forum", f"t-{number - 5}"))
            return f"t-{number - 5}".encode(), None
        self.sent.must.add(printed("forum", f"t-{number}", "1"))
        value = {"text": f"good morning {number}", "created": 1795521600000 + number}
        return f"t-{number}".encode(), json.dumps(value).encode()

    async def _until_acknowledged(self, records: Sequence[tuple[bytes, bytes | None]]) -> None:
        while True:
            with suppress(BrokerUnavailable, KafkaError, OSError):
                async with kafka_producer(self._extent.connection) as producer:
                    sending = [producer.send_and_wait(self._topic, value, key=key) for key, value in records]
                    await asyncio.gather(*sending)
                    return
            await asyncio.sleep(0.3)
