"""Lag and liveness, against an admin client that says what it is told to."""

import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from kafka import TopicPartition
from prometheus_client import REGISTRY

from pipeline.broker.connection import Connection
from pipeline.watch import Patience, Watch, committed_offsets, end_offsets


@dataclass
class Offset:
    """What kafka-python says of a group and a partition."""

    offset: int


@dataclass
class Admin:
    """kafka-python's admin client, as the watch needs it."""

    committed: dict[int, int]
    ends: dict[int, int]
    begins: dict[int, int] = field(default_factory=dict)

    def list_group_offsets(self, group: str) -> dict[str, dict[TopicPartition, Offset]]:
        found = {TopicPartition("posts", p): Offset(offset) for p, offset in self.committed.items()}
        return {group: {**found, TopicPartition("other", 0): Offset(7)}}

    def describe_topics(self, _: list[str]) -> list[dict[str, Any]]:
        return [{"partitions": [{"partition_index": p} for p in self.ends]}]

    def list_partition_offsets(self, wanted: dict[TopicPartition, Any]) -> dict[TopicPartition, Offset]:
        from kafka.admin import OffsetSpec

        return {
            tp: Offset(self.begins.get(tp.partition, 0) if spec == OffsetSpec.EARLIEST else self.ends[tp.partition])
            for tp, spec in wanted.items()
        }


@dataclass
class Fixture:
    """A watch that patience has left, and how often it cried."""

    cries: list[bool]
    watch: Watch
    holding: list[int]

    def look(self, committed: dict[int, int], ends: dict[int, int], begins: dict[int, int] | None = None) -> int | None:
        self.watch._look(Admin(committed, ends, begins or {}))
        return self.watch.lag

    def let_pass(self, seconds: float) -> None:
        self.watch._moved_at -= seconds


@pytest.fixture
def watching() -> Fixture:
    cries: list[bool] = []
    holding = [0, 1]
    patience = Patience(60.0, lambda: bool(holding), lambda: cries.append(True))
    return Fixture(cries, Watch(Connection("nowhere:1"), "group", "posts", patience), holding)


def test_lag_is_what_the_group_has_not_acknowledged_over_all_partitions(watching: Fixture) -> None:
    assert watching.look({0: 10, 1: 5}, {0: 12, 1: 5, 2: 0}) == 2
    assert REGISTRY.get_sample_value("fanal_lag_records", {"topic": "posts"}) == 2


def test_a_partition_that_was_never_acknowledged_waits_from_its_beginning(watching: Fixture) -> None:
    assert watching.look({}, {0: 12}, {0: 10}) == 2


def test_records_that_retention_has_taken_do_not_wait(watching: Fixture) -> None:
    assert watching.look({0: 50}, {0: 100}, {0: 100}) == 0


def test_while_offsets_move_a_worker_is_alive(watching: Fixture) -> None:
    for committed in range(3):
        watching.look({0: committed}, {0: 100})
        assert watching.watch.complaint() is None
        watching.let_pass(59)
    assert watching.cries == []


def test_while_nothing_waits_a_worker_is_alive(watching: Fixture) -> None:
    for _ in range(3):
        watching.look({0: 100}, {0: 100})
        watching.let_pass(3600)
    watching.look({0: 100}, {0: 100})
    assert (watching.cries, watching.watch.complaint()) == ([], None)


def test_a_worker_that_stands_still_while_records_wait_is_ended(watching: Fixture) -> None:
    watching.look({0: 5}, {0: 100})
    watching.look({0: 5}, {0: 100})
    assert watching.cries == []
    watching.let_pass(61)
    complaint = watching.watch.complaint()
    assert complaint is not None
    assert "no offset has moved" in complaint
    watching.look({0: 5}, {0: 100})
    assert watching.cries == [True]


def test_a_worker_without_partitions_that_stands_still_is_ended_sooner(watching: Fixture) -> None:
    watching.holding.clear()
    watching.look({0: 5}, {0: 100})
    watching.let_pass(24)
    watching.look({0: 5}, {0: 100})
    assert watching.cries == []
    watching.let_pass(2)
    watching.look({0: 5}, {0: 100})
    assert watching.cries == [True]


def test_a_worker_without_partitions_is_alive_while_others_move_the_offsets(watching: Fixture) -> None:
    watching.holding.clear()
    for committed in range(3):
        watching.look({0: committed}, {0: 100})
        watching.let_pass(26)
    watching.look({0: 3}, {0: 100})
    assert watching.cries == []


def test_a_worker_that_idles_and_then_gets_a_record_has_its_full_time(watching: Fixture) -> None:
    watching.look({0: 100}, {0: 100})
    watching.let_pass(3600)
    watching.look({0: 100}, {0: 100})
    watching.look({0: 100}, {0: 101})
    assert (watching.cries, watching.watch.complaint()) == ([], None)


def test_a_broker_that_is_away_is_no_fault_of_the_worker(watching: Fixture) -> None:
    watching.look({0: 5}, {0: 100})
    watching.let_pass(61)
    watching.watch._cannot_see("KafkaTimeoutError")
    assert watching.watch.complaint() is None


def test_progress_is_told_as_the_time_at_which_offsets_moved(watching: Fixture) -> None:
    before = time.time()
    watching.look({0: 5}, {0: 100})
    progress = REGISTRY.get_sample_value("fanal_progress_timestamp_seconds")
    assert progress is not None
    assert progress >= before


def test_a_group_that_never_committed_has_no_offset() -> None:
    assert committed_offsets(Admin({0: -1, 1: 3}, {}), "group", "posts") == {1: 3}
    assert end_offsets(Admin({}, {0: 4, 1: 9}), "posts") == {0: 4, 1: 9}


def test_the_broker_is_away_until_it_has_answered(watching: Fixture) -> None:
    assert watching.watch.broker() == "it has not been asked yet"
    watching.look({0: 5}, {0: 5})
    assert watching.watch.broker() is None


def test_a_broker_that_was_lost_is_away_with_the_reason_until_it_answers_again(watching: Fixture) -> None:
    watching.look({0: 5}, {0: 5})
    watching.watch._cannot_see("no Kafka broker answers at nowhere:1")
    assert watching.watch.broker() == "no Kafka broker answers at nowhere:1"
    watching.look({0: 5}, {0: 5})
    assert watching.watch.broker() is None


def test_a_broker_that_hangs_is_away_before_a_call_has_failed(watching: Fixture) -> None:
    watching.look({0: 5}, {0: 5})
    watching.watch._answered_at -= 16
    complaint = watching.watch.broker()
    assert complaint is not None
    assert "it has not answered for 1" in complaint
