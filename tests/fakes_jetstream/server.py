"""A server on loopback that behaves as a host of Jetstream does, and misbehaves on demand."""

import asyncio
import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from tests.fakes_jetstream.answers import SEQS, V1, V2, WELL, Behaviour, answer, as_json, query_of
from tests.fakes_jetstream.events import Happened


class FakeJetstream:
    """`async with FakeJetstream(events) as server:` listens on a free port of loopback; the host's address is `server.url`.

    A reader without a cursor starts behind the newest event that was sent to anybody (at the beginning: at the first). At the
    end of the events the line stays open and still, unless the host `ends`. `requests` holds the query of each request,
    `said` what readers sent.
    """

    def __init__(self, events: Sequence[Happened], behaviour: Behaviour = WELL, port: int = 0) -> None:
        self.behaviour = behaviour
        self.requests: list[dict[str, list[str]]] = []
        self.said: list[str | bytes] = []
        self.dropped = 0
        self._events = events
        self._port = port
        self._sent = 0
        self._cuts: set[int] = set()
        self._server: Server | None = None

    async def __aenter__(self) -> "FakeJetstream":
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            self._port,
            process_request=self._answer,
            compression=None,
            ping_interval=None,
            close_timeout=0.2,
            subprotocols=[Subprotocol("xrpc.v1.json")],
            select_subprotocol=lambda _, offered: offered[0] if offered else None,
        )
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for line in list(self._server.connections):
            line.transport.abort()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """The address of the host, for either wire."""
        return f"ws://127.0.0.1:{self._port}"

    @property
    def cuts(self) -> int:
        """How often the line was cut."""
        return len(self._cuts)

    @property
    def lines(self) -> int:
        """Readers that are connected."""
        return len(self._server.connections) if self._server else 0

    async def _answer(self, line: ServerConnection, request: Request) -> Response | None:
        self.requests.append(query_of(request))
        return answer(request, self.behaviour)

    async def _serve(self, line: ServerConnection) -> None:
        assert line.request is not None
        listening = asyncio.create_task(self._listen(line))
        try:
            with suppress(ConnectionClosed):
                await self._tell(line, urlsplit(line.request.path).path, query_of(line.request))
                await line.wait_closed()
        finally:
            listening.cancel()

    async def _listen(self, line: ServerConnection) -> None:
        """A reader that sends anything on v2 is sent away."""
        with suppress(ConnectionClosed):
            async for message in line:
                self.said.append(message)
                await line.close(1008)

    async def _tell(self, line: ServerConnection, path: str, query: dict[str, list[str]]) -> None:
        cursor = int(query["cursor"][0]) if "cursor" in query else None
        begin, notice = self._begin(cursor)
        if notice and path == V2:
            payload = {"$type": "network.bsky.jetstream.subscribeEvents#info", "name": notice}
            await line.send(json.dumps({"$type": "message", "payload": payload}))
        for index in range(begin, len(self._events)):
            if index == self.behaviour.stall_at:
                return
            if self.behaviour.pace_s:
                await asyncio.sleep(self.behaviour.pace_s)
            for frame in self._frames(index, path):
                if not await self._send(line, path, frame):
                    return
            self._sent = max(self._sent, index + 1)
            if self._cuts_after(index):
                await self._cut(line)
                return
        if self.behaviour.ends:
            await line.close(1001)

    def _begin(self, cursor: int | None) -> tuple[int, str]:
        """The first event to send, and the name of the notice before it, if any."""
        behaviour = self.behaviour
        if cursor is None:
            return self._sent, ""
        if cursor < SEQS:
            index = cursor - behaviour.first_seq
            return (self._sent, "FutureCursor") if index > len(self._events) else (max(index, behaviour.floor), "")
        index = bisect_left(self._events, cursor - behaviour.shift_us, key=lambda one: one.time_us)
        return (behaviour.floor, "OutdatedCursor") if index < behaviour.floor else (index, "")

    def _frames(self, index: int, path: str) -> Iterator[bytes]:
        yield from self.behaviour.inserted.get(index, ())
        event = self._events[index]
        if self.behaviour.shift_us:
            event = replace(event, time_us=event.time_us + self.behaviour.shift_us)
        yield event.v1() if path == V1 else event.v2(self.behaviour.first_seq + index)

    async def _send(self, line: ServerConnection, path: str, frame: bytes) -> bool:
        """Send a frame as text, whatever its bytes; False if the reader was too slow and was sent away."""
        if self.behaviour.slow_s is None:
            await line.send(frame, text=True)
            return True
        try:
            async with asyncio.timeout(self.behaviour.slow_s):
                await line.send(frame, text=True)
            return True
        except TimeoutError:
            self.dropped += 1
            await self._send_away(line, path)
            return False

    async def _send_away(self, line: ServerConnection, path: str) -> None:
        """v2 says why; the words stand behind what the reader has not read yet."""
        if path == V2:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.01):
                    await line.send(as_json(**{"$type": "error", "error": "ConsumerTooSlow"}), text=True)
        while line.transport.get_write_buffer_size() and not line.transport.is_closing():  # noqa: ASYNC110  # tells nobody
            await asyncio.sleep(0.01)
        await line.close(1008)

    def _cuts_after(self, index: int) -> bool:
        every = self.behaviour.cut_every
        if not every or (index + 1) % every or index in self._cuts:
            return False
        self._cuts.add(index)
        return True

    async def _cut(self, line: ServerConnection) -> None:
        """Tear the line off, what is under way with it, or close it in order."""
        if len(self._cuts) % 2:
            line.transport.abort()
        else:
            await line.close(1001)
