"""Serves the desk until it is cancelled. Signals are the command's: this takes none."""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import uvicorn

from pipeline.desk.app import Hits, Outcomes, create_desk
from pipeline.errors import ConfigurationError

Started = Callable[[str], None]


async def serve(  # noqa: PLR0913 - what the command decides
    store: Hits,
    host: str,
    port: int,
    taxonomy: Mapping[str, Any],
    *,
    outcomes: Outcomes | None = None,
    started: Started = lambda _: None,
) -> None:
    """Serve on `host` and `port` (0 takes a free one) until cancelled; `started` is told the address once the port is ours.

    Raises:
        ConfigurationError: the port is taken, or the host is none of this machine's.
    """
    with _listen(host, port) as listening:
        app = create_desk(store, taxonomy, outcomes, names=[host])
        server = _Server(uvicorn.Config(app, **_OPTIONS))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        started(_address(host, listening.getsockname()[1]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            server.should_exit = True
            await serving
            raise


_OPTIONS: Mapping[str, Any] = {
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,
    "lifespan": "off",
    "ws": "none",
    "timeout_graceful_shutdown": 2,
}


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would end the process when it has stopped, before the store is closed."""
        yield


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
    except OSError as error:
        raise ConfigurationError(f"serve.host: {host} cannot be used: {error.strerror or error}") from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            said = f"port {port} on {host} is taken: end what runs there, or set FANAL_SERVE_DESK_PORT (0 takes a free one)"
            raise ConfigurationError(said) from None
        raise ConfigurationError(f"the desk cannot listen on {host}, port {port}: {error.strerror}") from None
    return listening


def _address(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - shown
    return f"http://{shown}:{port}/"
