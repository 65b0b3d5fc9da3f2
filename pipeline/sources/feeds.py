"""RSS and Atom: feeds of news, of boards, of classified adverts, each asked at its own pace and only for what is new.

Every feed is polled by a task of its own, so that one that hangs, fails or lies leaves the others as they are. A feed that is
gone (410) or refuses (401, 403) is asked no more; the source ends when all are so.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from pipeline.backoff import waits
from pipeline.sources.connector import Cursor, Event, SourceAway, SourceRefused, Step
from pipeline.sources.feed_entries import Fetched, Item
from pipeline.sources.feed_items import items
from pipeline.sources.feed_outline import Outline, outline
from pipeline.sources.feed_pace import next_poll
from pipeline.sources.feed_state import FeedState, states
from pipeline.sources.http import Answer, Http
from pipeline.sources.loose import rejected, sha256
from pipeline.sources.reach import Reach
from pipeline.sources.redact import redacted

_log = logging.getLogger("fanal.sources.feeds")
_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/rdf+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1"
)
_FAULTS = {
    "entities": "the feed declares entities, which is refused",
    "encoding": "the feed is in an encoding that is not read",
    "odd": "the feed is built as none is that is meant to be read",
    "large": "the feed is not well-formed, and too large to be read all the same",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which feeds, and how often. `redirects` are followed on a feed's own host, and `elsewhere` to others if configured."""

    name: str
    urls: Sequence[str]
    interval: timedelta = timedelta(minutes=15)
    max_bytes: int = 2 << 20
    timeout_s: float = 30.0
    redirects: int = 3
    elsewhere: bool = False
    private: bool = False
    retry_cap_s: float = 3600.0

    def __post_init__(self) -> None:
        if not self.urls or len(set(self.urls)) < len(self.urls) or len(self.urls) > 100:
            raise SourceRefused(f"{self.name}: urls must list 1 to 100 feeds, each once")

    def reach(self, url: str) -> Reach:
        """What the client of one feed may do."""
        return Reach(
            base_url=url,
            headers={"accept": _ACCEPT},
            max_bytes=self.max_bytes,
            timeout_s=self.timeout_s,
            redirects=self.redirects,
            elsewhere=self.elsewhere,
            private=self.private,
        )


@dataclass(slots=True)
class _Poll:
    """What a poll of a feed brought: events and the state behind them, or why there is none."""

    url: str
    events: list[Event] = field(default_factory=list)
    state: FeedState | None = None
    trouble: SourceAway | SourceRefused | None = None


class Feeds:
    """A connector (`pipeline.sources.connector`) for a list of feeds."""

    platform = "rss"
    live = True

    def __init__(self, asked: Asked, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.name = asked.name
        self._asked = asked
        self._transport = transport
        self._due: dict[str, datetime] = {}
        self._refused: dict[str, SourceRefused] = {}
        self._waits = {url: waits(first=30.0, cap=asked.retry_cap_s) for url in asked.urls}

    async def steps(self, cursor: Cursor | None) -> AsyncGenerator[Step, None]:
        """As the protocol says: a step a poll. Away when no feed answers, refused when all do."""
        kept = states(cursor, self._asked.urls, self.name)
        polls: asyncio.Queue[_Poll] = asyncio.Queue(1)
        tasks = [
            asyncio.create_task(self._follow(url, kept.by_url[url], polls.put))
            for url in self._asked.urls
            if url not in self._refused
        ]
        failing: dict[str, SourceAway] = {}
        try:
            while True:
                self._raise_if_none_answers(failing)
                poll = await polls.get()
                failing.pop(poll.url, None)
                if isinstance(poll.trouble, SourceAway):
                    failing[poll.url] = poll.trouble
                if poll.state:
                    kept.by_url[poll.url] = poll.state
                    yield Step(poll.events, kept.cursor())
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _raise_if_none_answers(self, failing: dict[str, SourceAway]) -> None:
        if len(self._refused) == len(self._asked.urls):
            raise next(iter(self._refused.values()))
        if len(failing) + len(self._refused) == len(self._asked.urls):
            asked = [away.retry_after_s for away in failing.values() if away.retry_after_s is not None]
            raise SourceAway("none of its feeds answers", min(asked, default=None))

    async def _follow(self, url: str, state: FeedState, put: Callable[[_Poll], Awaitable[None]]) -> None:
        """Poll one feed for ever, or until it refuses. States are copies: what was not put is read again."""
        async with Http(self._asked.reach(url), self._transport) as http:
            while True:
                await _until(self._due.get(url))
                poll = await self._polled(http, url, state)
                state = poll.state or state
                if isinstance(poll.trouble, SourceRefused):
                    self._refused[url] = poll.trouble
                await put(poll)
                if url in self._refused:
                    return

    async def _polled(self, http: Http, url: str, state: FeedState) -> _Poll:
        now = datetime.now(UTC)
        try:
            poll, feed = await self._poll(http, url, state)
        except (SourceAway, SourceRefused) as trouble:
            wait = trouble.retry_after_s if isinstance(trouble, SourceAway) else None
            self._due[url] = now + timedelta(seconds=max(wait or 0, next(self._waits[url])))
            _log.warning(
                "a feed did not answer", extra={"feed": redacted(url), "why": str(trouble), "source": self.name}
            )
            return _Poll(url, trouble=trouble)
        self._waits[url] = waits(first=30.0, cap=self._asked.retry_cap_s)
        self._due[url] = next_poll(now, self._asked.interval, feed)
        return poll

    async def _poll(self, http: Http, url: str, state: FeedState) -> tuple[_Poll, Outline]:
        answer = await http.get("", headers=state.conditions())
        if answer.status == 304 or sha256(answer.body) == state.body:
            return _Poll(url, state=state), Outline()
        fetched = Fetched(
            url=url,
            body=answer.body,
            headers=answer.headers,
            observed_at=datetime.now(UTC),
            transport="live" if state.body else "backfill",
            source_id=self.name,
            cursor=state.etag or state.modified,
        )
        feed, found = await asyncio.to_thread(read, fetched)
        after = _after(state, answer, feed)
        return _Poll(url, _events(found, fetched, feed, after), after), feed


def read(fetched: Fetched) -> tuple[Outline, list[Item] | None]:
    """Read a document: its outline, and its items, which are None where it may not or cannot be read."""
    feed = outline(fetched.body)
    return feed, None if feed.fault else items(fetched, feed)


def _after(state: FeedState, answer: Answer, feed: Outline) -> FeedState:
    """The state behind this answer. One that is torn is asked for whole: a validator would hide what was torn off."""
    etag, modified = (answer.headers.get(name, "")[:1024] or None for name in ("etag", "last-modified"))
    told = {"etag": etag, "modified": modified} if feed.well_formed else {}
    return FeedState(**told, body=sha256(answer.body), seen=dict(state.seen))


def _events(found: list[Item] | None, fetched: Fetched, feed: Outline, state: FeedState) -> list[Event]:
    """New and changed posts, oldest first (feeds list the newest first); or the document that is no feed."""
    if found is not None:
        return list(state.news(reversed(found)))
    return [
        rejected(fetched.body, "bad_text", _FAULTS.get(feed.fault or "", "the document is no feed that can be read"))
    ]


async def _until(due: datetime | None) -> None:
    if due is not None:
        await asyncio.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
