"""One connection to a host of Jetstream: opened, read in batches, closed; its failures told in the connector's words.

Nothing is ever sent but the request to upgrade and the answers to pings. No redirect is followed, no proxy is taken from the
environment, and nothing is compressed.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus, InvalidURI
from websockets.http11 import Response
from websockets.typing import Subprotocol

from pipeline.sources.connector import SourceAway, SourceRefused
from pipeline.sources.jetstream_wire import Wire
from pipeline.version import VERSION

MAX_FRAME = 16 << 20
"""Bytes of a frame that are read at all. A record of a repository has at most about one million."""
LINGER_S = 0.05
"""How long a batch waits for more after its first frame."""
STILL = "the stream stands still"
TOO_LARGE = "the host sent a frame that is too large"
_BATCH_BYTES = 4 << 20
_CLOSE_S = 1.0
_SUBPROTOCOL = Subprotocol("xrpc.v1.json")
_TOO_BIG = 1009
_FOR_GOOD = frozenset({400, 401, 403, 404, 410})


class CursorTooOld(Exception):
    """The host no longer holds the event after the cursor's number (v2, before the upgrade)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames in the order in which they came, at most as many as were asked for; `end` is why there will be no more."""

    frames: Sequence[bytes]
    end: SourceAway | None = None


class _Direct(connect):
    """A connection to where it was told, and nowhere else."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """A redirect is a failure."""
        return exc


async def open_line(url: str, wire: Wire, open_s: float) -> ClientConnection:
    """Connect.

    Raises:
        CursorTooOld: ask again by time.
        SourceAway: the host does not answer, or asks to wait.
        SourceRefused: the host will not serve this request, now or later.
    """
    try:
        return await _Direct(
            url,
            subprotocols=[_SUBPROTOCOL] if wire == "v2" else None,
            compression=None,
            proxy=None,
            user_agent_header=f"fanal/{VERSION}",
            open_timeout=open_s,
            close_timeout=_CLOSE_S,
            ping_interval=None,  # a reader that holds back does not see the answer; that events come is the sign of life
            max_size=MAX_FRAME,
        )
    except InvalidStatus as error:
        raise _refusal(error.response) from None
    except (InvalidHandshake, InvalidMessage, InvalidURI, EOFError):
        raise SourceAway("the host does not speak the protocol") from None
    except (OSError, TimeoutError):
        raise SourceAway("the host cannot be reached") from None


async def read_batch(line: ClientConnection, most: int, stall_s: float) -> Batch:
    """Wait for a frame, then take what comes within a moment. A text that is no UTF-8 is a frame like another."""
    frames: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(stall_s):
            frames.append(await line.recv(decode=False))
        async with asyncio.timeout(LINGER_S):
            while len(frames) < most and size < _BATCH_BYTES:
                size += len(frames[-1])
                frames.append(await line.recv(decode=False))
    except TimeoutError:
        return Batch(frames, None if frames else SourceAway(STILL))
    except ConnectionClosed as closed:
        return Batch(frames, _cut(closed))
    return Batch(frames)


def _cut(closed: ConnectionClosed) -> SourceAway:
    if closed.sent and closed.sent.code == _TOO_BIG and not closed.rcvd_then_sent:
        return SourceAway(TOO_LARGE)
    return SourceAway("the connection was cut")


def _refusal(response: Response) -> Exception:
    """What an answer other than the upgrade means."""
    if response.status_code == 400 and _named(response) == "CursorTooOld":
        return CursorTooOld()
    if response.status_code in _FOR_GOOD:
        return SourceRefused(
            f"the host of Jetstream refuses the request (HTTP {response.status_code}): check `hosts` and `wire`"
        )
    return SourceAway(f"the host answers HTTP {response.status_code}", _wait(response.headers.get("Retry-After")))


def _named(response: Response) -> str:
    try:
        found: Any = msgspec.json.decode(response.body or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return str(found.get("error", "")) if isinstance(found, dict) else ""


def _wait(asked: str | None) -> float | None:
    """`Retry-After` in seconds, given as such or as a date (RFC 9110, 10.2.3)."""
    if not asked:
        return None
    if asked.strip().isdecimal():
        return float(asked[:9])
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max((aware - datetime.now(UTC)).total_seconds(), 0.0)
