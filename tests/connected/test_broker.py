"""Topics, producing and reading, on the real broker."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from pipeline.broker.admin import check_layout, set_up
from pipeline.broker.connection import Connection
from pipeline.broker.producer import PostProducer, post_producer
from pipeline.broker.reader import Reader, Record, reader
from pipeline.broker.topics import Topics, TopicSpec, partition_of, post_key, specs
from pipeline.codec import decode_post, lines
from pipeline.errors import BrokerUnavailable, ConfigurationError
from pipeline.posts import Post
from pipeline.settings import Settings
from tests.connected.pipelines import environment, post

pytestmark = pytest.mark.connected

NOBODY = Connection("127.0.0.1:9")


@pytest.fixture
def connection(kafka_bootstrap: str) -> Connection:
    return Connection(kafka_bootstrap)


@pytest.fixture
def wanted() -> list[TopicSpec]:
    """Topics that nobody else has."""
    return specs(Topics(f"t{uuid4().hex[:10]}."), partitions=3, replication=1, retention_hours=2)


@pytest.fixture
def topic(connection: Connection, wanted: list[TopicSpec]) -> str:
    """`posts`, set up."""
    set_up(connection, wanted)
    return wanted[0].name


@contextmanager
def client_of(connection: Connection) -> Iterator[Any]:
    client = KafkaAdminClient(bootstrap_servers=connection.bootstrap)
    yield client
    client.close()


def settings_of(connection: Connection, topic: str) -> dict[str, str]:
    with client_of(connection) as client:
        described = client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")
    return {name: entry["value"] for name, entry in described["topic"][topic].items()}


def one_line(error: pytest.ExceptionInfo[Exception]) -> str:
    said = str(error.value)
    assert "\n" not in said
    return said


def test_topics_are_created_with_their_partitions_and_settings(connection: Connection, wanted: list[TopicSpec]) -> None:
    assert set_up(connection, wanted) == [
        f"topic {spec.name}: created with {spec.partitions} partitions" for spec in wanted
    ]
    for spec in wanted:
        assert spec.settings.items() <= settings_of(connection, spec.name).items()
    check_layout(connection, wanted)


def test_a_second_setup_changes_nothing(connection: Connection, wanted: list[TopicSpec]) -> None:
    set_up(connection, wanted)
    assert set_up(connection, wanted) == []


def test_a_setting_that_was_changed_is_put_right_and_a_missing_topic_is_made(
    connection: Connection, wanted: list[TopicSpec]
) -> None:
    set_up(connection, wanted[:-1])
    changed = {"retention.ms": "1000", "message.timestamp.type": "CreateTime", "min.insync.replicas": "1"}
    with client_of(connection) as client:
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, wanted[0].name, configs=changed)])
    changes = set_up(connection, wanted)
    assert set(changes) == {
        f"topic {wanted[0].name}: message.timestamp.type set to LogAppendTime",
        f"topic {wanted[0].name}: retention.ms set to 7200000",
        f"topic {wanted[-1].name}: created with {wanted[-1].partitions} partitions",
    }
    assert wanted[0].settings.items() <= settings_of(connection, wanted[0].name).items()


def test_a_setting_of_the_operators_own_is_left_as_it_is(connection: Connection, wanted: list[TopicSpec]) -> None:
    set_up(connection, wanted)
    own = {"segment.jitter.ms": "123456", "retention.ms": "1000"}
    with client_of(connection) as client:
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, wanted[0].name, configs=own)])
    set_up(connection, wanted)
    assert settings_of(connection, wanted[0].name)["segment.jitter.ms"] == "123456"


def test_another_number_of_partitions_is_refused_and_nothing_is_changed(
    connection: Connection, wanted: list[TopicSpec]
) -> None:
    set_up(connection, wanted[:2])
    with pytest.raises(
        ConfigurationError, match=r"has 3 partitions, the settings say 4; set FANAL_KAFKA_PARTITIONS=3"
    ) as refused:
        set_up(connection, [replace(spec, partitions=4) for spec in wanted])
    one_line(refused)
    with pytest.raises(ConfigurationError, match=f"topic {wanted[2].name} does not exist; run `fanal setup` first"):
        check_layout(connection, wanted)


def test_a_layout_that_is_not_there_is_refused_in_one_line(connection: Connection, wanted: list[TopicSpec]) -> None:
    with pytest.raises(ConfigurationError, match="does not exist; run `fanal setup` first") as refused:
        check_layout(connection, wanted)
    one_line(refused)


def test_a_replication_that_the_cluster_cannot_give_is_refused_in_one_line(
    connection: Connection, wanted: list[TopicSpec]
) -> None:
    with pytest.raises(ConfigurationError, match="could not be created") as refused:
        set_up(connection, [replace(spec, replication=3) for spec in wanted])
    one_line(refused)


def test_a_broker_that_is_away_is_said_in_one_line_with_its_address(settings: Settings) -> None:
    away = environment(settings) | {"FANAL_KAFKA_BOOTSTRAP": NOBODY.bootstrap}
    command = [sys.executable, "-m", "pipeline", "setup"]
    done = subprocess.run(command, cwd=settings.data, env=away, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("fanal: no Kafka broker answers at 127.0.0.1:9 (")
    assert done.stderr.count("\n") == 1


async def test_producing_and_reading_say_the_same_of_a_broker_that_is_away() -> None:
    with pytest.raises(BrokerUnavailable, match="no Kafka broker answers"):
        async with post_producer(NOBODY, "posts"):
            pass
    async with reader(NOBODY) as read:
        with pytest.raises(BrokerUnavailable, match="no Kafka broker answers"):
            await read.ends("posts")


@asynccontextmanager
async def producing(connection: Connection, topic: str, lines: int) -> AsyncIterator[tuple[PostProducer, list[int]]]:
    """A producer, and the numbers of lines that were acknowledged."""
    counts: list[int] = []
    async with post_producer(connection, topic, lines=lines, acknowledged=counts.append) as into:
        yield into, counts


async def everything(connection: Connection, topic: str) -> list[Record]:
    async with reader(connection) as read:
        return [record for partition in await read.partitions(topic) async for record in whole(read, topic, partition)]


async def whole(read: Reader, topic: str, partition: int) -> AsyncIterator[Record]:
    async for record in read.records(topic, partition, 0, (await read.ends(topic))[partition]):
        yield record


def read_posts(record: Record) -> list[Post]:
    return [found for line in lines(record.value) if isinstance(found := decode_post(line), Post)]


@pytest.mark.parametrize("packed", [1, 64])
async def test_posts_are_packed_by_partition_in_order_and_all_acknowledged(
    connection: Connection, topic: str, packed: int
) -> None:
    sent = [post(number) for number in range(500)]
    async with producing(connection, topic, packed) as (into, counts):
        for one in sent:
            await into.add(one)
        await into.flush()
        assert sum(counts) == 500
        assert max(counts) == packed
    records = await everything(connection, topic)
    assert len(records) == len(counts)
    for partition in range(3):
        there = [one for record in records if record.partition == partition for one in read_posts(record)]
        assert there == [one for one in sent if partition_of(post_key(one.platform, one.native_id), 3) == partition]


def test_a_key_goes_to_the_partition_that_kafka_pythons_own_producer_chooses(
    connection: Connection, topic: str
) -> None:
    producer = KafkaProducer(bootstrap_servers=connection.bootstrap)
    keys = [post_key("telegram", f"канал/{number}") for number in range(60)]
    sent = [(key, producer.send(topic, b"", key=key)) for key in keys]
    assert [(key, future.get(20).partition) for key, future in sent] == [(key, partition_of(key, 3)) for key in keys]
    producer.close()


async def test_a_raw_line_of_ten_megabytes_passes_with_its_headers(connection: Connection, topic: str) -> None:
    raw = b"x" * (10 << 20)
    async with producing(connection, topic, 64) as (into, counts):
        await into.add_raw(raw, {"whence": "line 7 of café.ndjson".encode()})
        await into.flush()
        assert counts == [1]
    [record] = await everything(connection, topic)
    assert record.value == raw
    assert record.headers == {"whence": "line 7 of café.ndjson".encode()}


async def test_a_record_that_no_broker_takes_is_an_error_at_flush(connection: Connection, topic: str) -> None:
    async with producing(connection, topic, 64) as (into, counts):
        await into.add_raw(b"x" * (21 << 20), {})
        with pytest.raises(BrokerUnavailable, match="did not acknowledge a record"):
            await into.flush()
        assert counts == []


async def test_posts_carry_the_brokers_own_time(connection: Connection, topic: str) -> None:
    before = int(time.time() * 1000)
    async with producing(connection, topic, 1) as (into, _):
        await into.add(post(1))
        await into.flush()
    [record] = await everything(connection, topic)
    assert before <= record.timestamp_ms <= int(time.time() * 1000)


async def test_a_range_is_read_exactly_and_again_in_any_order_of_partitions(connection: Connection, topic: str) -> None:
    async with producing(connection, topic, 1) as (into, _):
        for number in range(300):
            await into.add(post(number))
        await into.flush()
    async with reader(connection) as read:
        begins, ends = await read.begins(topic), await read.ends(topic)
        assert begins == {0: 0, 1: 0, 2: 0}
        assert sum(ends.values()) == 300
        for partition in (2, 0, 1, 2):
            wanted = (10, ends[partition] - 5)
            found = [record.offset async for record in read.records(topic, partition, *wanted)]
            assert found == list(range(*wanted))
        assert [one async for one in read.records(topic, 0, 5, 5)] == []


async def test_one_reader_reads_several_topics_in_turn(
    connection: Connection, wanted: list[TopicSpec], topic: str
) -> None:
    other = wanted[1].name
    async with producing(connection, topic, 1) as (into, _), producing(connection, other, 1) as (beside, _counts):
        for number in range(60):
            await into.add(post(number))
            await beside.add(post(number))
        await into.flush()
        await beside.flush()
    async with reader(connection) as read:
        for name in (topic, other, topic, other):
            async with asyncio.timeout(20):
                assert sum([1 for p in range(3) async for _ in whole(read, name, p)]) == 60


async def test_a_time_is_found_as_the_first_offset_not_older_and_the_end_where_all_are_older(
    connection: Connection, topic: str
) -> None:
    async with producing(connection, topic, 1) as (into, _):
        await into.add(post(1))
        await into.flush()
        await asyncio.sleep(0.05)
        middle = int(time.time() * 1000)
        await asyncio.sleep(0.05)
        await into.add(post(1))
        await into.flush()
    partition = partition_of(post_key("push", "1"), 3)
    async with reader(connection) as read:
        assert (await read.at(topic, 0))[partition] == 0
        assert (await read.at(topic, middle))[partition] == 1
        assert (await read.at(topic, middle + 3_600_000)) == await read.ends(topic)


async def test_a_topic_that_is_not_there_is_said_in_one_line_and_soon(connection: Connection) -> None:
    async with asyncio.timeout(15), reader(connection) as read:
        with pytest.raises(ConfigurationError, match="topic nowhere does not exist; run `fanal setup` first"):
            await read.ends("nowhere")


async def test_producing_to_a_topic_that_is_not_there_is_said_in_one_line_and_soon(connection: Connection) -> None:
    async with asyncio.timeout(15):
        with pytest.raises(ConfigurationError, match="topic nowhere does not exist; run `fanal setup` first"):
            async with post_producer(connection, "nowhere"):
                pass
