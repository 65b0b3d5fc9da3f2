"""Evidence whose time has come: to be asked for again at its platform, or to go."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipeline.index.client import ApiError, AsyncElasticsearch, TransportError, unavailable
from pipeline.index.documents import LEAST_RECHECK_S, Names
from pipeline.posts import Evidence

AT_ONCE = 500
_PLATFORMS = 1000


@dataclass(frozen=True, slots=True)
class Held:
    """The sealed evidence of a hit, and how it is found again: `seen` tells whether it was written since."""

    id: str
    index: str
    seen: tuple[int, int]
    platform: str
    again_s: int
    evidence: Evidence


class Due:
    """What is due in the index of evidence. Every call raises `IndexUnavailable` while the index is away."""

    def __init__(self, client: AsyncElasticsearch, names: Names) -> None:
        self._client = client
        self._names = names

    async def expired(self, now: datetime) -> list[Held]:
        """Whose `retain_until` has passed; 500 at most, the longest overdue first."""
        return await self._found("retain_until", now, [])

    async def to_recheck(self, platform: str, now: datetime) -> list[Held]:
        """Those of a platform whose `recheck_by` has come; 500 at most, the longest overdue first."""
        return await self._found("recheck_by", now, [{"term": {"platform": platform}}])

    async def sealed(self, id_: str) -> Evidence | None:
        """The sealed evidence of a hit, or None."""
        answer = await self._search(query={"ids": {"values": [id_]}}, size=1, source=["key_id", "sealed"])
        found = [hit["_source"] for hit in answer["hits"]["hits"]]
        return Evidence(key_id=found[0]["key_id"], sealed=found[0]["sealed"]) if found else None

    async def overdue(self, besides: Collection[str], now: datetime) -> dict[str, int]:
        """How many were to be asked for again by now, by platform, but for these."""
        query = {"bool": {"filter": [_passed("recheck_by", now)], "must_not": [{"terms": {"platform": list(besides)}}]}}
        platforms = {"platforms": {"terms": {"field": "platform", "size": _PLATFORMS}}}
        answer = await self._search(size=0, query=query, aggregations=platforms)
        groups = answer.get("aggregations", {}).get("platforms", {}).get("buckets", [])
        return {group["key"]: group["doc_count"] for group in groups}

    async def postpone(self, held: Sequence[Held], now: datetime, *, soon: bool = False) -> None:
        """Ask for these again later: as far apart as the first time, or within the hour. Who was written since has its own date."""
        operations: list[Mapping[str, Any]] = []
        for one in held:
            then = now + timedelta(seconds=LEAST_RECHECK_S if soon else one.again_s)
            where = {"_index": one.index, "_id": one.id, "if_seq_no": one.seen[0], "if_primary_term": one.seen[1]}
            operations += [{"update": where}, {"doc": {"recheck_by": then.isoformat()}}]
        if operations:
            try:
                await self._client.bulk(operations=operations, refresh=True)
            except (ApiError, TransportError) as error:
                raise unavailable(error) from error

    async def _found(self, field: str, now: datetime, clauses: Sequence[Mapping[str, Any]]) -> list[Held]:
        query = {"bool": {"filter": [_passed(field, now), *clauses]}}
        answer = await self._search(query=query, sort=[{field: "asc"}], size=AT_ONCE, seq_no_primary_term=True)
        return [_held(hit) for hit in answer["hits"]["hits"] if hit["_source"].get("platform")]

    async def _search(self, **what: Any) -> Mapping[str, Any]:
        try:
            answer = await self._client.search(index=self._names.evidence, ignore_unavailable=True, **what)
        except (ApiError, TransportError) as error:
            raise unavailable(error) from error
        found: Mapping[str, Any] = answer.body
        return found


def _passed(field: str, now: datetime) -> dict[str, Any]:
    return {"range": {field: {"lte": now.isoformat(timespec="milliseconds")}}}


def _held(hit: Mapping[str, Any]) -> Held:
    source = hit["_source"]
    return Held(
        id=hit["_id"],
        index=hit["_index"],
        seen=(hit["_seq_no"], hit["_primary_term"]),
        platform=source["platform"],
        again_s=source.get("recheck_s") or LEAST_RECHECK_S,
        evidence=Evidence(key_id=source["key_id"], sealed=source["sealed"]),
    )
