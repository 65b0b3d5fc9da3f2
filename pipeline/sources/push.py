"""Push: whoever has posts sends them, signed, and is told 202 once the broker has them.

    POST /v1/ingest/{source}    posts and erasures: NDJSON, or a JSON array; gzip or plain
    GET  /v1/ingest/{source}    the challenges of WebSub (`hub.challenge`) and of X (`crc_token`)

What is wrong with a signature is never said, nor whether there is such a source: 401.
"""

import asyncio
import math
from collections.abc import Iterable, Sequence
from typing import Any

from aiohttp import web

from pipeline.errors import Unavailable
from pipeline.posts import Rejected
from pipeline.sources.bodies import ARRAY, NDJSON, Body, BodyTooLarge, BodyUnreadable, read_events
from pipeline.sources.challenges import answer
from pipeline.sources.connector import Event
from pipeline.sources.idempotency import Answers, is_key
from pipeline.sources.push_contract import LIMITS, BufferFull, Delivery, Limits
from pipeline.sources.push_sources import PushSource
from pipeline.sources.room import Room
from pipeline.sources.signatures import Signatures

SHOWN = 20
"""Rejected lines that an answer describes."""
RETRY_S = 5.0


class _Refusal(Exception):
    def __init__(self, status: int, error: str, retry_after_s: float | None = None) -> None:
        self.status = status
        self.error = error
        self.headers = {"Retry-After": str(math.ceil(retry_after_s))} if retry_after_s is not None else {}
        if status == web.HTTPUnauthorized.status_code:
            self.headers["WWW-Authenticate"] = "Fanal-HMAC-SHA256"


_UNAUTHORISED = "not authorised: see docs/sources/push.md for how a request is signed"


class _Gate:
    """A source with its memory of signatures and answers."""

    def __init__(self, source: PushSource) -> None:
        self.source = source
        self.signatures = Signatures(source.secrets)
        self.answers: Answers[dict[str, Any]] = Answers()


def create_push(sources: Iterable[PushSource], into: Delivery, limits: Limits = LIMITS) -> web.Application:
    """The application. It must be served with `auto_decompress=False` (`pipeline.sources.push_server`): bodies are signed as sent."""
    ingest = _Ingest({source.name: _Gate(source) for source in sources}, into, limits)
    app = web.Application()
    app.router.add_post("/v1/ingest/{source}", ingest.post)
    app.router.add_get("/v1/ingest/{source}", ingest.get, allow_head=False)
    return app


class _Ingest:
    def __init__(self, gates: dict[str, _Gate], into: Delivery, limits: Limits) -> None:
        self._gates = gates
        self._into = into
        self._limits = limits
        self._room = Room(limits.in_hand)

    async def get(self, request: web.Request) -> web.Response:
        """Answer a challenge, where this source expects one."""
        gate = self._gates.get(request.match_info["source"])
        return answer(gate.source, request.query) if gate else web.Response(status=404)

    async def post(self, request: web.Request) -> web.Response:
        """Take a body in."""
        try:
            with self._room.entered() as room:
                said = await self._take(request, room)
        except _Refusal as refusal:
            return web.json_response({"error": refusal.error}, status=refusal.status, headers=refusal.headers)
        return web.json_response(said, status=202)

    async def _take(self, request: web.Request, room: "Room.Held") -> dict[str, Any]:
        content_type, gzipped = _form(request)
        gate = self._gates.get(request.match_info["source"]) or _Gate(PushSource.nobody())
        stamp, signature = (request.headers.get(f"X-Fanal-{name}", "") for name in ("Timestamp", "Signature"))
        if not gate.signatures.is_recent(stamp, signature):
            raise _Refusal(401, _UNAUTHORISED)
        raw = await self._read(request, room)
        match gate.signatures.take(stamp, signature, raw):
            case "refused":
                raise _Refusal(401, _UNAUTHORISED)
            case "too_many":
                raise _Refusal(429, "too many requests within five minutes: put more posts in one", RETRY_S)
        try:
            return await self._once(request.headers.get("Idempotency-Key"), Body(raw, content_type, gzipped), gate)
        except _Refusal as refusal:
            if refusal.headers:
                gate.signatures.release(signature)
            raise
        except BaseException:
            gate.signatures.release(signature)
            raise

    async def _read(self, request: web.Request, room: "Room.Held") -> bytes:
        """The body as sent, never more than may be."""
        parts: list[bytes] = []
        if (request.content_length or 0) > self._limits.body:
            raise _Refusal(413, f"the body has more than {self._limits.body} bytes")
        try:
            async with asyncio.timeout(self._limits.within_s):
                async for part in request.content.iter_chunked(1 << 16):
                    parts.append(part)
                    if room.size + len(part) > self._limits.body:
                        raise _Refusal(413, f"the body has more than {self._limits.body} bytes")
                    if not room.take(len(part)):
                        raise _Refusal(429, "too much is under way: come again", RETRY_S)
        except TimeoutError:
            raise _Refusal(408, f"the body did not come within {self._limits.within_s:g} s") from None
        return b"".join(parts)

    async def _once(self, key: str | None, body: Body, gate: _Gate) -> dict[str, Any]:
        """Deliver, or answer as the first time where the key is known."""
        if key is None:
            return await self._deliver(body, gate)
        if not is_key(key):
            raise _Refusal(400, "Idempotency-Key takes 1 to 255 visible ASCII characters")
        match gate.answers.begin(key, body.raw):
            case "under_way":
                raise _Refusal(409, "a request under this Idempotency-Key is under way", 1)
            case "another_body":
                raise _Refusal(422, "this Idempotency-Key came with another body")
            case "new":
                said: dict[str, Any] | None = None
            case known:
                return known
        try:
            said = await self._deliver(body, gate)
        finally:
            gate.answers.end(key, said)
        return said

    async def _deliver(self, body: Body, gate: _Gate) -> dict[str, Any]:
        try:
            events = await asyncio.to_thread(read_events, body, self._limits.body, gate.source.read)
            await self._into.deliver(gate.source.name, events)
        except BodyTooLarge as error:
            raise _Refusal(413, str(error)) from None
        except BodyUnreadable as error:
            raise _Refusal(400, str(error)) from None
        except BufferFull as full:
            raise _Refusal(429, "more waits for the broker than may: come again", full.retry_after_s) from None
        except Unavailable:
            raise _Refusal(503, "the broker did not acknowledge: send the same again", RETRY_S) from None
        return _counts(events)


def _form(request: web.Request) -> tuple[str, bool]:
    """The content type, and whether the body is packed."""
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if request.content_type not in NDJSON | {ARRAY} or encoding not in ("identity", "gzip"):
        raise _Refusal(415, "send application/x-ndjson, or a JSON array as application/json; plain or gzip")
    return request.content_type, encoding == "gzip"


def _counts(events: Sequence[Event]) -> dict[str, Any]:
    rejected = [event for event in events if isinstance(event, Rejected)]
    shown = [{"reason": one.reason, "detail": one.detail} for one in rejected[:SHOWN]]
    return {"accepted": len(events) - len(rejected), "rejected": len(rejected), "first_rejected": shown}
