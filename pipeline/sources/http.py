"""One way to ask a platform over HTTP: its own origin alone, bounded in bytes and time, every answer a value or one of two errors.

200, 304          the answer
401, 403, 410     SourceRefused: a person must act
all others        SourceAway, with the seconds that the platform asks to wait
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import httpx

from pipeline.sources.connector import SourceAway, SourceRefused
from pipeline.sources.guard import Guard, GuardedTransport
from pipeline.sources.limits import Budget, budget, wait_s
from pipeline.sources.reach import Reach, checked, is_upgrade, origin
from pipeline.sources.redact import redact_logs
from pipeline.version import VERSION


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status, its headers (names in lower case), its body whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http:
    """A client for one source. Close it, or use it as a context."""

    def __init__(self, reach: Reach, transport: httpx.AsyncBaseTransport | None = None) -> None:
        redact_logs()
        self._reach = reach
        self._origin = origin(checked(reach.base_url))
        self._host = httpx.URL(reach.base_url).host
        self.budget: Budget | None = None
        self._client = httpx.AsyncClient(
            transport=transport or GuardedTransport(Guard(reach.private)),
            headers={"user-agent": f"fanal/{VERSION}", "accept-encoding": "gzip"},
            timeout=reach.timeout_s,
            trust_env=False,
            follow_redirects=False,
        )

    async def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        also: frozenset[int] = frozenset(),
    ) -> Answer:
        """Ask and read the whole answer, within `timeout_s` and `max_bytes`; statuses in `also` are answers too.

        Raises:
            SourceAway, SourceRefused: as the module says.
        """
        try:
            async with asyncio.timeout(self._reach.timeout_s), self._asked(path, params, headers, also) as response:
                body = b"" if response.status_code == 304 else await self._body(response)
                return Answer(response.status_code, dict(response.headers), body)
        except TimeoutError:
            raise SourceAway("it did not answer in time") from None

    @asynccontextmanager
    async def stream(
        self, path: str, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Ask and read the answer as it comes; `timeout_s` without a byte ends it.

        Raises:
            SourceAway, SourceRefused: as the module says; SourceAway also where the connection breaks.
        """
        async with self._asked(path, params, headers) as response:
            yield _chunks(response)

    @asynccontextmanager
    async def _asked(
        self,
        path: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        also: frozenset[int] = frozenset(),
    ) -> AsyncIterator[httpx.Response]:
        url = self._url(path, params)
        for _ in range(self._reach.redirects + 1):
            response = await self._send(url, headers or {})
            try:
                if not response.next_request:
                    self._judge(response, also)
                    yield response
                    return
                url = response.next_request.url
                self._follow(url)
            finally:
                await response.aclose()
        raise SourceAway("it redirects more often than is followed")

    async def _send(self, url: httpx.URL, headers: Mapping[str, str]) -> httpx.Response:
        own = self._reach.headers if origin(url) == self._origin else {}
        request = self._client.build_request("GET", url, headers={**own, **headers})
        with _translated():
            return await self._client.send(request, stream=True)

    def _url(self, path: str, params: Mapping[str, str] | None) -> httpx.URL:
        """The path under the base URL; an empty one is the base URL itself, query and all."""
        if not path:
            return httpx.URL(self._reach.base_url)
        try:
            url = httpx.URL(self._origin + path, params=dict(params or {}))
        except httpx.InvalidURL:
            url = None
        if url is None or not path.startswith("/") or origin(url) != self._origin:
            raise SourceRefused(f"{self._host}: what is asked of it is no path on it; look at the source's settings")
        return url

    def _follow(self, url: httpx.URL) -> None:
        stays = origin(url) == self._origin or is_upgrade(httpx.URL(self._reach.base_url), url) or self._reach.elsewhere
        if url.scheme not in {"http", "https"} or not stays:
            raise SourceRefused(
                f"{self._host} redirects to {url.host or 'no host'}; if you trust that, configure it instead"
            )
        if url.scheme == "http" and self._origin.startswith("https:"):
            raise SourceRefused(f"{self._host} redirects from https to http: configure another address")

    def _judge(self, response: httpx.Response, also: frozenset[int]) -> None:
        self.budget = budget(response.headers) or self.budget
        status = response.status_code
        if status in also:
            return
        if status in self._reach.refusals:
            raise SourceRefused(f"{self._host} answered {status}: {self._reach.refusals[status]}")
        if status not in {200, 304}:
            away = "it asks to wait (429)" if status == 429 else f"it answered {status // 100}xx"
            raise SourceAway(away, wait_s(response.headers))

    async def _body(self, response: httpx.Response) -> bytes:
        if response.headers.get("content-encoding", "identity") not in {"identity", "gzip"}:
            raise SourceAway("it answered in an encoding that was not asked for")
        body = bytearray()
        async for chunk in _chunks(response):
            body += chunk
            if len(body) > self._reach.max_bytes:
                raise SourceAway("its answer is larger than is taken")
        return bytes(body)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def __aenter__(self) -> "Http":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


async def _chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    with _translated():
        async for chunk in response.aiter_bytes():
            yield chunk


@contextmanager
def _translated() -> Iterator[None]:
    """httpx's errors quote addresses; what leaves this module is a constant text."""
    try:
        yield
    except httpx.TimeoutException:
        raise SourceAway("it did not answer in time") from None
    except (httpx.HTTPError, httpx.InvalidURL):
        raise SourceAway("the connection failed or broke") from None
