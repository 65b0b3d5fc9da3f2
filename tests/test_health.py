"""Readiness, part by part, from what is known: nobody who asks waits for a server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from prometheus_client import REGISTRY

from pipeline.errors import IndexUnavailable
from pipeline.health import Asking, Readiness
from pipeline.serving import serve
from tests.test_serving import get


class Server:
    """A server that answers, fails, or hangs."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.hangs = False
        self.asked = asyncio.Event()

    async def ask(self) -> None:
        """Answer as told."""
        self.asked.set()
        if self.hangs:
            await asyncio.Event().wait()
        if self.error:
            raise self.error


@asynccontextmanager
async def asking(ask: Callable[[], Awaitable[None]], patience_s: float = 10.0) -> AsyncIterator[Asking]:
    """A server being asked all the time."""
    one = Asking(ask, every_s=0.001, patience_s=patience_s)
    task = asyncio.create_task(one.run())
    yield one
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def said(one: Asking, wanted: str | None) -> None:
    """Wait until the complaint is as wanted."""
    while one.complaint() != wanted:  # noqa: ASYNC110 - it has no event to wait for
        await asyncio.sleep(0.001)


async def test_a_server_that_was_not_asked_yet_does_not_count_as_well() -> None:
    assert Asking(Server().ask).complaint() == "it has not been asked yet"


async def test_a_server_that_answers_is_well_and_one_that_fails_says_how() -> None:
    server = Server()
    async with asking(server.ask) as one:
        await said(one, None)
        server.error = IndexUnavailable("Elasticsearch: it cannot be reached (ConnectionError)")
        await said(one, "Elasticsearch: it cannot be reached (ConnectionError)")
        server.error = RuntimeError("with a text that nobody needs to see")
        await said(one, "it cannot be asked (RuntimeError)")
        server.error = None
        await said(one, None)


async def test_a_server_that_hangs_is_given_up_and_asked_again() -> None:
    server = Server()
    server.hangs = True
    async with asking(server.ask, patience_s=0.01) as one:
        await said(one, "it does not answer within 0.01 s")
        server.hangs = False
        await said(one, None)


async def test_an_answer_that_is_old_does_not_count() -> None:
    async with asking(Server().ask) as one:
        await said(one, None)
    one._answered_at -= 16
    complaint = one.complaint()
    assert complaint is not None
    assert "it has not answered for 1" in complaint


async def test_the_port_answers_while_a_server_hangs_and_names_what_is_not_well() -> None:
    server = Server()
    server.hangs = True
    async with asking(server.ask) as index:
        ready = Readiness({"partitions": lambda: None, "broker": lambda: "it is away", "index": index.complaint})
        ready.show()
        runner, port = await serve("127.0.0.1", 0, lambda: None, ready.complaint)
        await server.asked.wait()
        assert await get(f"http://127.0.0.1:{port}/healthz") == (200, "ok\n")
        wanted = "broker: it is away\nindex: it has not been asked yet\n"
        assert await get(f"http://127.0.0.1:{port}/readyz") == (503, wanted)
        status, page = await get(f"http://127.0.0.1:{port}/metrics")
        await runner.cleanup()
    assert status == 200
    assert 'fanal_ready_state{part="index"} 0.0' in page
    assert 'fanal_ready_state{part="partitions"} 1.0' in page


def test_a_worker_of_which_every_part_is_well_is_ready() -> None:
    ready = Readiness({"partitions": lambda: None, "broker": lambda: None})
    ready.show()
    assert ready.complaint() is None
    assert REGISTRY.get_sample_value("fanal_ready_state", {"part": "broker"}) == 1
