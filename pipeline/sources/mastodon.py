"""Mastodon and what speaks its API: a public timeline or a hashtag of one instance, live, with the gaps filled.

    open the stream ──► buffer it ──► fill the gap by REST ──► read the buffer on

The stream has no ids to resume from, so it is opened first, and what came between the cursor and now is asked for by `min_id`.
What comes twice is given once, and an older edit never after a newer one. Deletions missed while the stream was cut are found by
asking for those posts that were seen and are no longer listed; those missed across a restart, by the recheck that each post's
terms ask for.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import httpx

from pipeline.posts import Erasure, Post, Transport
from pipeline.sources.connector import Cursor, Event, SourceAway, Step
from pipeline.sources.http import Http
from pipeline.sources.loose import rejected
from pipeline.sources.mastodon_ids import Known, is_id, rewound
from pipeline.sources.mastodon_place import Page, Place, page, place
from pipeline.sources.mastodon_seen import Listed, Seen
from pipeline.sources.mastodon_settings import Asked
from pipeline.sources.mastodon_standing import KEPT_BACK
from pipeline.sources.mastodon_statuses import Arrival, Reading, read
from pipeline.sources.server_sent import Frame, Frames

AT_ONCE = 256
BUFFERED = 2_000
"""Events that wait while the gap is filled; more wait on the instance's side of the socket."""
PAGE = 40
MOST_ASKED = 50
"""Posts that are asked for one by one after a gap, to see whether they were deleted in it."""

_Item = tuple[Frame, datetime] | SourceAway


class Mastodon:
    """A connector (`pipeline.sources.connector`) for one timeline of one instance."""

    platform = "mastodon"
    live = True

    def __init__(self, asked: Asked, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.name = asked.name
        self._asked = asked
        self._transport = transport
        self._known = Known(asked.host)
        self._listed = Listed()

    async def steps(self, cursor: Cursor | None) -> AsyncGenerator[Step, None]:
        """As the protocol says. The first step holds the cursor from which nothing is missed."""
        where = place(cursor, self._asked.name, self._known)
        async with AsyncExitStack() as stack:
            rest = await stack.enter_async_context(Http(self._asked.reach(), self._transport))
            wire = await stack.enter_async_context(Http(self._asked.reach(streaming=True), self._transport))
            chunks = await stack.enter_async_context(wire.stream(*self._asked.stream()))
            queue: asyncio.Queue[_Item] = asyncio.Queue(BUFFERED)
            self._listed.opened()
            pump = asyncio.create_task(_pump(chunks, queue))
            stack.push_async_callback(_end, pump)
            seen = Seen()
            async for step in self._gap(rest, where, seen):
                yield step
            gone = await self._deleted_meanwhile(rest)
            yield Step([self._erasure(one) for one in gone], where.cursor(self._known))
            for status_id in gone:
                self._listed.forget(status_id)
            async for step in self._live(queue, where, seen):
                yield step

    async def _gap(self, rest: Http, where: Place, seen: Seen) -> AsyncIterator[Step]:
        """Everything between the cursor and now, oldest first; without a cursor, only where now is."""
        if where.last is None:
            where.last = (await self._page(rest, {"limit": "1"})).newest or "0"
            return
        since = rewound(where.last, self._asked.rewind_s)
        while (found := await self._page(rest, {"min_id": since, "limit": str(PAGE)})).later_than(since):
            events = list(self._read(found.statuses, "backfill", where.cursor(self._known), seen))
            since = found.newest
            where.reach(since)
            yield Step(events, where.cursor(self._known))
            if rest.budget and rest.budget.left == 0:
                await asyncio.sleep(rest.budget.reset_s or 0)

    async def _page(self, rest: Http, params: Mapping[str, str]) -> Page:
        path, fixed = self._asked.timeline()
        answer = await rest.get(path, {**fixed, **params})
        return page(answer)

    def _read(
        self, raws: Iterable[bytes], transport: Transport, cursor: Mapping[str, str], seen: Seen
    ) -> Iterator[Event]:
        for raw in raws:
            arrival = Arrival(raw, datetime.now(UTC), transport, cursor.get("last_id"))
            yield from self._status(arrival, seen)[1]

    def _status(self, arrival: Arrival, seen: Seen) -> tuple[str | None, list[Event]]:
        how = Reading(
            source_id=self.name,
            known=self._known,
            collected_by=self._asked.rule,
            skip_noindex=self._asked.skip_noindex,
            recheck_after=self._asked.recheck_after,
        )
        found = read(arrival, how)
        if not isinstance(found.event, Post):
            return found.status_id, [found.event] if found.event else []
        if found.status_id:
            self._listed.note(found.status_id)
        return found.status_id, [found.event] if seen.is_news(found.event) else []

    async def _deleted_meanwhile(self, rest: Http) -> list[str]:
        """Ids deleted in the gap: what was shown before and not in it is asked for, and is gone only if the instance says so."""
        gone = []
        for status_id in self._listed.doubtful(MOST_ASKED):
            if rest.budget and rest.budget.left < KEPT_BACK:
                break
            answer = await rest.get(f"/api/v1/statuses/{status_id}", also=frozenset({401, 403, 404, 410}))
            if answer.status in {404, 410}:
                gone.append(status_id)
            else:
                self._listed.note(status_id)
        return gone

    def _erasure(self, status_id: str) -> Erasure:
        return Erasure(platform=self.platform, erased_at=datetime.now(UTC), native_id=self._known.native(status_id))

    async def _live(self, queue: "asyncio.Queue[_Item]", where: Place, seen: Seen) -> AsyncIterator[Step]:
        """The stream's events as they come, up to 256 at once. Ends only by raising."""
        while True:
            items = [await queue.get()]
            while len(items) < AT_ONCE and not queue.empty():
                items.append(queue.get_nowait())
            frames = [item for item in items if not isinstance(item, SourceAway)]
            events = [event for frame, at in frames for event in self._event(frame, at, where, seen)]
            yield Step(events, where.cursor(self._known), _behind(events))
            if isinstance(items[-1], SourceAway):
                raise items[-1]

    def _event(self, frame: Frame, at: datetime, where: Place, seen: Seen) -> list[Event]:
        if frame.event == "delete":
            return [self._deleted(frame.data)]
        if frame.event not in {"update", "status.update"}:
            return []
        if frame.cut:
            return [rejected(frame.data, "too_large", "the status is larger than 8 MiB")]
        status_id, events = self._status(Arrival(frame.data, at, "live", where.last), seen)
        if status_id and frame.event == "update":
            where.reach(status_id)
        return events

    def _deleted(self, data: bytes) -> Event:
        status_id = data.decode("utf-8", "replace").strip().strip('"')
        if not is_id(status_id):
            return rejected(data, "wrong_type", "a deletion without an id")
        self._listed.forget(status_id)
        return self._erasure(status_id)


async def _pump(chunks: AsyncIterator[bytes], queue: "asyncio.Queue[_Item]") -> None:
    """Put the stream's events on the queue, then why it ended. A full queue stops the reading."""
    frames = Frames()
    away = SourceAway("the stream ended")
    try:
        async for chunk in chunks:
            for frame in frames.feed(chunk):
                await queue.put((frame, datetime.now(UTC)))
    except SourceAway as error:
        away = error
    await queue.put(away)


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


def _behind(events: Iterable[Event]) -> float | None:
    written = [event.created_at for event in events if isinstance(event, Post)]
    return max(0.0, (datetime.now(UTC) - max(written)).total_seconds()) if written else None
