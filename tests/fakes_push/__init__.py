"""Stand-ins for push: a collector that takes events, and a client that signs."""

import asyncio
import io
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from pipeline.codec import encode
from pipeline.errors import BrokerUnavailable
from pipeline.posts import Erasure, Post, Rejected
from pipeline.sources.connector import Event
from pipeline.sources.push_contract import BufferFull
from pipeline.sources.push_sources import PushSource
from pipeline.sources.signatures import sign
from tests.fakes import post

SECRET = b"only for tests: forty bytes or so of it."
SOURCE = PushSource(
    "forum",
    (SECRET,),
    frozenset({"push", "x"}),
    topics=frozenset({"https://hub.example.org/feed"}),
    crc_secret=b"another for tests, for the challenge.",
)
NDJSON = "application/x-ndjson"


class Collector:
    """Takes events, and acknowledges once `open` is set; or answers as `fails` says."""

    def __init__(self) -> None:
        self.delivered: list[Event] = []
        self.open = asyncio.Event()
        self.open.set()
        self.fails: Exception | None = None

    async def deliver(self, source: str, events: Sequence[Event]) -> None:
        """Keep the events."""
        assert source == "forum"
        await self.open.wait()
        if self.fails:
            raise self.fails
        self.delivered += events

    @property
    def posts(self) -> list[str]:
        """The ids of the posts."""
        return [event.native_id for event in self.delivered if isinstance(event, Post)]

    @property
    def rejected(self) -> list[Rejected]:
        """What was rejected."""
        return [event for event in self.delivered if isinstance(event, Rejected)]

    @property
    def erasures(self) -> list[Erasure]:
        """What was erased."""
        return [event for event in self.delivered if isinstance(event, Erasure)]


FULL = BufferFull(2.4)
AWAY = BrokerUnavailable("nobody acknowledges")


@dataclass
class Answer:
    """What the server said."""

    status: int
    said: Any
    headers: Mapping[str, str]


@dataclass
class Client:
    """Signs bodies for a source and sends them."""

    address: str
    http: aiohttp.ClientSession
    secret: bytes = SECRET
    source: str = "forum"
    skew_s: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)

    async def send(self, body: bytes, content_type: str = NDJSON, **headers: str) -> Answer:
        """Send a signed body; headers with underscores for hyphens, over those that it would have."""
        stamp = str(int(time.time() + self.skew_s))
        own = {
            "Content-Type": content_type,
            "X-Fanal-Timestamp": stamp,
            "X-Fanal-Signature": sign(self.secret, stamp, body),
            **self.headers,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return await self.as_is(io.BytesIO(body), own)

    async def as_is(self, body: Any, headers: Mapping[str, str]) -> Answer:
        """Send a body under these headers."""
        async with self.http.post(f"{self.address}/v1/ingest/{self.source}", data=body, headers=headers) as answer:
            raw = await answer.read()
            said = json.loads(raw) if answer.content_type == "application/json" else raw.decode()
            return Answer(answer.status, said, answer.headers)


def line(number: int = 1, **more: Any) -> bytes:
    """A post as a line."""
    return encode(post(number, **more))


def ndjson(*lines: bytes) -> bytes:
    """A body of these lines."""
    return b"\n".join(lines) + b"\n"
