"""A topic of Kafka Connect's on the real broker: read from its beginning, on from a cursor, and past aborted transactions."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from pipeline.broker.connection import Connection
from pipeline.posts import Erasure, Post, Rejected
from pipeline.sources.connect import ConnectTopic, kafka_topics
from pipeline.sources.connect_mapping import mapping
from pipeline.sources.connector import Cursor, Event, SourceAway, SourceRefused

pytestmark = pytest.mark.connected

TOOTS = mapping("mastodon", {"native_id": "id", "text": "text", "created_at": "created"})


def value(number: int) -> bytes:
    return json.dumps({"id": number, "text": f"good morning {number}", "created": 1795521600000}).encode()


@pytest.fixture
def topic(kafka_bootstrap: str) -> str:
    name = f"connect-{uuid4().hex[:8]}"
    admin = KafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    admin.create_topics([NewTopic(name, 2, 1)])
    admin.close()
    return name


async def written(connection: Connection, topic: str, *records: tuple[bytes | None, bytes | None], **more: Any) -> None:
    producer = AIOKafkaProducer(**connection.aiokafka(), **more)
    await producer.start()
    try:
        for key, raw in records:
            await producer.send_and_wait(topic, raw, key=key)
    finally:
        await producer.stop()


async def aborted(connection: Connection, topic: str) -> None:
    producer = AIOKafkaProducer(**connection.aiokafka(), transactional_id=uuid4().hex)
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(topic, value(999), key=b"999")
    await producer.abort_transaction()
    await producer.stop()


async def read(source: ConnectTopic, count: int, cursor: Cursor | None = None) -> tuple[list[Event], Cursor | None]:
    """Read until so many events have come; the cursor behind them."""
    events: list[Event] = []
    steps: AsyncIterator[Any] = source.steps(cursor)
    async for step in steps:
        events += step.events
        cursor = step.cursor or cursor
        if len(events) >= count:
            break
    await steps.aclose()  # type: ignore[attr-defined] # a generator, as every connector's
    return events, cursor


async def test_records_come_as_events_and_reading_goes_on_at_the_cursor(kafka_bootstrap: str, topic: str) -> None:
    connection = Connection(kafka_bootstrap)
    source = ConnectTopic("toots", topic, TOOTS, kafka_topics(connection))
    await written(connection, topic, *[(str(n).encode(), value(n)) for n in range(40)])
    await written(connection, topic, (b"7", None), (b"8", b"\xff"))
    await aborted(connection, topic)
    await written(connection, topic, (b"40", value(40)))
    events, cursor = await read(source, 43)
    assert {event.native_id for event in events if isinstance(event, Post)} == {str(n) for n in range(41)}
    assert [event.native_id for event in events if isinstance(event, Erasure)] == ["7"]
    assert [event.raw for event in events if isinstance(event, Rejected)] == [b"\xff"]
    await written(connection, topic, (b"41", value(41)))
    later, _ = await read(source, 1, cursor)
    assert [event.native_id for event in later if isinstance(event, Post)] == ["41"]


async def test_a_topic_that_is_not_there_is_refused_and_a_broker_that_is_not_is_away(kafka_bootstrap: str) -> None:
    with pytest.raises(SourceRefused, match="there is no topic nowhere"):
        await read(ConnectTopic("toots", "nowhere", TOOTS, kafka_topics(Connection(kafka_bootstrap))), 1)
    with pytest.raises(SourceAway, match="the broker is away"):
        await read(ConnectTopic("toots", "nowhere", TOOTS, kafka_topics(Connection("127.0.0.1:9"))), 1)
