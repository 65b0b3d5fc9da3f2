"""What was erased, remembered under the ids of the index: no platform, no raw id, no text. Pure.

A tombstone of a post has the id of its document, one of an account the pseudonym of its author; both are HMACs of different
domains and never meet. It is kept longer than anything from which the post could come back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

import msgspec

from pipeline.posts import Cause, Document, Hit

AUTHORS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A post (`id` is its document's) or an account (`id` is its author's pseudonym) that was erased."""

    id: str
    kind: Literal["post", "author"]
    cause: Cause
    erased_at: datetime
    expires_at: datetime

    def of_post(self, id_: str) -> "Tombstone":
        """The tombstone of one of the posts that went with an account."""
        return Tombstone(id_, "post", self.cause, self.erased_at, self.expires_at)

    def lines(self, index: str) -> tuple[bytes, bytes]:
        """Its two lines of a bulk request. Of two erasures of a post that stands which is kept longer, of an account the later."""
        decides = self.erased_at if self.kind == "author" else self.expires_at
        version = max(0, int(decides.timestamp() * 1000))
        where = {"_index": index, "_id": self.id, "version": version, "version_type": "external_gte"}
        source = {name: getattr(self, name) for name in ("kind", "cause", "erased_at", "expires_at")}
        return msgspec.json.encode({"index": where}), msgspec.json.encode(source)


def read(id_: str, source: Mapping[str, Any]) -> Tombstone:
    """A tombstone as the index gives it back."""
    cause = cast("Cause", source["cause"])  # only `lines` writes there
    erased_at, expires_at = (datetime.fromisoformat(source[name]) for name in ("erased_at", "expires_at"))
    return Tombstone(id_, source["kind"], cause, erased_at, expires_at)


def covering(hit: Hit, found: Mapping[str, Tombstone]) -> Tombstone | None:
    """The tombstone under which a hit falls, as one of its own, or none."""
    if (own := found.get(hit.id)) and own.kind == "post":
        return own
    account = found.get(hit.document.author or "")
    if account and account.kind == "author" and _written_before(hit.document, account.erased_at):
        return account.of_post(hit.id)
    return None


def names(hits: Sequence[Hit]) -> set[str]:
    """The ids under which tombstones of these hits, or of their authors, would stand."""
    return {hit.id for hit in hits} | {hit.document.author for hit in hits if hit.document.author}


def queries(tombstones: Sequence[Tombstone], ids_at_once: int) -> list[dict[str, Any]]:
    """What finds the documents, in either index, on which tombstones lie."""
    posts = [one.id for one in tombstones if one.kind == "post"]
    authors = [_of_author(one) for one in tombstones if one.kind == "author"]
    by_id = [{"ids": {"values": posts[at : at + ids_at_once]}} for at in range(0, len(posts), ids_at_once)]
    return by_id + [
        {"bool": {"should": authors[at : at + AUTHORS_AT_ONCE], "minimum_should_match": 1}}
        for at in range(0, len(authors), AUTHORS_AT_ONCE)
    ]


def _of_author(account: Tombstone) -> dict[str, Any]:
    before = {"lte": account.erased_at.isoformat(timespec="milliseconds")}
    either = [{"range": {name: before}} for name in ("created_at", "received_at")]
    return {"bool": {"filter": [{"term": {"author": account.id}}], "should": either, "minimum_should_match": 1}}


def _written_before(document: Document, moment: datetime) -> bool:
    """By its own date or by that of its arrival: the first is the author's word, which may lie."""
    return min(document.created_at, document.received_at) <= moment
