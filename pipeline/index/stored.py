"""Stored hits in the order in which they came in, page by page: what backtests read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

PAGE = 500
_SORT = [{"received_at": "asc"}, {"position": "asc"}]


def query(since: datetime, until: datetime | None, after: Sequence[Any] | None) -> dict[str, Any]:
    """The search for the page behind `after` of the hits that came in from `since` on and before `until`."""
    span = {"gte": since.isoformat()} | ({"lt": until.isoformat()} if until else {})
    body: dict[str, Any] = {
        "size": PAGE,
        "sort": _SORT,
        "track_total_hits": False,
        "source_excludes": ["vector", "words"],
    }
    return {**body, "query": {"range": {"received_at": span}}} | ({"search_after": list(after)} if after else {})


def sources(response: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The documents of a page."""
    return [hit["_source"] for hit in response["hits"]["hits"]]


def last(response: Mapping[str, Any]) -> list[Any] | None:
    """Where the next page begins; None where there is none."""
    found = response["hits"]["hits"]
    return list(found[-1]["sort"]) if len(found) == PAGE else None
