"""A front of TLS before a search server, as production has it: it asks for an API key, or a name and a password, and forwards."""

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

_REFUSED = {"error": {"type": "security_exception", "reason": "unable to authenticate"}, "status": 401}


@dataclass
class Front:
    """Who may pass, what it answers itself, and how many requests it let through."""

    behind: str | None
    allowed: set[str] = field(default_factory=set)
    lacking: list[str] = field(default_factory=list)
    status: int | None = None
    port: int = 0
    passed: int = 0
    refused: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
                while verb := await reader.readexactly(3):
                    if not verb.isalpha():
                        break  # another protocol
                    writer.write(await self._read(verb, reader))
                    await writer.drain()
        finally:
            writer.close()

    async def _read(self, verb: bytes, reader: asyncio.StreamReader) -> bytes:
        head = (verb + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *fields = head.rstrip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in fields)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return await self._answer(line, headers, body)

    async def _answer(self, line: str, headers: dict[str, str], body: bytes) -> bytes:
        if self.allowed and headers.get("authorization") not in self.allowed:
            self.refused += 1
            return _written(401, _REFUSED)
        if self.status:
            return _written(self.status, {"error": {"type": "security_exception"}})
        if "/_security/user/_has_privileges" in line:
            return _written(200, self._privileges(json.loads(body)))
        self.passed += 1
        return await self._forwarded(line, headers, body)

    def _privileges(self, asked: Any) -> dict[str, Any]:
        [index] = asked["index"]
        held = {name: name not in self.lacking for name in index["privileges"]}
        cluster = {name: name not in self.lacking for name in asked["cluster"]}
        return {
            "has_all_requested": all((*held.values(), *cluster.values())),
            "cluster": cluster,
            "index": {index["names"][0]: held},
        }

    async def _forwarded(self, line: str, headers: dict[str, str], body: bytes) -> bytes:
        """What stands behind is asked over a connection of its own, which it closes."""
        if self.behind is None:
            return _written(200, {"version": {"number": "9.5.3"}, "tagline": "You Know, for Search"})
        at = urlsplit(self.behind)
        reader, writer = await asyncio.open_connection(at.hostname, at.port)
        kept = {name: value for name, value in headers.items() if name not in {"authorization", "connection"}}
        fields = "".join(f"{name}: {value}\r\n" for name, value in (kept | {"connection": "close"}).items())
        writer.write(f"{line}\r\n{fields}\r\n".encode("latin-1") + body)
        await writer.drain()
        answer = await reader.read()
        writer.close()
        return answer.replace(b"connection: close\r\n", b"", 1)


def _written(status: int, body: Any) -> bytes:
    raw = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\nX-Elastic-Product: Elasticsearch\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw


@contextmanager
def fronting(behind: str | None, context: ssl.SSLContext | None = None, **how: Any) -> Iterator[Front]:
    """A front on loopback, on a thread and a loop of its own."""
    front = Front(behind, **how)
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    listening = loop.run_until_complete(asyncio.start_server(front.serve, "127.0.0.1", 0, ssl=context))
    front.port = listening.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield front
    finally:
        loop.call_soon_threadsafe(listening.close)
        asyncio.run_coroutine_threadsafe(_ended(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _ended() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0.05)  # what was closed is let go by the loop


def server_context(cert: Any) -> ssl.SSLContext:
    """The context of a server with a certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(cert.cert, cert.key)
    return made
