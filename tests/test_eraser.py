"""The eraser: patient while the index is away, whole or not at all (against a small server of our own)."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from aiohttp import web

from pipeline.errors import IndexUnavailable
from pipeline.index.eraser import Eraser
from pipeline.index.store import Store, open_store
from pipeline.index.tombstones import Tombstone
from pipeline.posts import Hit
from pipeline.settings import ElasticsearchSettings
from tests.fakes import NOW
from tests.test_documents import hit

STONES, HITS, EVIDENCE = "fanal-tombstones", "fanal-hits-2026.11", "fanal-evidence-2026.11"
LATER = NOW + timedelta(days=30)
Fault = tuple[str, int, Any]


def stone(id_: str = "abc", kind: Any = "post", **changes: Any) -> Tombstone:
    facts = {"id": id_, "kind": kind, "cause": "deleted", "erased_at": NOW, "expires_at": LATER} | changes
    return Tombstone(**facts)


def busy(where: str, status: int = 503) -> Fault:
    """Where the server fails once, and how."""
    return where, status, {"error": {"type": "unavailable"}}


@dataclass
class Server:
    """Holds documents by index and id; answers what the eraser asks, after its faults; notes what was asked."""

    held: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    templates: bool = True

    def put(self, one: Hit) -> None:
        """Write a hit as the writer does."""
        for index in (HITS, EVIDENCE):
            self.held.setdefault(index, {})[one.id] = {"author": one.document.author}

    async def answer(self, request: web.Request) -> web.Response:
        what = request.path.rsplit("/", 1)[-1]
        self.asked.append(what)
        if self.faults and self.faults[0][0] == what:
            _, status, body = self.faults.pop(0)
            return self.says(body, status)
        body = (await request.text()) if request.can_read_body else ""
        if "_index_template" in request.path:
            return self.says({}, 200 if self.templates else 404)
        named: dict[str, Callable[[str], Any]] = {
            "_bulk": self.bulk,
            "_mget": self.found,
            "_search": self.search,
            "_refresh": lambda _: {},
        }
        if what in named:
            return self.says(named[what](body))
        if request.method == "HEAD":
            return self.says({}, 200 if what in self.held else 404)
        self.held.setdefault(what, {})
        return self.says({})

    def says(self, body: Any, status: int = 200) -> web.Response:
        return web.json_response(body, status=status, headers={"X-Elastic-Product": "Elasticsearch"})

    def bulk(self, body: str) -> Any:
        items, lines = [], iter(map(json.loads, body.splitlines()))
        for line in lines:
            [(verb, at)] = line.items()
            index = self.held.setdefault(at["_index"], {})
            if verb == "index":
                index[at["_id"]] = next(lines)
                items.append({verb: {"status": 201}})
            else:
                items.append({verb: {"status": 200 if index.pop(at["_id"], None) else 404}})
        return {"items": items}

    def found(self, body: str) -> Any:
        if STONES not in self.held:
            missing = {"error": {"type": "index_not_found_exception"}}
            return {"docs": [{"_id": id_, **missing} for id_ in json.loads(body)["ids"]]}
        kept = self.held[STONES]
        return {
            "docs": [
                {"_id": id_, "found": id_ in kept, **({"_source": kept[id_]} if id_ in kept else {})}
                for id_ in json.loads(body)["ids"]
            ]
        }

    def search(self, body: str) -> Any:
        query = json.loads(body)["query"]
        if "range" in query:
            limit = query["range"]["expires_at"]["lt"]
            return self.hits(STONES, lambda _, source: source["expires_at"] < limit)
        ids = set(query.get("ids", {}).get("values", []))
        clauses = query.get("bool", {}).get("should", [])
        authors = {clause["bool"]["filter"][0]["term"]["author"] for clause in clauses}
        found = [self.hits(index, lambda id_, s: id_ in ids or s["author"] in authors) for index in (HITS, EVIDENCE)]
        return {"hits": {"hits": [one for each in found for one in each["hits"]["hits"]]}}

    def hits(self, index: str, wanted: Callable[[str, dict[str, Any]], bool]) -> Any:
        kept = self.held.get(index, {}).items()
        seen = {"_index": index, "_seq_no": 1, "_primary_term": 1}
        return {"hits": {"hits": [{**seen, "_id": id_, "_source": s} for id_, s in kept if wanted(id_, s)]}}


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    yield Server()


@pytest.fixture
async def store(server: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    """A store on the server, that waits for nothing."""
    monkeypatch.setattr("pipeline.index.eraser.waits", lambda: iter(lambda: 0.0, None))
    monkeypatch.setattr("pipeline.index.store._PAUSE_S", 0.0)
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    opened = open_store(f"http://127.0.0.1:{runner.addresses[0][1]}", ElasticsearchSettings(timeout_s=5))
    yield opened
    await opened.close()
    await runner.cleanup()


@pytest.fixture
def eraser(store: Store) -> Eraser:
    return store.eraser


def by(author: str, id_: str) -> Hit:
    return hit(id_, document=msgspec.structs.replace(hit().document, author=author))


async def test_what_lies_under_a_tombstone_goes_from_both_indices_and_nothing_else_does(
    server: Server, eraser: Eraser
) -> None:
    server.put(hit("abc"))
    server.put(hit("other"))
    await eraser.bury([stone()])
    assert await eraser.remove([stone()]) == 1
    assert (list(server.held[HITS]), list(server.held[EVIDENCE])) == (["other"], ["other"])
    assert list(server.held[STONES]) == ["abc"]


async def test_evidence_without_its_hit_goes_too_and_counts_as_no_hit(server: Server, eraser: Eraser) -> None:
    server.put(hit("abc"))
    del server.held[HITS]["abc"]
    assert await eraser.remove([stone()]) == 0
    assert server.held[EVIDENCE] == {}


async def test_the_posts_of_an_account_get_tombstones_of_their_own(server: Server, eraser: Eraser) -> None:
    server.put(by("someone", "abc"))
    server.put(by("another", "other"))
    account = stone("someone", "author", cause="account_deleted")
    await eraser.bury([account])
    assert await eraser.remove([account]) == 1
    assert list(server.held[HITS]) == ["other"]
    assert {id_: kept["kind"] for id_, kept in server.held[STONES].items()} == {"someone": "author", "abc": "post"}


async def test_a_hit_of_a_deleted_account_that_comes_late_is_kept_out_and_known_as_erased(
    server: Server, eraser: Eraser, store: Store
) -> None:
    await eraser.bury([stone("someone", "author")])
    late = by("someone", "abc")
    assert await eraser.unerased([late, by("another", "other")]) == [by("another", "other")]
    assert await store.erased({"abc", "other", "someone"}) == {"abc"}


async def test_what_was_erased_while_it_was_written_is_taken_out_again(server: Server, eraser: Eraser) -> None:
    one, other = hit("abc"), hit("other")
    assert await eraser.unerased([one, other]) == [one, other]
    await eraser.bury([stone()])
    server.put(one)
    server.put(other)
    assert await eraser.withdraw_erased([one, other]) == [other]
    assert (list(server.held[HITS]), list(server.held[EVIDENCE])) == (["other"], ["other"])


@pytest.mark.parametrize(
    "fault",
    [
        busy("_bulk"),
        busy("_bulk", 429),
        busy("_search"),
        busy("_refresh"),
        ("_search", 503, {"error": {"type": "search_phase_execution_exception"}}),
        ("_bulk", 200, {"items": [{"index": {"status": 429, "error": {"type": "es_rejected_execution_exception"}}}]}),
        ("_bulk", 200, {"from": "another program"}),
        ("_search", 200, []),
    ],
)
async def test_a_failure_is_tried_again_until_the_deletion_is_whole(
    server: Server, eraser: Eraser, fault: Fault
) -> None:
    server.put(hit("abc"))
    server.faults = [fault]
    await eraser.bury([stone()])
    await eraser.remove([stone()])
    assert server.faults == []
    assert (server.held[HITS], server.held[EVIDENCE], list(server.held[STONES])) == ({}, {}, ["abc"])


async def test_a_tombstone_whose_shard_does_not_answer_is_asked_for_again(server: Server, eraser: Eraser) -> None:
    away = {"docs": [{"_id": "abc", "error": {"type": "no_shard_available_action_exception"}}]}
    await eraser.bury([stone()])
    server.faults = [("_mget", 200, away), busy("_mget")]
    assert await eraser.unerased([hit("abc")]) == []
    assert server.faults == []


async def test_the_account_does_not_take_silence_for_no(server: Server, store: Store) -> None:
    await store.eraser.bury([stone()])
    away = {"docs": [{"_id": "abc", "error": {"type": "no_shard_available_action_exception"}}]}
    server.faults = [("_mget", 200, away)]
    assert await store.erased({"abc"}) == {"abc"}
    server.faults = [("_mget", 200, away)] * 50
    with pytest.raises(IndexUnavailable, match="does not answer whole"):
        await store.erased({"abc"})
    server.faults = [busy("_mget")]
    with pytest.raises(IndexUnavailable, match="it answers 503"):
        await store.erased({"abc"})


async def test_before_the_first_deletion_nothing_is_erased_and_nothing_is_created(
    server: Server, eraser: Eraser
) -> None:
    assert await eraser.unerased([hit("abc")]) == [hit("abc")]
    assert server.held == {}


async def test_without_its_template_the_index_of_tombstones_is_not_made(
    server: Server, eraser: Eraser, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.templates = False
    tries: list[float] = []

    async def pause(seconds: float) -> None:
        tries.append(seconds)
        server.templates = len(tries) >= 2

    monkeypatch.setattr("pipeline.index.eraser.asyncio.sleep", pause)
    await eraser.bury([stone()])
    assert len(tries) == 2
    assert "run `fanal setup`" in caplog.text
    assert list(server.held[STONES]) == ["abc"]


async def test_tombstones_that_have_expired_are_removed_and_no_others(server: Server, eraser: Eraser) -> None:
    await eraser.bury([stone("old", expires_at=NOW - timedelta(days=1)), stone("new")])
    assert await eraser.purge(NOW) == 1
    assert list(server.held[STONES]) == ["new"]


def version(of: Tombstone) -> int:
    return int(json.loads(of.lines(STONES)[0])["index"]["version"])


def test_of_two_erasures_of_a_post_that_stands_which_is_kept_longer_and_of_an_account_the_later() -> None:
    day = timedelta(days=1)
    assert version(stone(erased_at=NOW - day, expires_at=LATER + day)) > version(stone())
    account = stone("x", "author")
    assert version(account) > version(stone("x", "author", erased_at=NOW - day, expires_at=LATER + day))
