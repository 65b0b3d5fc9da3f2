"""Events on their way to the broker: back when it has them all, refused when too much waits, sent anew after a failure."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError, OutOfOrderSequenceNumber

from pipeline.broker.topics import Topics
from pipeline.errors import BrokerUnavailable
from pipeline.posts import Erasure, Rejected
from pipeline.sources.acknowledging import Acknowledging, Buffer, erasure_key
from pipeline.sources.connector import Event
from pipeline.sources.push_contract import BufferFull
from tests.fakes import NOW, post


class Producer:
    """Takes records while `open` is set, or fails."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.sent: list[tuple[str, bytes | None]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.failure = failure
        self.stopped = False

    async def send_and_wait(self, topic: str, value: bytes, *, key: bytes | None, **_: Any) -> None:
        await self.open.wait()
        if self.failure:
            raise self.failure
        self.sent.append((topic, key))

    async def stop(self) -> None:
        self.stopped = True


def over(producers: Sequence[Producer], buffer: Buffer) -> Acknowledging:
    left = list(producers)

    async def opened() -> Producer:
        return left.pop(0)

    return Acknowledging(opened, Topics(), 3, buffer)


QUICK = Buffer(size=1_000, within_s=0.05)
EVENTS: list[Event] = [
    post(1),
    Erasure(platform="push", native_id="n-1", erased_at=NOW),
    Erasure(platform="push", author_id="a", erased_at=NOW),
    Rejected(raw=b"bad", reason="not_json", detail="line 4: no JSON"),
]


async def test_each_sort_goes_to_its_topic() -> None:
    producer = Producer()
    await over([producer], QUICK).deliver("forum", EVENTS)
    assert producer.sent == [
        ("posts", None),
        ("erasures", b"push|n-1"),
        ("erasures", b"push|author|a"),
        ("posts.rejected", b"forum"),
    ]


def test_an_erasure_has_the_key_of_its_post() -> None:
    assert erasure_key(Erasure(platform="x", native_id="7", erased_at=NOW)) == b"x|7"


async def test_what_the_broker_does_not_take_in_time_is_said_and_the_producer_kept() -> None:
    producer = Producer()
    into = over([producer], QUICK)
    producer.open.clear()
    with pytest.raises(BrokerUnavailable, match=r"did not acknowledge 1 records \(nothing for 0.05 s\)"):
        await into.deliver("forum", [post(1)])
    producer.open.set()
    await into.deliver("forum", [post(2)])
    assert (len(producer.sent), producer.stopped) == (2, False)


async def test_more_than_may_wait_is_refused_until_the_producer_is_done_with_it() -> None:
    producer = Producer()
    into = over([producer], QUICK)
    producer.open.clear()
    with pytest.raises(BrokerUnavailable):
        await into.deliver("forum", [post(1, text="t" * 900)])
    for _ in range(2):
        with pytest.raises(BufferFull) as full:
            await into.deliver("forum", [post(2, text="t" * 900)])
        assert full.value.retry_after_s == 1.0
    producer.open.set()
    await asyncio.sleep(0.01)
    await into.deliver("forum", [post(2, text="t" * 900)])
    assert len(producer.sent) == 2


async def test_one_delivery_that_is_larger_than_the_buffer_goes_alone() -> None:
    producer = Producer()
    await over([producer], QUICK).deliver("forum", [post(1, text="t" * 5_000)])
    assert len(producer.sent) == 1


@pytest.mark.parametrize("failure", [OutOfOrderSequenceNumber(), KafkaTimeoutError()])
async def test_after_a_failure_the_next_delivery_has_a_producer_of_its_own(failure: Exception) -> None:
    broken, whole = Producer(failure), Producer()
    into = over([broken, whole], QUICK)
    with pytest.raises(BrokerUnavailable, match=type(failure).__name__):
        await into.deliver("forum", EVENTS)
    assert broken.stopped
    await into.deliver("forum", EVENTS)
    assert len(whole.sent) == 4


async def test_nothing_to_deliver_is_delivered() -> None:
    await over([Producer()], QUICK).deliver("forum", [])
