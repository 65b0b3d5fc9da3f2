"""The months of an installation: what each holds, which have had their time, and how they go.

A month is dropped whole, hits and evidence together, `keep_months` after it ended. Until then an erasure must reach it, so no month is
ever made read-only. What is deleted or replaced stays in the files until they are merged: months that have ended are merged for that.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.index.client import ApiError, AsyncElasticsearch, TransportError, unavailable
from pipeline.index.documents import Names

MERGE_S = 3600
_EXPUNGED = {"index.merge.policy.expunge_deletes_allowed": 0}
_FORM = re.compile(r"([0-9]{4})\.(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Month:
    """A month as the index holds it: its name (`2026.05`), documents, those deleted but not merged away, bytes, indices."""

    name: str
    hits: int
    evidence: int
    deleted: int
    size: int
    indices: tuple[str, ...]

    @property
    def number(self) -> int:
        """Months since the year 0."""
        return _number(int(self.name[:4]), int(self.name[5:]))

    def goes_in(self, keep: int) -> str:
        """The month at whose start it goes, where so many are kept after its end."""
        year, month = divmod(self.number + keep + 1, 12)
        return f"{year:04d}.{month + 1:02d}"


def _number(year: int, month: int) -> int:
    return 12 * year + month - 1


def expired(months: Sequence[Month], keep: int, now: datetime) -> list[Month]:
    """Those that ended `keep` months ago or longer; none where `keep` is 0, which keeps all."""
    present = _number(now.year, now.month)
    return [month for month in months if keep and month.number + keep < present]


def ended(months: Sequence[Month], now: datetime) -> list[Month]:
    """Those before the present one."""
    return [month for month in months if month.number < _number(now.year, now.month)]


class Months:
    """The months on a server. Every call raises `IndexUnavailable` while the index is away."""

    def __init__(self, client: AsyncElasticsearch, names: Names) -> None:
        self._client = client
        self._names = names

    async def standing(self) -> list[Month]:
        """The months that are there, the oldest first."""
        both = [f"{self._names.hits}-*", f"{self._names.evidence}-*"]
        try:
            answer = await self._client.cat.indices(
                index=both,
                format="json",
                bytes="b",
                h="index,docs.count,docs.deleted,store.size",
                expand_wildcards="all",
            )
        except (ApiError, TransportError) as error:
            raise unavailable(error) from error
        return _months([row for row in answer.body if isinstance(row, Mapping)], self._names)

    async def drop(self, months: Sequence[Month]) -> None:
        """Delete months, evidence first: no sealed post stands without its hit."""
        for month in months:
            for index in sorted(month.indices):
                await self._delete(index)

    async def settle(self, months: Sequence[Month]) -> None:
        """Merge away what was deleted or replaced, and is still in the files: all of it, not only where it is a tenth of a file."""
        patient = self._client.options(request_timeout=MERGE_S)
        for month in months:
            if not month.deleted:
                continue
            of = list(month.indices)
            try:
                await self._client.indices.put_settings(index=of, settings=_EXPUNGED)
                await self._client.indices.flush(index=of)
                await patient.indices.forcemerge(index=of, only_expunge_deletes=True)
            except (ApiError, TransportError) as error:
                raise unavailable(error) from error

    async def _delete(self, index: str) -> None:
        try:
            await self._client.indices.delete(index=index, ignore_unavailable=True)
        except (ApiError, TransportError) as error:
            raise unavailable(error) from error


def _months(rows: Sequence[Mapping[str, Any]], names: Names) -> list[Month]:
    """Rows of `_cat/indices` by month; indices of another form are none of ours."""
    found: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for row in rows:
        for kind in (names.hits, names.evidence):
            month = str(row["index"]).removeprefix(f"{kind}-")
            if _FORM.fullmatch(month):
                found.setdefault(month, []).append((kind, row))
    return [_month(name, of, names) for name, of in sorted(found.items())]


def _month(name: str, of: Sequence[tuple[str, Mapping[str, Any]]], names: Names) -> Month:
    def total(what: str, *kinds: str) -> int:
        return sum(int(row.get(what) or 0) for kind, row in of if kind in kinds)

    both = names.hits, names.evidence
    return Month(
        name=name,
        hits=total("docs.count", names.hits),
        evidence=total("docs.count", names.evidence),
        deleted=total("docs.deleted", *both),
        size=total("store.size", *both),
        indices=tuple(str(row["index"]) for _, row in of),
    )
