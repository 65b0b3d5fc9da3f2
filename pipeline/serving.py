"""The one port of a worker: `/metrics`, `/healthz` (is it alive?), `/readyz` (does it take posts?). Loopback unless set.

None of them waits for a server: checks say what is known (`pipeline.health`), and the page is written in a thread.
"""

import asyncio
import http.client
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.errors import ConfigurationError, Unavailable
from pipeline.health import Check

ANSWER_S = 10.0
LONGEST_PAGE = 16 << 20


@dataclass(frozen=True, slots=True)
class Port:
    """Where a worker answers, and whom it tells which port it got."""

    host: str
    port: int
    announce: Callable[[int], None]


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
    page = await asyncio.to_thread(generate_latest)
    return web.Response(body=page, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _answer(check: Check) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        wrong = check()
        return web.Response(text=f"{wrong or 'ok'}\n", status=503 if wrong else 200)

    return answer


def read_counter(host: str, port: int, name: str) -> list[tuple[dict[str, str], int]]:
    """What a worker's port says of a counter (its name without `_total`): labels and count; empty if it has none.

    Raises:
        Unavailable: nothing answers there, or not as a worker does.
    """
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_S)
    try:
        connection.request("GET", "/metrics")
        page = connection.getresponse().read(LONGEST_PAGE).decode("utf-8")
        families = [family for family in text_string_to_metric_families(page) if family.name == name]
        return [
            (dict(sample.labels), int(sample.value))
            for family in families
            for sample in family.samples
            if sample.name == f"{name}_total"
        ]
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unavailable(f"no worker answers on {host}:{port} ({type(error).__name__})") from None
    finally:
        connection.close()
