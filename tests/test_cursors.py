"""Cursors: the last state of each source, read back from the topic, whoever wrote it."""

from typing import Any

import msgspec
import pytest
from aiokafka.errors import KafkaTimeoutError

from pipeline.broker.connection import Connection
from pipeline.broker.cursors import Cursors, SourceState, read_states
from pipeline.errors import BrokerUnavailable
from tests.fakes import NOW, Broker


def state(name: str, sequence: int, **more: Any) -> SourceState:
    cursor = {"at": str(sequence)}
    return SourceState(source=name, platform="push", written_at=NOW, sequence=sequence, cursor=cursor, **more)


def put(broker: Broker, *states: SourceState) -> Broker:
    for one in states:
        broker.put_keyed("cursors", one.source.encode(), msgspec.json.encode(one))
    return broker


async def test_the_last_state_of_each_source_counts() -> None:
    broker = put(Broker(1), state("a", 1), state("b", 7), state("a", 2), state("a", 2, posts=5))
    found = await read_states(broker, "cursors")
    assert {name: (one.sequence, one.posts) for name, one in found.items()} == {"a": (2, 5), "b": (7, 0)}
    assert found["b"].cursor == {"at": "7"}


async def test_a_collector_that_was_thought_dead_does_not_turn_a_cursor_back() -> None:
    found = await read_states(put(Broker(1), state("a", 9), state("a", 4)), "cursors")
    assert found["a"].cursor == {"at": "9"}


async def test_a_source_that_was_forgotten_begins_anew() -> None:
    broker = put(Broker(1), state("a", 9))
    broker.put_keyed("cursors", b"a", b"")
    assert await read_states(broker, "cursors") == {}
    assert (await read_states(put(broker, state("a", 1)), "cursors"))["a"].sequence == 1


@pytest.mark.parametrize("value", [b"{torn", b'{"source": 3}', b"\xff", b"[" * 100_000])
async def test_a_record_that_cannot_be_read_is_passed_over(value: bytes) -> None:
    broker = put(Broker(1), state("a", 1))
    broker.put_keyed("cursors", b"a", value)
    assert (await read_states(broker, "cursors"))["a"].sequence == 1


async def test_a_broker_that_does_not_acknowledge_a_cursor_is_away() -> None:
    class Refusing:
        async def send_and_wait(self, *_: Any, **__: Any) -> None:
            raise KafkaTimeoutError

    with pytest.raises(BrokerUnavailable, match="did not acknowledge a cursor"):
        await Cursors(Connection("b:1"), "cursors", Refusing()).write([state("a", 1), state("b", 1)])
