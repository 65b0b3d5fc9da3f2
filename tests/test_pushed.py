"""What is pushed is answered when the broker has it, and not before."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest

from pipeline.broker.cursors import SourceState
from pipeline.errors import BrokerUnavailable
from pipeline.sources.collector import Collector, Means
from pipeline.sources.push_contract import BufferFull
from pipeline.sources.pushed import Buffer, Pushed, Sorted
from pipeline.sources.stamping import Ready
from tests.fakes import post
from tests.fakes_push import SOURCE


class Held:
    """An outlet that delivers once it is opened."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.delivered: list[Ready] = []

    async def deliver(self, events: Sequence[Ready]) -> None:
        await self.open.wait()
        self.delivered += events

    async def close(self) -> None:
        """Nothing is held."""


class Kept:
    """Keeps the cursors in memory."""

    async def read(self) -> Mapping[str, SourceState]:
        return {}

    async def write(self, states: Sequence[SourceState]) -> None:
        """Nothing is kept."""


@asynccontextmanager
async def collecting(pushed: Pushed, outlet: Held) -> AsyncIterator[Collector]:
    collector = Collector([pushed], Means(lambda: outlet, Kept()))
    running = asyncio.create_task(collector.run())
    await asyncio.sleep(0)
    yield collector
    collector.stop()
    outlet.open.set()
    await running


async def test_a_request_waits_for_the_broker() -> None:
    pushed, outlet = Pushed(SOURCE), Held()
    async with collecting(pushed, outlet):
        asked = asyncio.create_task(Sorted([pushed]).deliver("forum", [post(1), post(2)]))
        await asyncio.wait([asked], timeout=0.2)
        assert not asked.done()
        outlet.open.set()
        await asyncio.wait_for(asked, 10)
    assert [one.sort for one in outlet.delivered] == ["post", "post"]


async def test_a_request_that_waits_too_long_is_refused_and_may_come_again() -> None:
    pushed, outlet = Pushed(SOURCE, Buffer(within_s=0.5)), Held()
    async with collecting(pushed, outlet):
        with pytest.raises(BrokerUnavailable, match=r"within 0\.5 s"):
            await pushed.deliver([post(1)])
        outlet.open.set()
        await pushed.deliver([post(1)])
    assert len(outlet.delivered) == 2


async def test_more_than_may_wait_is_not_taken() -> None:
    pushed, outlet = Pushed(SOURCE, Buffer(events=3, within_s=5)), Held()
    async with collecting(pushed, outlet):
        first = asyncio.create_task(pushed.deliver([post(1), post(2)]))
        await asyncio.sleep(0)
        with pytest.raises(BufferFull):
            await pushed.deliver([post(3), post(4)])
        outlet.open.set()
        await first
        await pushed.deliver([post(n) for n in range(9)])  # one is always taken, however large
    assert len(outlet.delivered) == 11


async def test_what_was_not_read_when_the_collector_ends_is_refused() -> None:
    pushed, outlet = Pushed(SOURCE, Buffer(within_s=5)), Held()
    async with collecting(pushed, outlet):
        pass
    with pytest.raises(BufferFull):
        await pushed.deliver([post(1)])


async def test_a_source_that_is_opened_again_takes_requests_again() -> None:
    pushed = Pushed(SOURCE)
    first = pushed.steps(None)
    asked = asyncio.create_task(pushed.deliver([post(1)]))
    step = await anext(first)
    await first.aclose()
    again = pushed.steps(step.cursor)
    reading = asyncio.ensure_future(anext(again))
    await asyncio.sleep(0)
    later = asyncio.create_task(pushed.deliver([post(2)]))
    assert (await reading).cursor == {"request": "2"}
    pushed.acknowledged({"request": "2"})
    await asyncio.wait_for(asyncio.gather(asked, later), 5)
    await again.aclose()


async def test_requests_are_counted_on_from_the_cursor() -> None:
    pushed = Pushed(SOURCE)
    steps = pushed.steps({"request": "41"})
    asked = asyncio.create_task(pushed.deliver([post(1)]))
    step = await anext(steps)
    assert step.cursor == {"request": "42"}
    pushed.acknowledged({"request": "41"})
    assert not asked.done()
    pushed.acknowledged({"request": "42"})
    await asyncio.wait_for(asked, 5)
    await steps.aclose()
