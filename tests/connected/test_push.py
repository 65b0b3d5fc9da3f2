"""Push on the real broker: 202 stands for what is on the topics, and a broker that is killed loses nothing of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import aiohttp
import pytest

from pipeline.broker.admin import set_up
from pipeline.broker.connection import Connection
from pipeline.broker.cursors import cursors
from pipeline.broker.reader import Record, reader
from pipeline.broker.topics import Topics, specs
from pipeline.codec import decode_erasure, decode_post, lines
from pipeline.posts import Post
from pipeline.sources.collector import Collector, Means
from pipeline.sources.outlet import KafkaOutlet
from pipeline.sources.push_server import Listening, serving
from pipeline.sources.pushed import Buffer, Pushed, Sorted
from tests.conftest import CACHE
from tests.connected.own_broker import OwnBroker, own_broker
from tests.connected.pipelines import until
from tests.fakes_push import SOURCE, Client, line, ndjson

pytestmark = pytest.mark.connected

PLENTY = Buffer()
ERASE = b'{"erase": {"platform": "push", "native_id": "n-9"}}'


@asynccontextmanager
async def pushing(connection: Connection, topics: Topics, buffer: Buffer = PLENTY) -> AsyncIterator[Client]:
    """A collector with one source that is pushed to, and a client of it."""
    pushed = Pushed(SOURCE, buffer)
    async with cursors(connection, topics.cursors) as keeper:
        collector = Collector([pushed], Means(lambda: KafkaOutlet(connection, topics), keeper))
        running = asyncio.create_task(collector.run())
        async with (
            serving([SOURCE], Sorted([pushed]), Listening(port=0)) as address,
            aiohttp.ClientSession() as http,
        ):
            yield Client(address, http)
        collector.stop()
        [state] = await running
        assert state.cursor


async def on(connection: Connection, topic: str) -> list[Record]:
    async with reader(connection) as read:
        ends = await read.ends(topic)
        return [one for number, end in ends.items() async for one in read.records(topic, number, 0, end)]


def ids(records: list[Record]) -> list[str]:
    raws = [raw for record in records for raw in lines(record.value)]
    return [found.native_id for raw in raws if isinstance(found := decode_post(raw), Post)]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnBroker]:
    """One for this module, which the last test kills."""
    with own_broker(tmp_path_factory.mktemp("push") / "broker", CACHE) as running:
        yield running


@pytest.fixture
def place(broker: OwnBroker) -> tuple[Connection, Topics]:
    """Topics that nobody else has."""
    connection, topics = Connection(broker.bootstrap), Topics(f"t{uuid4().hex[:10]}.")
    set_up(connection, specs(topics, partitions=3, replication=1, retention_hours=1))
    return connection, topics


async def test_what_is_answered_202_is_on_its_topics(place: tuple[Connection, Topics]) -> None:
    connection, topics = place
    async with pushing(connection, topics) as client:
        answer = await client.send(ndjson(*[line(n) for n in range(200)], b"\xffbad", ERASE))
        assert (answer.status, answer.said["accepted"], answer.said["rejected"]) == (202, 201, 1)
        assert sorted(ids(await on(connection, topics.posts))) == sorted(f"n-{n}" for n in range(200))
        [erasure] = await on(connection, topics.erasures)
        assert decode_erasure(erasure.value).native_id == "n-9"
        [letter] = await on(connection, topics.rejected)
        assert letter.value == b"\xffbad"
        assert (letter.headers["whence"], letter.headers["detail"][:9]) == (b"forum", b"line 201:")


async def test_a_rejected_line_of_the_largest_body_is_taken(place: tuple[Connection, Topics]) -> None:
    connection, topics = place
    async with pushing(connection, topics) as client:
        assert (await client.send(b"x" * (16 << 20))).status == 202
    [letter] = await on(connection, topics.rejected)
    assert len(letter.value) == 16 << 20


async def keep_sending(client: Client, number: int, statuses: list[int]) -> None:
    """Send five posts until they are taken, as a client does that minds the answers."""
    body = ndjson(*[line(number * 5 + n) for n in range(5)])
    while True:
        answer = await client.send(body, Idempotency_Key=f"k-{number}")
        statuses.append(answer.status)
        if answer.status == 202:
            return
        assert answer.status in (401, 409, 429, 503), answer
        await asyncio.sleep(1.1)  # within a second the signature would be the same


async def through_a_kill(broker: OwnBroker, client: Client) -> list[int]:
    statuses: list[int] = []
    await asyncio.gather(*[keep_sending(client, number, statuses) for number in range(20)])
    await asyncio.to_thread(broker.kill)
    sending = asyncio.gather(*[keep_sending(client, number, statuses) for number in range(20, 60)])
    await until(lambda: {429, 503} <= set(statuses))
    before = statuses.count(202)
    await asyncio.to_thread(broker.start)
    await sending
    assert before == 20
    return statuses


async def test_a_broker_that_is_killed_is_503_then_429_and_nothing_is_lost(
    broker: OwnBroker, place: tuple[Connection, Topics]
) -> None:
    connection, topics = place
    async with pushing(connection, topics, Buffer(events=50, within_s=1.5)) as client:
        statuses = await through_a_kill(broker, client)
    assert statuses.count(202) == 60
    assert set(ids(await on(connection, topics.posts))) == {f"n-{n}" for n in range(300)}
