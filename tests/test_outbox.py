"""Delivery through Faust: awaited, tried again in place, and cancelled when the worker ends."""

import asyncio
from collections.abc import Iterator

import pytest

from pipeline import outbox
from pipeline.delivery import Outgoing
from pipeline.outbox import IN_FLIGHT, FaustOutbox
from tests.fakes import FaustApp

ONE, TWO = Outgoing("hits", b"1"), Outgoing("screened", b"2", partition=3)


def at_once() -> Iterator[float]:
    while True:
        yield 0.0


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "waits", at_once)


async def test_every_record_is_delivered() -> None:
    app = FaustApp()
    await FaustOutbox(app).deliver([ONE, TWO])
    assert app.sent == [("hits", b"1"), ("screened", b"2")]


async def test_what_the_broker_does_not_acknowledge_is_sent_again_alone() -> None:
    app = FaustApp(ConnectionError(), None, ConnectionError(), TimeoutError())
    await FaustOutbox(app).deliver([ONE, TWO])
    assert app.sent == [("screened", b"2"), ("hits", b"1")]


async def test_more_records_than_may_be_in_flight_are_delivered_in_turn() -> None:
    app = FaustApp()
    await FaustOutbox(app).deliver([ONE] * (2 * IN_FLIGHT + 1))
    assert len(app.sent) == 2 * IN_FLIGHT + 1


async def test_nothing_to_deliver_is_delivered() -> None:
    app = FaustApp()
    await FaustOutbox(app).deliver([])
    assert app.sent == []


async def test_a_delivery_that_is_cancelled_cancels() -> None:
    with pytest.raises(asyncio.CancelledError):
        await FaustOutbox(FaustApp(None, asyncio.CancelledError())).deliver([ONE, TWO])


async def test_while_the_broker_is_away_delivering_goes_on_until_it_is_cancelled() -> None:
    app = FaustApp(*[ConnectionError() for _ in range(100_000)])
    task = asyncio.create_task(FaustOutbox(app).deliver([ONE]))
    await asyncio.sleep(0.05)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert app.sent == []
