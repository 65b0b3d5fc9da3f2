"""Writes hits until the index has taken or refused each: patient, in place, raising nothing but cancellation.

What is not acknowledged upstream meanwhile is the back-pressure. Every failure that time may mend becomes the outcome
`retry` and comes again after a capped, jittered wait; what the index will never take is returned with the reason.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from pipeline import metrics
from pipeline.backoff import waits
from pipeline.index.client import ApiError, AsyncElasticsearch, TransportError, trouble
from pipeline.index.documents import Action, ItemOutcome, Names, action, batches, failure, fault, outcomes
from pipeline.index.languages import language_analyzers
from pipeline.index.templates import document_version
from pipeline.labels import INDEX_ERRORS, closed
from pipeline.posts import Hit

log = logging.getLogger("fanal.index")

LONGEST_WAIT_S = 10.0


class Writer:
    """The writing side of the store. Remembers which months' indices are there."""

    def __init__(self, client: AsyncElasticsearch, names: Names) -> None:
        self._client = client
        self._names = names
        self._months: set[str] = set()
        self._languages = language_analyzers()
        self._is_current = False

    async def write(self, hits: Sequence[Hit]) -> list[tuple[Hit, str]]:
        """Write hits; return those that the index refuses, with the reason's name."""
        refused = [(hit, why) for hit in hits if (why := fault(hit))]
        pending = [action(hit, self._names, self._languages) for hit in hits if not fault(hit)]
        metrics.INDEX_ITEMS.labels("refused").inc(len(refused))
        for wait in waits(cap=LONGEST_WAIT_S):
            tried = [pair for batch in batches(pending) for pair in await self._try(batch)]
            refused += [(one.hit, outcome.reason) for one, outcome in tried if outcome.fate == "refused"]
            pending = [one for one, outcome in tried if outcome.fate == "retry"]
            _count(tried)
            if not pending:
                break
            await asyncio.sleep(wait)
        return refused

    async def _try(self, batch: Sequence[Action]) -> list[tuple[Action, ItemOutcome]]:
        """One bulk request. A request that is refused as a whole is halved until the one at fault stands alone."""
        try:
            if why := await self._outdated():
                return [(one, ItemOutcome("retry", why)) for one in batch]
            for month in {one.hit.month for one in batch} - self._months:
                if why := await self._create(month):
                    return [(one, ItemOutcome("retry", why)) for one in batch]
            lines: Any = [
                line for one in batch for line in one.lines
            ]  # encoded already; the client sends them as they are
            with metrics.INDEX_SECONDS.time():
                response = await self._client.bulk(operations=lines)
        except (ApiError, TransportError) as error:
            outcome = failure(*astuple(trouble(error)))
            if outcome.fate == "refused" and len(batch) > 1:
                middle = len(batch) // 2
                return await self._try(batch[:middle]) + await self._try(batch[middle:])
            return [(one, outcome) for one in batch]
        found = outcomes(response.body, len(batch))
        self._forget_missing(found)
        return list(zip(batch, found, strict=True))

    async def _outdated(self) -> str:
        """Why these documents must wait: the templates are an earlier Fanal's, whose mapping would refuse new fields. Or nothing.

        Templates of a later Fanal take them; a login that may not read templates is not held up.
        """
        if self._is_current:
            return ""
        try:
            found = await self._client.cluster.get_component_template(name=f"{self._names.hits}-documents")
        except ApiError as error:
            if error.meta.status not in (401, 403, 404):
                raise
            self._is_current = error.meta.status != 404
            return ""  # a template that is not there is missed where a month is created
        theirs = _version(found.body)
        self._is_current = theirs is not None and theirs >= document_version()
        if self._is_current or theirs is None:
            return ""
        log.error("the index templates are an earlier Fanal's: run `fanal setup`", extra={"theirs": theirs})
        return "template_outdated"

    async def _create(self, month: str) -> str:
        """Create a month's indices: the server may not do so by itself. Returns why that is not possible yet, or nothing."""
        named = zip((self._names.hits, self._names.evidence), self._names.of_month(month), strict=True)
        whys = await asyncio.gather(*(self._create_index(template, index) for template, index in named))
        if not any(whys):
            self._months.add(month)
        return next((why for why in whys if why), "")

    async def _create_index(self, template: str, index: str) -> str:
        if not await self._client.indices.exists_index_template(name=template):
            log.error("index template missing: run `fanal setup`", extra={"template": template})
            return "template_missing"
        try:
            await self._client.indices.create(index=index)
        except ApiError as error:
            if (why := trouble(error).kind) != "resource_already_exists_exception":
                log.warning("the month's index cannot be created", extra={"index": index, "why": why})
                return why
        return ""

    def _forget_missing(self, found: Sequence[ItemOutcome]) -> None:
        """A month that was dropped while we ran is created anew."""
        if any(outcome.reason == "index_not_found_exception" for outcome in found):
            self._months.clear()


def _version(answer: Any) -> int | None:
    """The version of the template in a server's answer; None where another program answers."""
    try:
        (found,) = answer["component_templates"]
        return int(found["component_template"].get("_meta", {}).get("fanal_version", 0))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _count(tried: Sequence[tuple[Action, ItemOutcome]]) -> None:
    again = [outcome for _, outcome in tried if outcome.fate == "retry"]
    for _, outcome in tried:
        if outcome.fate != "retry":
            metrics.INDEX_ITEMS.labels(outcome.fate).inc()
        if outcome.reason:
            metrics.INDEX_ERRORS.labels(closed(outcome.reason, INDEX_ERRORS)).inc()
    if again:
        metrics.INDEX_RETRIES.inc(len(again))
        reasons = sorted({outcome.reason for outcome in again})
        log.warning("the index is away or busy; trying again", extra={"hits": len(again), "why": reasons})
