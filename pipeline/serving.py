"""The one port of a worker: `/metrics`, `/healthz` (is it alive?), `/readyz` (does it take posts?). Loopback unless set."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from pipeline.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Port:
    """Where a worker answers, and whom it tells which port it got."""

    host: str
    port: int
    announce: Callable[[int], None]


Check = Callable[[], str | None]
"""None when all is well, else what is wrong, in a line."""


async def serve(host: str, port: int, alive: Check, ready: Check) -> tuple[web.AppRunner, int]:
    """Serve until the runner is cleaned up. Returns the runner and the port (port 0 takes a free one).

    Raises:
        ConfigurationError: the port is taken.
    """
    app = web.Application()
    app.add_routes(
        [
            web.get("/metrics", _metrics),
            web.get("/healthz", _answer(alive)),
            web.get("/readyz", _answer(ready)),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError:
        await runner.cleanup()
        raise ConfigurationError(
            f"port {port} on {host} is taken; set FANAL_SERVE_METRICS_PORT to another, or 0 for a free one"
        ) from None
    return runner, int(runner.addresses[0][1])


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _answer(check: Check) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        wrong = check()
        return web.Response(text=f"{wrong or 'ok'}\n", status=503 if wrong else 200)

    return answer
