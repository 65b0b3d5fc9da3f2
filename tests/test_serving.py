"""The one port of a worker."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest

from pipeline import metrics
from pipeline.errors import ConfigurationError, Unavailable
from pipeline.serving import read_counter, serve


@dataclass
class State:
    """What a worker says of itself."""

    wrong: str | None = None
    unready: str | None = None
    url: str = ""


@pytest.fixture
async def worker() -> AsyncIterator[State]:
    """A served state, on a free port of loopback."""
    state = State()
    runner, port = await serve("127.0.0.1", 0, lambda: state.wrong, lambda: state.unready)
    state.url = f"http://127.0.0.1:{port}"
    yield state
    await runner.cleanup()


async def get(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def test_a_worker_that_is_well_says_so(worker: State) -> None:
    assert await get(f"{worker.url}/healthz") == (200, "ok\n")
    assert await get(f"{worker.url}/readyz") == (200, "ok\n")


async def test_a_worker_that_is_not_well_says_what_is_wrong(worker: State) -> None:
    worker.wrong, worker.unready = "no offset has moved", "no partition is assigned yet"
    assert await get(f"{worker.url}/healthz") == (503, "no offset has moved\n")
    assert await get(f"{worker.url}/readyz") == (503, "no partition is assigned yet\n")


async def test_metrics_are_served_in_the_format_of_prometheus(worker: State) -> None:
    status, text = await get(f"{worker.url}/metrics")
    assert status == 200
    assert "# HELP fanal_posts_total Posts screened, by what became of them." in text
    assert "# TYPE fanal_stage_seconds histogram" in text


async def test_nothing_else_is_served(worker: State) -> None:
    assert (await get(f"{worker.url}/"))[0] == 404


async def test_a_port_that_is_taken_is_said_in_a_line(worker: State) -> None:
    port = int(worker.url.rsplit(":", 1)[1])
    with pytest.raises(ConfigurationError, match="FANAL_SERVE_METRICS_PORT"):
        await serve("127.0.0.1", port, lambda: None, lambda: None)


async def test_the_counts_of_a_counter_are_read_from_the_port(worker: State) -> None:
    metrics.SHADOW_POSTS.labels("only_shadow", "exploitation").inc(3)
    port = int(worker.url.rsplit(":", 1)[1])
    found = await asyncio.to_thread(read_counter, "127.0.0.1", port, "fanal_shadow_posts")
    [count] = [count for labels, count in found if labels == {"outcome": "only_shadow", "lane": "exploitation"}]
    assert count >= 3
    assert await asyncio.to_thread(read_counter, "127.0.0.1", port, "fanal_no_such_counter") == []


async def test_a_port_on_which_no_worker_answers_is_said_in_a_line() -> None:
    with pytest.raises(Unavailable, match=r"no worker answers on 127\.0\.0\.1:1 "):
        await asyncio.to_thread(read_counter, "127.0.0.1", 1, "fanal_shadow_posts")


async def test_a_port_of_something_else_is_said_in_a_line() -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 mail.example.org\r\n")
        writer.close()

    async with await asyncio.start_server(other, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Unavailable, match="no worker answers"):
            await asyncio.to_thread(read_counter, "127.0.0.1", port, "fanal_shadow_posts")
