"""The desk: what it answers, to whom, and what a browser may do with it."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

import pipeline.desk
from pipeline.desk.app import create_desk
from pipeline.desk.serve import serve
from pipeline.errors import ConfigurationError, IndexUnavailable
from pipeline.index.shown import Counts, Filters, Page, query
from pipeline.index.similar import Similar
from pipeline.resources import config_dir, taxonomy

TAXONOMY = taxonomy(config_dir())
FILES = Path(pipeline.desk.__file__).parent
HIT = {"id": "a", "lane": "offers", "text": "<script>alert(1)</script>", "screened_at": "2026-11-01T12:00:00Z"}


class FakeStore:
    """An index with one hit; remembers what it was asked."""

    def __init__(self, away: bool = False) -> None:
        self.away = away
        self.asked: list[tuple[Filters, str | None, str | None]] = []

    async def recent(
        self, filters: Filters, size: int = 100, *, newer: str | None = None, older: str | None = None
    ) -> Page:
        if self.away:
            raise IndexUnavailable("Elasticsearch: it cannot be reached (ConnectionError)")
        query(filters, size, newer, older)
        self.asked.append((filters, newer, older))
        return Page([HIT], "n", None)

    async def counts(self) -> Counts:
        return Counts(1, {"lane": {"offers": 1}})

    async def similar(self, id_: str, size: int = 10) -> Similar:
        return Similar([{**HIT, "id": "b", "similarity": 0.9}], readable=True) if id_ == "a" else Similar(known=False)


def asking(store: Any, outcomes: Any = None, host: str = "127.0.0.1:8765") -> httpx.AsyncClient:
    app = create_desk(store, TAXONOMY, outcomes, names=["desk.example"])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{host}")


@pytest.fixture
async def desk() -> AsyncIterator[httpx.AsyncClient]:
    async with asking(FakeStore()) as client:
        yield client


async def test_the_page_has_every_lane_and_every_kind_but_benign(desk: httpx.AsyncClient) -> None:
    page = (await desk.get("/")).text
    assert all(f'data-lane="{lane}"' in page for lane in TAXONOMY["lanes"])
    assert all(kind.replace("_", " ") in page for kind in TAXONOMY["kinds"] if kind != "benign")
    assert "an assessment by a classifier, not a fact" in page
    assert "Not an offer: someone asks for help" in page
    assert "No hits yet" in page


async def test_the_page_does_not_need_the_index() -> None:
    async with asking(FakeStore(away=True)) as desk:
        assert (await desk.get("/")).status_code == 200


async def test_what_comes_in_by_the_address_is_escaped(desk: httpx.AsyncClient) -> None:
    page = (await desk.get("/", params={"kind": '"><script>x', "lane": "'\"<b>"})).text
    assert "<script>x" not in page
    assert '<b>"' not in page


async def test_every_answer_keeps_the_browser_from_running_or_sending_anything_else(desk: httpx.AsyncClient) -> None:
    for path in ("/", "/api/hits", "/api/counts", "/static/desk.js", "/none"):
        headers = (await desk.get(path)).headers
        assert "default-src 'none'; script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]:8765", "[::1]", "10.0.0.7", "DESK.example:443"])
async def test_the_desk_is_asked_by_address_or_by_its_own_name(host: str) -> None:
    async with asking(FakeStore()) as desk:
        assert (await desk.get("/api/hits", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8765", "localhost.evil.example", "", "localhost@evil"]
)
async def test_a_foreign_name_is_refused_whatever_it_resolves_to(host: str) -> None:
    store = FakeStore()
    async with asking(store) as desk:
        assert (await desk.get("/api/hits", headers={"host": host})).status_code == 421
    assert store.asked == []


async def test_hits_come_as_json_with_the_filters_and_cursors_that_were_asked(desk: httpx.AsyncClient) -> None:
    store = FakeStore()
    async with asking(store) as client:
        answer = await client.get("/api/hits", params={"lane": "offers", "lang": "fr", "kind": ""})
    assert answer.json() == {"hits": [HIT], "newer": "n", "older": None}
    assert answer.headers["content-type"] == "application/json"
    assert store.asked == [(Filters(lane="offers", lang="fr"), None, None)]


async def test_posts_like_one_are_given_with_how_near_they_are(desk: httpx.AsyncClient) -> None:
    found = (await desk.get("/api/similar", params={"id": "a"})).json()
    assert [(one["id"], one["similarity"]) for one in found["hits"]] == [("b", 0.9)]
    for params in ({"id": "none"}, {}):
        assert (await desk.get("/api/similar", params=params)).status_code == 404


async def test_a_foreign_cursor_is_a_bad_request(desk: httpx.AsyncClient) -> None:
    assert (await desk.get("/api/hits", params={"after": "'; drop"})).status_code == 400


async def test_while_the_index_is_away_the_desk_says_so() -> None:
    async with asking(FakeStore(away=True)) as desk:
        answer = await desk.get("/api/hits")
    assert answer.status_code == 503
    assert answer.json() == {"error": "Elasticsearch: it cannot be reached (ConnectionError)"}


async def test_posts_by_outcome_are_shown_where_they_are_known(desk: httpx.AsyncClient) -> None:
    assert (await desk.get("/api/counts")).json() == {"total": 1, "by": {"lane": {"offers": 1}}, "outcomes": None}
    async with asking(FakeStore(), lambda: {"benign": 5}) as counted:
        assert (await counted.get("/api/counts")).json()["outcomes"] == {"benign": 5}


async def test_nothing_can_be_written_and_no_file_outside_is_served(desk: httpx.AsyncClient) -> None:
    assert (await desk.post("/api/hits")).status_code == 405
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/"):
        assert (await desk.get(path)).status_code in {404, 405}


def test_the_page_holds_no_inline_script_or_style_and_asks_no_other_host() -> None:
    page = (FILES / "templates" / "desk.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style", page)
    for file in [*(FILES / "static").iterdir(), FILES / "templates" / "desk.html"]:
        assert not re.search(r"(?:src|href|url)\W{0,3}(?:https?:)?//", file.read_text(encoding="utf-8")), file.name


def test_the_script_sets_strangers_text_as_text_only() -> None:
    script = (FILES / "static" / "desk.js").read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", script)


async def test_it_serves_until_cancelled_and_frees_its_port() -> None:
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(FakeStore(), "127.0.0.1", 0, TAXONOMY, started=told.set_result))
    address = await told
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(address + "api/counts")).status_code == 200
        assert "server" not in (await client.get(address)).headers
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.wait_for(serving, 10)
    with socket.socket() as again:
        again.bind(("127.0.0.1", int(address.rsplit(":", 1)[1].strip("/"))))


async def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port} on 127.0.0.1 is taken: end what runs there"):
            await serve(FakeStore(), "127.0.0.1", port, TAXONOMY)


async def test_a_host_that_is_not_this_machine_is_said_in_one_line() -> None:
    with pytest.raises(ConfigurationError, match=r"the desk cannot listen on 192\.0\.2\.1"):
        await serve(FakeStore(), "192.0.2.1", 0, TAXONOMY)
