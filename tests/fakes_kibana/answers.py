"""A search server that makes up an answer of the right form for whatever it is asked, with hostile values in it."""

from collections.abc import Mapping
from typing import Any

HOSTILE = "\"><script>alert('x')</script>&amp;\u202e"


class FakeSearch:
    """Answers with `buckets` values at each level; with none, as an empty index. Remembers what it was asked."""

    def __init__(self, buckets: int = 3, figure: float | None = 12.5) -> None:
        self.buckets = buckets
        self.figure = figure
        self.asked: list[Mapping[str, Any]] = []

    async def ask(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer."""
        self.asked.append(body)
        hits = [{"_source": dict.fromkeys(body.get("_source", []), HOSTILE)} for _ in range(self.buckets)]
        total = {"value": 1000 * self.buckets}
        found = {"hits": {"total": total, "hits": hits if body["size"] else []}}
        return found | {"aggregations": self._nested(body["aggs"])} if "aggs" in body else found

    def _nested(self, aggs: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._one(said, self._nested(said.get("aggs", {}))) for name, said in aggs.items()}

    def _one(self, said: Mapping[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
        if "filters" in said:
            return {"buckets": {name: {"doc_count": 7, **inner} for name in said["filters"]["filters"]}}
        if "filter" in said:
            return {"doc_count": 4, **inner}
        if "percentiles" in said:
            return {"values": {"50.0": self.figure}}
        if kind := said.keys() & {"terms", "date_histogram", "geotile_grid"}:
            keys = [_key(kind.copy().pop(), n) for n in range(self.buckets)]
            return {"buckets": [{"key": key, "doc_count": 9 - n, **inner} for n, key in enumerate(keys)]}
        return {"value": self.figure}


def _key(kind: str, number: int) -> str | int:
    if kind == "terms":
        return f"{HOSTILE}{number}"
    return 1_795_000_000_000 + number * 43_200_000 if kind == "date_histogram" else f"7/{70 + number}/{48 + number}"
