"""Topics: their names, their layout, and the partition of a key as every client of Kafka chooses it."""

import random
from dataclasses import dataclass

import pytest
from aiokafka.partitioner import DefaultPartitioner as AiokafkaPartitioner
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner import DefaultPartitioner as KafkaPythonPartitioner

from pipeline.broker.connection import Connection, Login
from pipeline.broker.topics import Topics, author_key, partition_of, post_key, specs


@dataclass
class Cluster:
    """What kafka-python's partitioner asks of a cluster."""

    partitions: list[int]

    def topics(self) -> set[str]:
        return {"posts"}

    def partitions_for_topic(self, _: str) -> list[int]:
        return self.partitions

    available_partitions_for_topic = partitions_for_topic


@given(key=st.binary(min_size=1, max_size=200), partitions=st.integers(1, 1024))
def test_a_key_has_the_partition_that_other_clients_choose(key: bytes, partitions: int) -> None:
    every = list(range(partitions))
    chosen = partition_of(key, partitions)
    assert chosen == AiokafkaPartitioner()(key, every, every)
    assert chosen == KafkaPythonPartitioner().partition("posts", key, key, b"", b"", Cluster(every))


@given(platform=st.text(), native_id=st.text())
def test_any_name_has_a_key(platform: str, native_id: str) -> None:
    assert 0 <= partition_of(post_key(platform, native_id), 12) < 12


def test_keys_spread_over_the_partitions() -> None:
    ids = random.Random(7)
    counts = [0] * 12
    for _ in range(12_000):
        counts[partition_of(post_key("rss", str(ids.random())), 12)] += 1
    assert min(counts) > 800


def test_all_topics_stand_under_one_prefix() -> None:
    names = [spec.name for spec in specs(Topics("own."), partitions=1, replication=1, retention_hours=1)]
    known = ["alerts", "cursors", "erasures", "hits", "posts", "posts.rejected", "screened", "sightings", "trends"]
    assert sorted(names) == [f"own.{name}" for name in known]


def test_what_must_be_in_one_order_has_one_partition_however_many_the_others_have() -> None:
    topics = Topics()
    laid_out = {spec.name: spec for spec in specs(topics, partitions=7, replication=3, retention_hours=168)}
    one_order = (topics.sightings, topics.trends, topics.alerts)
    assert [laid_out[name].partitions for name in one_order] == [1, 1, 1]
    assert laid_out[topics.sightings].settings["message.timestamp.type"] == "LogAppendTime"
    assert laid_out[topics.trends].settings["cleanup.policy"] == "compact"


def test_posts_and_what_is_said_of_them_have_the_same_partitions_and_the_brokers_own_time() -> None:
    topics = Topics()
    laid_out = {spec.name: spec for spec in specs(topics, partitions=7, replication=3, retention_hours=168)}
    for name in (topics.posts, topics.screened, topics.rejected):
        assert laid_out[name].partitions == 7
        assert laid_out[name].settings["message.timestamp.type"] == "LogAppendTime"


@pytest.mark.parametrize(("replication", "in_sync"), [(1, "1"), (2, "1"), (3, "2")])
def test_a_record_is_acknowledged_by_all_but_one_of_its_replicas(replication: int, in_sync: str) -> None:
    for spec in specs(Topics(), partitions=1, replication=replication, retention_hours=1):
        assert spec.settings["min.insync.replicas"] == in_sync


def test_topics_keep_records_for_the_retention_but_for_the_cursors_whose_last_is_kept_for_good() -> None:
    laid_out = {spec.name: spec for spec in specs(Topics(), partitions=7, replication=1, retention_hours=1)}
    cursors = laid_out.pop(Topics().cursors)
    del laid_out[Topics().trends]
    assert {spec.settings["retention.ms"] for spec in laid_out.values()} == {"3600000"}
    assert cursors.settings["cleanup.policy"] == "compact"
    assert "retention.ms" not in cursors.settings
    assert cursors.partitions == 1


def test_all_that_an_account_wrote_is_erased_under_a_key_of_its_own() -> None:
    assert author_key("bluesky", "did:plc:a") == b"bluesky|author|did:plc:a"


def test_a_connection_never_shows_its_password() -> None:
    connection = Connection("b:1", "SASL_PLAINTEXT", Login("PLAIN", "user", "hunter2"))
    assert "hunter2" not in f"{connection!r} {connection} {connection.login!r}"
    assert connection.aiokafka()["sasl_plain_password"] == "hunter2"


def test_without_login_and_encryption_a_client_gets_an_address_and_no_more() -> None:
    assert Connection("b:1").kafka_python() == {"bootstrap_servers": "b:1", "security_protocol": "PLAINTEXT"}
    assert Connection("b:1").ssl_context() is None


def test_encryption_brings_a_context_that_verifies() -> None:
    context = Connection("b:1", "SSL").ssl_context()
    assert context is not None
    assert context.check_hostname
