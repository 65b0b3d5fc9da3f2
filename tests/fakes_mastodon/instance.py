"""The instance: one timeline, its stream and its pages."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes_mastodon.statuses import HOST
from tests.loopback import served

Event = tuple[str, bytes]


@dataclass
class Trouble:
    """What goes wrong: the stream cut after `cut_every` events (inside one, if `torn`), bytes in pieces, a stall, refusals."""

    cut_every: int | None = None
    torn: bool = False
    piece: int | None = None
    silent: bool = False
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """Statuses and headers that the next requests get instead of what they asked."""


class Instance:
    """Holds statuses by id; `post`, `edit`, `delete` reach the open streams, and nobody who is away."""

    def __init__(self, trouble: Trouble | None = None, token: str | None = None) -> None:
        self.trouble = trouble or Trouble()
        self.token = token
        self.statuses: dict[str, dict[str, Any]] = {}
        self.requests: list[str] = []
        self.url = ""
        self._streams: set[asyncio.Queue[Event | None]] = set()
        self.opened = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Instance"]:
        app = web.Application(middlewares=[self._middleware()])
        app.router.add_get("/api/v1/streaming/{kind:.+}", self._stream)
        app.router.add_get("/api/v1/timelines/{kind:.+}", self._timeline)
        app.router.add_get("/api/v1/statuses/{id}", self._status)
        async with served(app) as self.url:
            try:
                yield self
            finally:
                self.end_streams()

    def end_streams(self) -> None:
        for stream in self._streams:
            stream.put_nowait(None)

    def send(self, event: str, data: bytes) -> None:
        for stream in self._streams:
            stream.put_nowait((event, data))

    def post(self, status: dict[str, Any]) -> None:
        self.statuses[status["id"]] = status
        self.send("update", json.dumps(status, ensure_ascii=False).encode())

    def edit(self, status: dict[str, Any]) -> None:
        self.statuses[status["id"]] = status
        self.send("status.update", json.dumps(status, ensure_ascii=False).encode())

    def delete(self, status_id: str) -> None:
        self.statuses.pop(status_id, None)
        self.send("delete", status_id.encode())

    def _middleware(self) -> Any:
        @web.middleware
        async def check(request: web.Request, handler: Any) -> web.StreamResponse:
            self.requests.append(request.path_qs)
            if self.trouble.answers:
                status, headers = self.trouble.answers.pop(0)
                return web.json_response({"error": "no"}, status=status, headers=headers)
            if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
                return web.json_response({"error": "This method requires an authenticated user"}, status=422)
            response: web.StreamResponse = await handler(request)
            return response

        return check

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._streams.add(queue)
        self.opened.set()
        try:
            await response.write(b":)\n\n")
            await self._events(queue, response)
        except ConnectionResetError:
            pass
        finally:
            self._streams.discard(queue)
        return response

    async def _events(self, queue: "asyncio.Queue[Event | None]", response: web.StreamResponse) -> None:
        sent = 0
        while event := await self._next(queue):
            name, data = event
            frame = b"event: %s\ndata: %s\n\n" % (name.encode(), data)
            if self.trouble.silent:
                continue
            sent += 1
            if self.trouble.cut_every and sent > self.trouble.cut_every:
                if self.trouble.torn:
                    await response.write(frame[: len(frame) // 2])
                return
            size = self.trouble.piece or len(frame)
            for at in range(0, len(frame), size):
                await response.write(frame[at : at + size])
            await response.write(b":thump\n")

    async def _next(self, queue: "asyncio.Queue[Event | None]") -> Event | None:
        return await queue.get()

    async def _timeline(self, request: web.Request) -> web.Response:
        limit = min(40, int(request.query.get("limit", "20")))
        after = int(request.query.get("min_id", "0"))
        ids = sorted(int(one) for one in self.statuses if int(one) > after)
        chosen = ids[:limit] if "min_id" in request.query else ids[-limit:]
        headers = {
            "x-ratelimit-limit": "300",
            "x-ratelimit-remaining": "299",
            "x-ratelimit-reset": "2026-11-01T12:05:00Z",
        }
        if chosen:
            headers["link"] = f'<https://{HOST}{request.path}?min_id={chosen[-1]}>; rel="prev"'
        body = json.dumps([self.statuses[str(one)] for one in reversed(chosen)], ensure_ascii=False)
        return web.Response(text=body, content_type="application/json", headers=headers)

    async def _status(self, request: web.Request) -> web.Response:
        found = self.statuses.get(request.match_info["id"])
        return web.json_response(found or {"error": "Record not found"}, status=200 if found else 404)
