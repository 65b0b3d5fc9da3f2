"""The site: pages by path, each with what it answers and what goes wrong."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.loopback import served


@dataclass
class Page:
    """`status` other than 200 is answered as it stands; `hang` never answers; `cut` ends inside the body."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    cut: bool = False
    validators: bool = True


class Site:
    def __init__(self, **pages: Page) -> None:
        self.pages = pages
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.url = ""
        self._end = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Site"]:
        app = web.Application()
        app.router.add_get("/{name}", self._page)
        async with served(app) as self.url:
            try:
                yield self
            finally:
                self._end.set()

    def asked(self, name: str) -> list[dict[str, str]]:
        return [headers for path, headers in self.requests if path == f"/{name}"]

    async def _page(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.path, {name.lower(): value for name, value in request.headers.items()}))
        page = self.pages[request.match_info["name"]]
        if page.hang:
            await self._end.wait()
        if page.cut:
            return await self._cut(page, request)
        etag = f'"{hashlib.sha256(page.body).hexdigest()[:8]}"'
        if page.validators and request.headers.get("if-none-match") == etag:
            return web.Response(status=304, headers={"etag": etag})
        headers = (
            {"etag": etag, "last-modified": "Sun, 01 Nov 2026 12:00:00 GMT"} if page.validators else {}
        ) | page.headers
        return web.Response(body=page.body, status=page.status, headers=headers)

    async def _cut(self, page: Page, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-length": str(len(page.body))})
        await response.prepare(request)
        await response.write(page.body[: len(page.body) // 2])
        assert request.transport is not None
        request.transport.close()
        return response
