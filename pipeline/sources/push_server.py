"""Serves push beside the connectors, on loopback unless told otherwise."""

import errno
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from pipeline.errors import ConfigurationError
from pipeline.sources.push import create_push
from pipeline.sources.push_contract import LIMITS, MAX_BYTES, Delivery, Limits
from pipeline.sources.push_sources import PushSource, checked


@dataclass(frozen=True, slots=True)
class Listening:
    """Where push listens. Port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 8787


LOOPBACK = Listening()


@asynccontextmanager
async def serving(
    sources: Sequence[PushSource], into: Delivery, at: Listening = LOOPBACK, limits: Limits = LIMITS
) -> AsyncIterator[str]:
    """Serve until the end; the address is given once the port is ours. Requests under way are finished, for up to 10 s.

    Raises:
        ConfigurationError: a source's secrets do not do, the port is taken, or the host is none of this machine's.
    """
    if not 1 <= limits.body <= MAX_BYTES:
        raise ConfigurationError(f"push: a body may have 1 to {MAX_BYTES} bytes: a rejected one must fit in a record")
    app = create_push(checked(sources), into, limits)
    runner = web.AppRunner(app, auto_decompress=False, access_log=None, shutdown_timeout=10.0)
    await runner.setup()
    try:
        await _listen(runner, at)
        host, port = runner.addresses[0][:2]
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, at: Listening) -> None:
    try:
        await web.TCPSite(runner, at.host, at.port).start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"push: port {at.port} on {at.host} is taken; end what runs there, or set another (0 takes a free one)"
            ) from None
        raise ConfigurationError(f"push cannot listen on {at.host}, port {at.port}: {error.strerror}") from None
