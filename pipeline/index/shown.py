"""What the desk asks the index for, and what it gets: filters, a page of hits, counts."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

FIELDS = ("lane", "kind", "lang", "platform")
OVERLAP = timedelta(seconds=30)
"""How far back a page of newer hits reaches: workers do not write in the order in which they screened."""
UNSEEN = ["words", "vector"]
"""Fields that no person reads: the text once more, and the encoder's reading."""
_SORT = [{"screened_at": "desc"}, {"position": "desc"}]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which hits to show; None shows all."""

    lane: str | None = None
    kind: str | None = None
    lang: str | None = None
    platform: str | None = None

    def terms(self) -> list[dict[str, Any]]:
        """As clauses of a query."""
        pairs = ((name, getattr(self, name)) for name in FIELDS)
        return [{"term": {name: value}} for name, value in pairs if value]


@dataclass(frozen=True, slots=True)
class Page:
    """Hits, newest first. `newer` is the cursor to ask for what came since, `older` for what came before (None: no more)."""

    hits: list[dict[str, Any]]
    newer: str | None
    older: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many hits there are, in all and by each field of the filters."""

    total: int = 0
    by: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def query(filters: Filters, size: int, newer: str | None = None, older: str | None = None) -> dict[str, Any]:
    """The search for a page: the newest hits, those since a cursor (with an overlap), or those before one.

    Raises:
        ValueError: a cursor is none of ours.
    """
    clauses = filters.terms()
    body: dict[str, Any] = {"size": size, "sort": _SORT, "track_total_hits": False, "source_excludes": UNSEEN}
    if newer:
        since = datetime.fromisoformat(str(_open(newer)[0])) - OVERLAP
        clauses.append({"range": {"screened_at": {"gte": since.isoformat()}}})
    if older:
        body["search_after"] = _open(older)[1]
    return {**body, "query": {"bool": {"filter": clauses}}}


def page(response: Mapping[str, Any], size: int, newer: str | None = None) -> Page:
    """A page from a search's answer."""
    found = response["hits"]["hits"]
    hits = [{"id": hit["_id"], **hit["_source"]} for hit in found]
    first = _cursor(found[0]) if found else newer
    return Page(hits, first, _cursor(found[-1]) if len(found) == size else None)


def counts(response: Mapping[str, Any]) -> Counts:
    """Counts from a search's answer with `aggregations()`."""
    groups = response.get("aggregations", {})
    by = {name: {b["key"]: b["doc_count"] for b in groups.get(name, {}).get("buckets", [])} for name in FIELDS}
    return Counts(int(response["hits"]["total"]["value"]), by)


def aggregations() -> dict[str, Any]:
    """What to count."""
    return {name: {"terms": {"field": name, "size": 200}} for name in FIELDS}


def _cursor(hit: Mapping[str, Any]) -> str:
    packed = json.dumps([hit["_source"]["screened_at"], hit["sort"]]).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _open(cursor: str) -> tuple[Any, list[Any]]:
    try:
        at, sort = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        datetime.fromisoformat(at)
        number, position = sort
    except (binascii.Error, TypeError, ValueError):
        raise ValueError("not a cursor of ours") from None
    return at, [int(number), str(position)]
