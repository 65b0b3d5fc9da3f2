"""The index of hits: written by the indexing agent, read by the desk and by the account.

Only this package knows Elasticsearch. It keeps to what the embedded core server has: no scripts, no update by query.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Collection, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from pipeline.errors import IndexUnavailable
from pipeline.index import shown, similar, stored
from pipeline.index.client import ApiError, AsyncElasticsearch, TransportError, open_client, trouble, unavailable
from pipeline.index.documents import Names
from pipeline.index.due import Due
from pipeline.index.eraser import AwayError, Eraser
from pipeline.index.features import Features, probe
from pipeline.index.months import Months
from pipeline.index.setup import set_up
from pipeline.index.shown import Counts, Filters, Page
from pipeline.index.similar import Similar
from pipeline.index.templates import Layout
from pipeline.index.writer import Writer
from pipeline.posts import Hit
from pipeline.settings import ElasticsearchSettings

IDS_AT_ONCE = 1000
LARGEST_PAGE = 500

_NO_SHARD = "search_phase_execution_exception"
_TRIES, _PAUSE_S = 20, 0.25

_T = TypeVar("_T")


class Store:
    """The index, over one client. Close it.

    Reading raises `IndexUnavailable` (one line) while the index is away; writing waits instead.
    """

    def __init__(self, client: AsyncElasticsearch, layout: Layout) -> None:
        self._client = client
        self._layout = layout
        self._names = Names(layout.prefix)
        self._writer = Writer(client, self._names)
        self._eraser = Eraser(client, self._names)

    async def set_up(self, *, force: bool = False) -> list[str]:
        """Create templates or bring them up to date; a line per change. `force` overwrites what was changed by hand.

        Raises:
            ConfigurationError: a template was changed by hand, or is a newer Fanal's.
        """
        return await self._ask(set_up(self._client, self._layout, force=force))

    async def features(self) -> Features:
        """What this server has beyond the core."""
        return await self._ask(probe(self._client))

    async def write(self, hits: Sequence[Hit]) -> list[tuple[Hit, str]]:
        """Write hits; return those that the index will never take, with the reason's name (never a value).

        Returns when each is written, superseded or refused; tries again in place, for ever, while the index is away or
        busy. Raises nothing but cancellation.
        """
        return await self._writer.write(hits)

    @property
    def eraser(self) -> Eraser:
        """The erasing side: it is patient like `write`."""
        return self._eraser

    @property
    def due(self) -> Due:
        """What is to be asked for again, or has expired."""
        return Due(self._client, self._names)

    @property
    def months(self) -> Months:
        """The months that are there."""
        return Months(self._client, self._names)

    async def unerased(self, hits: Sequence[Hit]) -> list[Hit]:
        """Those of these hits that were not erased. Waits while the index is away."""
        return await self._eraser.unerased(hits)

    async def withdraw_erased(self, hits: Sequence[Hit]) -> list[Hit]:
        """Remove those of the hits just written that were erased meanwhile; the others. Waits while the index is away."""
        return await self._eraser.withdraw_erased(hits)

    async def erased(self, ids: Collection[str]) -> set[str]:
        """Which of these documents were erased. Tombstones whose index was made this moment are waited for, briefly."""
        for _ in range(_TRIES):
            try:
                return await self._ask(self._eraser.buried(ids))
            except AwayError as error:
                last = error
                await asyncio.sleep(_PAUSE_S)
        raise IndexUnavailable(f"Elasticsearch: it does not answer whole ({last})")

    async def present(self, ids: Mapping[str, int]) -> set[str]:
        """Which of these documents stand in the index at this version or a later one. Refreshes first."""
        await self.refresh()
        found: set[str] = set()
        left = iter(ids)
        while some := list(islice(left, IDS_AT_ONCE)):
            response = await self._search(query={"ids": {"values": some}}, size=len(some), version=True, source=False)
            found |= {hit["_id"] for hit in response["hits"]["hits"] if hit["_version"] >= ids[hit["_id"]]}
        return found

    async def searchable(self, id_: str) -> bool:
        """Whether a search finds the document now, without a refresh."""
        response = await self._search(query={"ids": {"values": [id_]}}, size=1, source=False)
        return bool(response["hits"]["hits"])

    async def recent(
        self, filters: Filters, size: int = 100, *, newer: str | None = None, older: str | None = None
    ) -> Page:
        """Hits, newest first: the newest, those since the cursor `newer` (some of them again), or those before `older`.

        Raises:
            ValueError: a cursor is none of ours.
        """
        size = max(1, min(size, LARGEST_PAGE))
        response = await self._search(**shown.query(filters, size, newer, older))
        return shown.page(response, size, newer)

    async def stored(self, since: datetime, until: datetime | None = None) -> AsyncIterator[list[dict[str, Any]]]:
        """The documents of all hits that came in from `since` on and before `until`, page by page, the earliest first."""
        after: Sequence[Any] | None = None
        while True:
            response = await self._search(**stored.query(since, until, after))
            if found := stored.sources(response):
                yield found
            after = stored.last(response)
            if after is None:
                return

    async def counts(self) -> Counts:
        """How many hits there are, in all and by lane, kind, language and platform."""
        return shown.counts(await self._search(size=0, track_total_hits=True, aggregations=shown.aggregations()))

    async def answers(self) -> None:
        """Return if a search is answered now, whatever it finds; raises `IndexUnavailable` otherwise. Nothing is waited out."""
        await self._ask(
            self._client.search(
                index=self._names.hits, ignore_unavailable=True, size=0, track_total_hits=False, terminate_after=1
            )
        )

    async def similar(self, id_: str, size: int = 10) -> Similar:
        """The hits that read most like one, the nearest first; masked, like all that the index of hits holds."""
        found = await self._search(**similar.wanted(id_))
        reading = similar.reading(found)
        if reading is None:
            return Similar(known=bool(found["hits"]["hits"]))
        size = max(1, min(size, LARGEST_PAGE))
        return similar.neighbours(await self._search(**similar.query(id_, reading, size)))

    async def refresh(self) -> None:
        """Make everything written findable now."""
        await self._ask(self._client.indices.refresh(index=self._names.hits, ignore_unavailable=True))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _search(self, **what: Any) -> Mapping[str, Any]:
        """Search all months; before the first hit there is none to search, and nothing is found.

        A month that was made this moment cannot be searched yet: that is waited out, briefly.
        """
        for _ in range(_TRIES):
            try:
                response = await self._client.search(index=self._names.hits, ignore_unavailable=True, **what)
                break
            except ApiError as error:
                if trouble(error).kind != _NO_SHARD:
                    raise unavailable(error) from error
                last = error
                await asyncio.sleep(_PAUSE_S)
            except TransportError as error:
                raise unavailable(error) from error
        else:
            raise unavailable(last) from last
        found: Any = response.body
        if not isinstance(found, Mapping) or "hits" not in found:
            raise IndexUnavailable("Elasticsearch: what answers at its address is another program")
        return found

    async def _ask(self, call: Awaitable[_T]) -> _T:
        try:
            return await call
        except (ApiError, TransportError) as error:
            raise unavailable(error) from error


def open_store(url: str, settings: ElasticsearchSettings) -> Store:
    """A store for the server at `url`; nothing is sent before the first call.

    Raises:
        ConfigurationError: the address or the CA file cannot be used.
    """
    layout = Layout(settings.prefix, settings.shards, settings.replicas, settings.keep_months)
    return Store(open_client(url, settings), layout)
