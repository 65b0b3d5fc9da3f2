"""Hits to bulk actions, and what the index answers to outcomes. Pure: nothing here talks to a server.

A hit is two documents under one id: what analysts see, in `PREFIX-hits-MONTH`, and the sealed evidence, in
`PREFIX-evidence-MONTH`, which only investigators may read. Both are versioned from outside: a later version replaces an
earlier one, a replay replaces itself, an earlier one that comes late is refused with 409 and passed over.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from pipeline.index.languages import with_words
from pipeline.posts import Hit

MAX_BULK_BYTES = 1_000_000
"""Below 1 MiB, beyond which the client warns that its event loop may be held up."""
LONGEST_ID = 512
LEAST_RECHECK_S, MOST_RECHECK_S = 3600, 366 * 86_400
_MONTH = re.compile(r"[0-9]{4}\.[0-9]{2}")
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,80}")

_MAY_PASS = {401, 403, 404, 405, 408, 429, "media_type_header_exception", "validation_exception"}
"""Statuses and errors that speak of the server's state (shards used up, rights, load), not of the document."""

Fate = Literal["written", "superseded", "refused", "retry"]


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What became of a hit in a bulk request. `reason` is the index's name for an error, never a value or a message.

    written: it stands there now. superseded: a later version already did. refused: this index will never take it.
    retry: the index is away or busy.
    """

    fate: Fate
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """How the indices of one installation are called."""

    prefix: str

    @property
    def hits(self) -> str:
        """The alias over all months of hits."""
        return f"{self.prefix}-hits"

    @property
    def evidence(self) -> str:
        """The alias over all months of evidence."""
        return f"{self.prefix}-evidence"

    @property
    def tombstones(self) -> str:
        """The index of tombstones; it is one, whatever the month."""
        return f"{self.prefix}-tombstones"

    def beside(self, index: str) -> str:
        """The index of evidence of the same month as one of hits, and the other way round."""
        kind, other = (self.hits, self.evidence) if index.startswith(f"{self.hits}-") else (self.evidence, self.hits)
        return other + index.removeprefix(kind)

    def of_month(self, month: str) -> tuple[str, str]:
        """The two indices of a month: hits, evidence."""
        return f"{self.hits}-{month}", f"{self.evidence}-{month}"


@dataclass(frozen=True, slots=True)
class Action:
    """A hit as the four lines that a bulk request holds for it."""

    hit: Hit
    lines: tuple[bytes, bytes, bytes, bytes]

    @property
    def size(self) -> int:
        """Bytes in the request."""
        return sum(map(len, self.lines)) + len(self.lines)


def fault(hit: Hit) -> str:
    """Why a hit can name no document (it came from a topic that anyone with access could write to), or nothing."""
    if not _MONTH.fullmatch(hit.month):
        return "bad_month"
    if not 0 < len(hit.id.encode()) <= LONGEST_ID:
        return "bad_id"
    return "" if 0 <= hit.index_version < 1 << 63 else "bad_version"


def action(hit: Hit, names: Names, languages: Mapping[str, str]) -> Action:
    """The bulk action of a hit: its evidence first, so that no document stands without it. `languages` have `words`."""
    hits, evidence = names.of_month(hit.month)
    document = with_words(hit.document, languages)
    return Action(hit, (*_index(evidence, hit, _sealed(hit)), *_index(hits, hit, document)))


def _sealed(hit: Hit) -> dict[str, Any]:
    """The evidence, and what must be found of it: whose it is, when to ask for it again, how long it may stay."""
    document = hit.document
    found = {
        "key_id": hit.evidence.key_id,
        "received_at": document.received_at,
        "created_at": document.created_at,
        "platform": document.platform,
        "author": document.author,
        "recheck_by": hit.recheck_by,
        "recheck_s": recheck_s(hit.recheck_by, document.received_at),
        "retain_until": hit.retain_until,
        "sealed": hit.evidence.sealed,
    }
    return {name: value for name, value in found.items() if value is not None}


def recheck_s(recheck_by: datetime | None, received_at: datetime) -> int | None:
    """Seconds after which a post that is still there is asked for again: as far apart as the first time, an hour at least."""
    if recheck_by is None:
        return None
    return min(MOST_RECHECK_S, max(LEAST_RECHECK_S, int((recheck_by - received_at).total_seconds())))


def _index(index: str, hit: Hit, source: Any) -> tuple[bytes, bytes]:
    where = {"_index": index, "_id": hit.id, "version": hit.index_version, "version_type": "external_gte"}
    return msgspec.json.encode({"index": where}), msgspec.json.encode(source)


def batches(actions: Sequence[Action], limit: int = MAX_BULK_BYTES) -> Iterator[list[Action]]:
    """The actions in runs of at most `limit` bytes; one that is larger goes alone."""
    some: list[Action] = []
    size = 0
    for one in actions:
        if some and size + one.size > limit:
            yield some
            some, size = [], 0
        some.append(one)
        size += one.size
    if some:
        yield some


def outcomes(response: Any, count: int) -> list[ItemOutcome]:
    """The outcome of each of `count` hits from a bulk response, two items a hit: the worse of both.

    An answer that is none of Elasticsearch's (a page of a proxy, say) leaves every hit to be tried again.
    """
    items = response.get("items") if isinstance(response, Mapping) else None
    if not isinstance(items, list) or len(items) != 2 * count:
        return [ItemOutcome("retry", "no_bulk_response")] * count
    each = [_outcome(next(iter(item.values()))) for item in items]
    return [_worse(evidence, document) for evidence, document in zip(each[::2], each[1::2], strict=True)]


def _worse(evidence: ItemOutcome, document: ItemOutcome) -> ItemOutcome:
    for fate in ("retry", "refused"):
        for outcome in (document, evidence):
            if outcome.fate == fate:
                return outcome
    return document


def _outcome(result: Mapping[str, Any]) -> ItemOutcome:
    status = int(result.get("status", 500))
    if status < 300:
        return ItemOutcome("written")
    return failure(status, result.get("error"))


def failure(status: int, error: Any) -> ItemOutcome:
    """The outcome of a status that is no success. `error` is what Elasticsearch sends under that key.

    A 4xx that Elasticsearch does not name comes from something before it (a proxy, another program on the port): time
    may mend that, so nothing is refused for it; only a body too large (413) never fits.
    """
    kind = _type(error)
    if status == 409:
        return ItemOutcome("superseded")
    refuses = 400 <= status < 500 and status not in _MAY_PASS and (kind or status == 413) and kind not in _MAY_PASS
    return ItemOutcome("refused" if refuses else "retry", kind or f"http_{status}")


def _type(error: Any) -> str:
    found = error.get("type") if isinstance(error, Mapping) else error
    return found if isinstance(found, str) and _TYPE.fullmatch(found) else ""
