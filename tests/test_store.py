"""The store: patient while the index is away (against a small server of our own), exact against the real one."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from aiohttp import web

from pipeline.errors import IndexUnavailable
from pipeline.index.shown import Filters
from pipeline.index.store import Store, open_store
from pipeline.posts import Hit
from pipeline.settings import ElasticsearchSettings
from tests.test_documents import hit

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
Answer = Callable[[list[str]], web.Response]


def answer(status: int, body: object) -> web.Response:
    return web.json_response(body, status=status, headers={"X-Elastic-Product": "Elasticsearch"})


def all_written(ids: list[str]) -> web.Response:
    return answer(200, {"items": [{"index": {"_id": id_, "status": 201}} for id_ in ids]})


def busy(ids: list[str]) -> web.Response:
    """The last hit meets a full queue, the others are written."""
    items: list[dict[str, Any]] = [{"index": {"_id": id_, "status": 201}} for id_ in ids]
    items[-1] = {"index": {"status": 429, "error": {"type": "es_rejected_execution_exception"}}}
    return answer(200, {"items": items})


class Stage:
    """A server that answers bulk requests from a script, then writes all; it remembers which ids came."""

    def __init__(self, *script: Answer) -> None:
        self.script = list(script)
        self.came: list[list[str]] = []
        self.runner: web.AppRunner | None = None
        self.port = 0

    async def start(self, port: int = 0) -> str:
        app = web.Application()
        app.router.add_route("*", "/_bulk", self._bulk)
        app.router.add_route("*", "/{rest:.*}", self._rest)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", port)
        await site.start()
        self.port = self.runner.addresses[0][1]
        return f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        if self.runner:
            await self.runner.cleanup()

    async def _bulk(self, request: web.Request) -> web.Response:
        lines = (await request.text()).splitlines()
        ids = [json.loads(line)["index"]["_id"] for line in lines[::2]]
        self.came.append(ids)
        return self.script.pop(0)(ids) if self.script else all_written(ids)

    async def _rest(self, request: web.Request) -> web.Response:
        return answer(200, {})


async def test_a_month_made_this_moment_is_waited_for_and_a_search_that_fails_for_good_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pipeline.index.store._PAUSE_S", 0.0)
    no_shard: tuple[int, object] = (
        503,
        {"error": {"type": "search_phase_execution_exception", "reason": "all shards failed"}},
    )
    found: tuple[int, object] = (200, {"hits": {"hits": [{"_id": "a"}]}})
    scripts: list[tuple[list[tuple[int, object]], int]] = [
        ([no_shard, no_shard, found], 3),
        ([no_shard] * 30, 20),
        ([(403, {})], 1),
    ]
    for script, tries in scripts:
        searches = Searches(script)
        store = store_at(await searches.start())
        try:
            if found in script:
                assert await store.searchable("a")
            else:
                with pytest.raises(IndexUnavailable, match="it answers"):
                    await store.searchable("a")
        finally:
            await store.close()
            await searches.stop()
        assert searches.searches == tries


class Searches(Stage):
    """A server that answers searches from a script."""

    def __init__(self, script: list[tuple[int, object]]) -> None:
        super().__init__()
        self.answers = list(script)
        self.searches = 0

    async def _rest(self, request: web.Request) -> web.Response:
        self.searches += 1
        return answer(*self.answers.pop(0))


def store_at(url: str, prefix: str = "fanal") -> Store:
    return open_store(url, ElasticsearchSettings(prefix=prefix, timeout_s=5))


async def written_over(stage: Stage, *hits: Hit) -> list[tuple[str, str]]:
    store = store_at(await stage.start())
    try:
        return [(one.id, why) for one, why in await asyncio.wait_for(store.write(hits), 30)]
    finally:
        await store.close()
        await stage.stop()


async def test_only_the_item_that_was_turned_away_is_sent_again() -> None:
    stage = Stage(busy)
    assert await written_over(stage, hit("a"), hit("b")) == []
    assert stage.came == [["a", "a", "b", "b"], ["b", "b"]]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 401, 403])
async def test_a_request_that_fails_as_a_whole_is_sent_again(status: int) -> None:
    stage = Stage(lambda _: answer(status, {"error": {"type": "some_exception"}}))
    assert await written_over(stage, hit("a")) == []
    assert len(stage.came) == 2


async def test_an_answer_that_is_not_elasticsearchs_refuses_nothing() -> None:
    stage = Stage(
        lambda _: web.Response(status=404, text="a proxy"),
        lambda _: web.Response(status=200, text="<html>"),
        lambda _: web.Response(status=200, text="<html>", headers={"X-Elastic-Product": "Elasticsearch"}),
    )
    assert await written_over(stage, hit("a")) == []
    assert len(stage.came) == 4


async def test_a_request_that_is_too_large_is_halved_until_the_one_at_fault_stands_alone() -> None:
    def refuse_b(ids: list[str]) -> web.Response:
        return answer(413, {}) if "b" in ids else all_written(ids)

    stage = Stage(*[refuse_b] * 8)
    assert await written_over(stage, hit("a"), hit("b"), hit("c"), hit("d")) == [("b", "http_413")]
    assert {id_ for ids in stage.came for id_ in ids} == {"a", "b", "c", "d"}


async def test_a_hit_that_can_name_no_document_is_returned_and_the_others_written() -> None:
    stage = Stage()
    assert await written_over(stage, hit("a"), hit("b", month="never")) == [("b", "bad_month")]
    assert stage.came == [["a", "a"]]


async def test_writing_waits_while_the_index_is_away_and_goes_on_when_it_is_back() -> None:
    stage = Stage()
    url = await stage.start()
    await stage.stop()
    store = store_at(url)
    writing = asyncio.create_task(store.write([hit("a")]))
    await asyncio.sleep(0.6)
    assert not writing.done()
    await stage.start(stage.port)
    assert await asyncio.wait_for(writing, 30) == []
    await store.close()
    await stage.stop()


async def test_writing_can_be_cancelled_while_it_waits() -> None:
    store = store_at("http://127.0.0.1:9")
    writing = asyncio.create_task(store.write([hit("a")]))
    await asyncio.sleep(0.1)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await store.close()


async def test_reading_says_in_one_line_that_the_index_is_away() -> None:
    store = store_at("http://127.0.0.1:9")
    with pytest.raises(IndexUnavailable, match=r"^Elasticsearch: it cannot be reached \(ConnectionError\)$"):
        await store.counts()
    await store.close()


@pytest.fixture
async def store(search_url: str) -> AsyncIterator[Store]:
    made = store_at(search_url, f"t{uuid4().hex[:10]}")
    await made.set_up()
    yield made
    await made.close()


def at(number: int, **changes: Any) -> Hit:
    """A hit of its own, screened so many seconds after noon."""
    document = hit().document
    moment = NOW + timedelta(seconds=number)
    fields = {name: changes.pop(name) for name in list(changes) if name in document.__struct_fields__}
    document = msgspec.structs.replace(document, screened_at=moment, position=f"0/{number}/0", **fields)
    return hit(f"id{number}", document=document, **changes)


@pytest.mark.connected
async def test_before_the_first_hit_nothing_is_found_and_nothing_fails(store: Store) -> None:
    assert await store.present({"a": 1}) == set()
    assert not await store.searchable("a")
    assert (await store.counts()).total == 0
    assert (await store.recent(Filters())).hits == []


@pytest.mark.connected
async def test_what_is_written_is_found_at_its_version_and_not_at_a_later_one(store: Store) -> None:
    hits = [at(number) for number in range(50)] + [at(99, month="2026.10")]
    assert await store.write(hits) == []
    assert await store.present({one.id: one.index_version for one in hits}) == {one.id for one in hits}
    assert await store.present({one.id: one.index_version + 1 for one in hits} | {"none": 1}) == set()
    assert await store.searchable("id99")


@pytest.mark.connected
async def test_an_edit_replaces_a_replay_is_harmless_and_a_late_version_is_passed_over(store: Store) -> None:
    for text, version in [("first", 10), ("edited", 20), ("edited", 20), ("late", 15)]:
        assert await store.write([at(1, text=text, index_version=version)]) == []
    await store.refresh()
    page = await store.recent(Filters())
    assert [one["text"] for one in page.hits] == ["edited"]


@pytest.mark.connected
async def test_what_the_mapping_refuses_comes_back_by_name_and_the_rest_is_written(store: Store) -> None:
    odd = at(1, scores={"a kind from another version": 1.0})
    refused = await store.write([odd, at(2)])
    assert [(one.id, why) for one, why in refused] == [("id1", "strict_dynamic_mapping_exception")]
    assert await store.present({"id1": 0, "id2": 0}) == {"id2"}


@pytest.mark.connected
async def test_a_long_text_and_long_names_are_taken(store: Store) -> None:
    assert await store.write([at(1, text="long " * 60_000, version="v" * 1024, hashtags=("é" * 20_000,))]) == []


@pytest.mark.connected
async def test_pages_hold_each_hit_once_from_newest_to_oldest(store: Store) -> None:
    await store.write([at(number) for number in range(25)])
    await store.refresh()
    seen, older = [], None
    while True:
        page = await store.recent(Filters(), 10, older=older)
        seen += [one["id"] for one in page.hits]
        older = page.older
        if older is None:
            break
    assert seen == [f"id{number}" for number in reversed(range(25))]


@pytest.mark.connected
async def test_a_page_of_newer_hits_holds_what_came_since_and_little_more(store: Store) -> None:
    await store.write([at(number) for number in range(0, 200, 10)])
    await store.refresh()
    cursor = (await store.recent(Filters())).newer
    await store.write([at(300)])
    await store.refresh()
    newer = await store.recent(Filters(), newer=cursor)
    assert [one["id"] for one in newer.hits] == ["id300", "id190", "id180", "id170", "id160"]
    assert (await store.recent(Filters(lang="xx"), newer=cursor)).newer == cursor


@pytest.mark.connected
async def test_filters_and_counts_go_by_lane_kind_language_and_platform(store: Store) -> None:
    await store.write([at(1), at(2, lane="protection", kind="distress", lang="ar"), at(3, platform="vk")])
    await store.refresh()
    assert [one["id"] for one in (await store.recent(Filters(lane="protection"))).hits] == ["id2"]
    assert [one["id"] for one in (await store.recent(Filters(lang="fr", platform="vk"))).hits] == ["id3"]
    counts = await store.counts()
    assert counts.total == 3
    assert counts.by["lane"] == {"offers": 2, "protection": 1}
    assert counts.by["lang"] == {"fr": 2, "ar": 1}


@pytest.mark.connected
async def test_a_foreign_cursor_is_no_cursor(store: Store) -> None:
    for cursor in ("x", "e30", "WzEsMl0", "é"):
        with pytest.raises(ValueError, match="not a cursor"):
            await store.recent(Filters(), older=cursor)


@pytest.mark.connected
async def test_a_month_that_was_dropped_while_we_ran_is_made_anew(store: Store) -> None:
    await store.write([at(1)])
    await store._client.indices.delete(index=",".join(store._names.of_month("2026.11")))
    assert await store.write([at(2)]) == []
    assert await store.present({"id1": 0, "id2": 0}) == {"id2"}


@pytest.mark.connected
async def test_without_templates_writing_waits_for_the_setup(search_url: str) -> None:
    bare = store_at(search_url, f"t{uuid4().hex[:10]}")
    writing = asyncio.create_task(bare.write([at(1)]))
    await asyncio.sleep(0.5)
    assert not writing.done()
    await bare.set_up()
    assert await asyncio.wait_for(writing, 30) == []
    assert await bare.present({"id1": 0}) == {"id1"}
    await bare.close()
