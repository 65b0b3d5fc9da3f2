"""Posts like this one: the hits whose reading by the encoder is nearest to that of one. Pure: queries and answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.index.shown import UNSEEN

CANDIDATES = 200
"""How many each shard looks at: more finds truer neighbours, slower."""


@dataclass(frozen=True, slots=True)
class Similar:
    """Neighbours of a hit as documents with `id` and `similarity` (a cosine, 1 for the same), the nearest first.

    `known` is false where there is no such hit, `readable` where it has no vector: it was found with `screen.vectors` off, by an
    encoder of another width, or before there were vectors.
    """

    hits: list[dict[str, Any]] = field(default_factory=list)
    known: bool = True
    readable: bool = False


def wanted(id_: str) -> dict[str, Any]:
    """The search for the reading of a hit."""
    return {"query": {"ids": {"values": [id_]}}, "size": 1, "fields": ["vector"], "source": False}


def reading(response: Mapping[str, Any]) -> list[float] | None:
    """The reading in what `wanted` found, or None."""
    found = response["hits"]["hits"]
    vector = found[0].get("fields", {}).get("vector") if found else None
    return vector[0] if vector and isinstance(vector[0], list) else vector or None


def query(id_: str, vector: Sequence[float], size: int) -> dict[str, Any]:
    """The search for the neighbours of a reading, without the hit itself."""
    others = {"bool": {"must_not": [{"ids": {"values": [id_]}}]}}
    nearest = {"field": "vector", "query_vector": vector, "k": size, "num_candidates": max(size, CANDIDATES)}
    return {"knn": {**nearest, "filter": others}, "size": size, "source_excludes": UNSEEN}


def neighbours(response: Mapping[str, Any]) -> Similar:
    """What `query` found. The index's score of a cosine c is (1 + c) / 2."""
    hits = [
        {"id": hit["_id"], "similarity": round(2 * hit["_score"] - 1, 3), **hit["_source"]}
        for hit in response["hits"]["hits"]
    ]
    return Similar(hits, readable=True)
