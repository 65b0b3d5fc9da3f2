"""What was pushed to one source, as a connector: it reads what the server took in, and tells the server what the broker has."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from pipeline.errors import BrokerUnavailable
from pipeline.sources.connector import Cursor, Event, Step
from pipeline.sources.push_contract import BufferFull
from pipeline.sources.push_sources import PushSource

RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Buffer:
    """Events that may wait for the broker in all, and seconds that a request may."""

    events: int = 50_000
    within_s: float = 20.0


@dataclass(frozen=True, slots=True)
class _Request:
    events: Sequence[Event]
    done: asyncio.Future[None]


class Pushed:
    """See `Connector` and `Acknowledges`. The cursor counts requests."""

    platform = "push"
    live = True

    def __init__(self, source: PushSource, buffer: Buffer = Buffer()) -> None:
        self.name = source.name
        self.source = source
        self._buffer = buffer
        self._asked: asyncio.Queue[_Request] = asyncio.Queue()
        self._read: deque[tuple[int, _Request]] = deque()
        self._held = 0
        self._closed = False

    async def deliver(self, events: Sequence[Event]) -> None:
        """Return when the broker has acknowledged all of these events.

        Raises:
            BufferFull: nothing was taken.
            BrokerUnavailable: it has not, within the time that a request may wait.
        """
        if self._closed or (self._held and self._held + len(events) > self._buffer.events):
            raise BufferFull(RETRY_S)
        request = _Request(events, asyncio.get_running_loop().create_future())
        self._held += len(events)
        self._asked.put_nowait(request)
        _, late = await asyncio.wait([request.done], timeout=self._buffer.within_s)
        if late or request.done.cancelled():
            raise BrokerUnavailable(f"the broker did not acknowledge within {self._buffer.within_s:g} s")

    async def steps(self, cursor: Cursor | None) -> AsyncGenerator[Step, None]:
        """A step a request, until the end; what was not read by then is refused."""
        number = _number(cursor)
        self._closed = False
        try:
            while True:
                request = await self._asked.get()
                number += 1
                self._read.append((number, request))
                yield Step(request.events, {"request": str(number)}, behind_s=0.0)
        finally:
            self._closed = True
            while not self._asked.empty():
                self._asked.get_nowait().done.cancel()

    def acknowledged(self, cursor: Cursor) -> None:
        """Answer the requests up to this one."""
        while self._read and self._read[0][0] <= _number(cursor):
            _, request = self._read.popleft()
            self._held -= len(request.events)
            if not request.done.done():
                request.done.set_result(None)


class Sorted:
    """See `pipeline.sources.push_contract.Delivery`: gives what is pushed to the connector of its source."""

    def __init__(self, pushed: Sequence[Pushed]) -> None:
        self._pushed = {one.name: one for one in pushed}

    async def deliver(self, source: str, events: Sequence[Event]) -> None:
        """See `Pushed.deliver`."""
        await self._pushed[source].deliver(events)


def _number(cursor: Cursor | None) -> int:
    """The request that a cursor counts; of another connector's there is none."""
    found = (cursor or {}).get("request", "0")
    return int(found) if found.isdecimal() else 0
