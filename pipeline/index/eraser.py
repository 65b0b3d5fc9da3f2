"""Erasing on the index: the tombstone stands first, then what lies under it is searched for and removed.

Whoever writes a hit looks for its tombstone afterwards, by a read that sees every acknowledged write; whoever erases writes the
tombstone before searching, after a refresh. In whatever order the two happen, one of them sees the other, and the hit goes.

Patient like the writer: every failure is tried again in place, nothing is raised but cancellation.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from pipeline import metrics
from pipeline.backoff import waits
from pipeline.index import tombstones
from pipeline.index.client import ApiError, AsyncElasticsearch, TransportError, trouble
from pipeline.index.documents import Names
from pipeline.index.tombstones import Tombstone
from pipeline.posts import Hit

log = logging.getLogger("fanal.index")

AT_ONCE = 1000
_NO_INDEX = "index_not_found_exception"

Place = tuple[str, str]
"""An index and an id in it."""
_T = TypeVar("_T")


class AwayError(Exception):
    """An answer that is not whole: some of what was asked must be asked again."""


class Eraser:
    """The erasing side of the store."""

    def __init__(self, client: AsyncElasticsearch, names: Names) -> None:
        self._client = client
        self._names = names

    async def bury(self, buried: Sequence[Tombstone]) -> None:
        """Write tombstones. The later erasure of an id stands; the same again changes nothing."""
        for at in range(0, len(buried), AT_ONCE):
            await _patiently(partial(self._bury, buried[at : at + AT_ONCE]))

    async def remove(self, buried: Sequence[Tombstone]) -> int:
        """Remove everything, in all months, on which these tombstones lie; how many hits that were.

        The posts of an account get tombstones of their own, by which the account and a replay know them.
        """
        by_id = {one.id: one for one in buried}
        queries = tombstones.queries(buried, AT_ONCE)
        return sum([await _patiently(partial(self._remove_found, query, by_id)) for query in queries])

    async def unerased(self, hits: Sequence[Hit]) -> list[Hit]:
        """Those of these hits on which no tombstone lies."""
        if not hits:
            return []
        found = await _patiently(partial(self._found, tombstones.names(hits)))
        buried = {hit.id: stone for hit in hits if (stone := tombstones.covering(hit, found))}
        await self.bury([stone for stone in buried.values() if stone.id not in found])
        for stone in buried.values():
            metrics.ERASED_HITS.labels(stone.cause).inc()
        return [hit for hit in hits if hit.id not in buried]

    async def withdraw_erased(self, hits: Sequence[Hit]) -> list[Hit]:
        """Remove those of the hits just written that were erased meanwhile; the others."""
        left = await self.unerased(hits)
        standing = {hit.id for hit in left}
        places = [(at, hit.id) for hit in hits if hit.id not in standing for at in self._names.of_month(hit.month)]
        await _patiently(partial(self._delete, places))
        return left

    async def buried(self, ids: Collection[str]) -> set[str]:
        """Which of these documents were erased. Raises the client's errors: who asks does not wait."""
        found = await self._found(ids)
        return {id_ for id_, stone in found.items() if stone.kind == "post"}

    async def purge(self, now: datetime) -> int:
        """Remove tombstones that have expired; how many."""
        return await _patiently(partial(self._purge, now))

    async def _bury(self, buried: Sequence[Tombstone]) -> None:
        if not await self._client.indices.exists(index=self._names.tombstones):
            await self._create()
        lines: Any = [line for one in buried for line in one.lines(self._names.tombstones)]
        await self._bulk(lines, 409)

    async def _create(self) -> None:
        """The server may not create it by itself: it would not have the template's mapping."""
        if not await self._client.indices.exists_index_template(name=self._names.tombstones):
            log.error("index template missing: run `fanal setup`", extra={"template": self._names.tombstones})
            raise AwayError("template_missing")
        try:
            await self._client.indices.create(index=self._names.tombstones)
        except ApiError as error:
            if trouble(error).kind != "resource_already_exists_exception":
                raise

    async def _remove_found(self, query: Mapping[str, Any], by_id: Mapping[str, Tombstone]) -> int:
        """Search and remove until nothing is found any more."""
        removed: set[str] = set()
        while found := await self._search(query):
            stones = {hit["_id"]: _stone(hit, by_id) for hit in found}
            await self.bury([stone for id_, stone in stones.items() if id_ not in by_id])
            both = [(at, hit["_id"]) for hit in found for at in (hit["_index"], self._names.beside(hit["_index"]))]
            await self._delete(both)
            for id_ in {hit["_id"] for hit in found if hit["_index"].startswith(f"{self._names.hits}-")} - removed:
                removed.add(id_)
                metrics.ERASED_HITS.labels(stones[id_].cause).inc()
        return len(removed)

    async def _search(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What stands in either index now. A shard that does not answer fails the search, or a post would be left behind."""
        both = [self._names.hits, self._names.evidence]
        await self._client.indices.refresh(index=both, ignore_unavailable=True)
        answer = await self._client.search(
            index=both,
            ignore_unavailable=True,
            allow_partial_search_results=False,
            query=query,
            source_includes=["author"],
            size=2 * AT_ONCE,
        )
        found: list[dict[str, Any]] = answer["hits"]["hits"]
        return found

    async def _found(self, ids: Collection[str]) -> dict[str, Tombstone]:
        """The tombstones under these ids, whether a search would find them yet or not."""
        found: dict[str, Tombstone] = {}
        left = iter(ids)
        while some := list(islice(left, AT_ONCE)):
            answer = await self._client.mget(index=self._names.tombstones, ids=some)
            for one in answer["docs"]:
                if "error" in one and one["error"]["type"] != _NO_INDEX:
                    raise AwayError(one["error"]["type"])
                if one.get("found"):
                    found[one["_id"]] = tombstones.read(one["_id"], one["_source"])
        return found

    async def _delete(self, places: Sequence[Place]) -> None:
        for at in range(0, len(places), AT_ONCE):
            some = places[at : at + AT_ONCE]
            await self._bulk([{"delete": {"_index": index, "_id": id_}} for index, id_ in some], 404)

    async def _bulk(self, lines: Any, *settled: int) -> None:
        """A bulk request of which every item is done, or was done before (those statuses say `settled`)."""
        answer = await self._client.bulk(operations=lines)
        for result in (next(iter(item.values())) for item in answer["items"]):
            if result["status"] >= 300 and result["status"] not in settled:
                raise AwayError(str(result.get("error", {}).get("type") or result["status"]))

    async def _purge(self, now: datetime) -> int:
        purged = 0
        query = {"range": {"expires_at": {"lt": now.isoformat()}}}
        while True:
            await self._client.indices.refresh(index=self._names.tombstones, ignore_unavailable=True)
            answer = await self._client.search(
                index=self._names.tombstones,
                ignore_unavailable=True,
                query=query,
                source=False,
                size=AT_ONCE,
                seq_no_primary_term=True,
            )
            if not (found := answer["hits"]["hits"]):
                return purged
            await self._bulk([{"delete": _as_seen(hit)} for hit in found], 404, 409)
            purged += len(found)


def _stone(hit: Mapping[str, Any], by_id: Mapping[str, Tombstone]) -> Tombstone:
    """The tombstone that lies on a document that was found: its own, or its author's."""
    return by_id.get(hit["_id"]) or by_id[hit["_source"]["author"]].of_post(hit["_id"])


def _as_seen(hit: Mapping[str, Any]) -> dict[str, Any]:
    """A document as it was found: one that was written since stays."""
    seen = {"if_seq_no": hit["_seq_no"], "if_primary_term": hit["_primary_term"]}
    return {"_index": hit["_index"], "_id": hit["_id"], **seen}


async def _patiently(call: Callable[[], Awaitable[_T]]) -> _T:
    for wait in waits():
        try:
            return await call()
        except (ApiError, TransportError, AwayError, LookupError, TypeError) as error:
            # the last two: an answer of another program at the address, a proxy's page say
            why = str(error) if isinstance(error, AwayError) else trouble(error).kind
            log.warning("nothing can be erased now; trying again", extra={"why": why})
            metrics.INDEX_RETRIES.inc()
            await asyncio.sleep(wait)
    raise AssertionError("waits() never ends")
