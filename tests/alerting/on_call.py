"""Somebody on call: a webhook on loopback that keeps what it is sent, and when."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.loopback import served


@dataclass(frozen=True, slots=True)
class Call:
    """A notification: the receiver that it was for, when it came (Unix time), and what it says."""

    receiver: str
    at_s: float
    said: dict[str, Any]

    @property
    def firing(self) -> set[str]:
        """The names of the alerts in it that fire."""
        return {alert["labels"]["alertname"] for alert in self.said["alerts"] if alert["status"] == "firing"}


@dataclass(slots=True)
class OnCall:
    """What came, in order. `url` is what to send to, with the receiver's name as path."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)

    def about(self, alert: str) -> list[Call]:
        """The notifications in which an alert fires."""
        return [call for call in self.calls if alert in call.firing]

    async def take(self, request: web.Request) -> web.Response:
        """Keep a notification."""
        self.calls.append(Call(request.match_info["receiver"], time.time(), await request.json()))
        return web.Response()


@asynccontextmanager
async def on_call() -> AsyncIterator[OnCall]:
    """Somebody who is there until the end of the block."""
    found = OnCall()
    app = web.Application()
    app.add_routes([web.post("/{receiver}", found.take)])
    async with served(app) as url:
        found.url = url
        yield found
