"""Platforms that are read at the reader's own pace: feeds that grow and change, and a file."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import msgspec

from pipeline.codec import encode
from pipeline.sources.feed_entries import Fetched
from pipeline.sources.feeds import read
from tests.chaos.platforms.sending import Extent, Key, Sent, of_letter, of_post
from tests.fakes import post
from tests.fakes_feeds import Page, Site, item, rss
from tests.fakes_feeds.documents import DATED

FEEDS = ("north", "south")
CHANGED_EVERY = 8
TROUBLED = 0.15
"""So often a document is torn, or refused with 503, until it changes again."""


class Feed:
    """Two feeds of a site: entries are added and changed; now and then an answer is cut or is 503."""

    platform = "rss"
    from_now = False

    def __init__(self, extent: Extent) -> None:
        self._extent = extent
        self._dice = extent.dice("rss")
        self._site = Site(**{name: Page(rss()) for name in FEEDS})
        self._items: dict[str, dict[int, str]] = {name: {} for name in FEEDS}
        self.sent = Sent()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """See `Platform`."""
        async with self._site.running():
            urls = ", ".join(f'"{self._site.url}/{name}"' for name in FEEDS)
            yield f"urls = [{urls}]\nprivate = true"

    async def flow(self) -> None:
        """Half as many entries as others have posts, at half the pace: a document is read whole each time."""
        for number in range(self._extent.posts // 2):
            name = FEEDS[number % 2]
            self._put(name, number, f"Advert {number}, a quiet room")
            if number % CHANGED_EVERY == CHANGED_EVERY - 1:
                self._put(name, self._dice.choice(list(self._items[name])), f"Changed when {number} came")
            self._show(name, troubled=self._dice.random() < TROUBLED)
            await asyncio.sleep(2 / self._extent.per_second)
        for name in FEEDS:
            self._show(name, troubled=False)

    def _put(self, name: str, number: int, text: str) -> None:
        before = self._items[name].get(number)
        self._items[name][number] = after = item(number, text, more=DATED)
        if before is None:
            self.sent.must.add(self._key(name, after))
        else:
            self.sent.overtake(self._key(name, before), self._key(name, after))

    def _show(self, name: str, *, troubled: bool) -> None:
        page = self._site.pages[name]
        page.body = rss(*reversed(self._items[name].values()))
        page.cut, page.status = troubled and self._dice.random() < 0.5, 200
        if troubled and not page.cut:
            page.status = 503

    def _key(self, name: str, shown: str) -> Key:
        fetched = Fetched(
            url=f"{self._site.url}/{name}",
            body=rss(shown),
            headers={},
            observed_at=datetime.now(UTC),
            transport="live",
            source_id="rss",
        )
        found = read(fetched)[1]
        assert found
        return of_post(found[0].post)


class File:
    """A file of posts with torn lines between them, read at a pace."""

    platform = "replayed"
    from_now = False

    def __init__(self, extent: Extent) -> None:
        self._path = extent.folder / "posts.ndjson"
        self._rate = extent.per_second * 2
        self.sent = Sent()
        self._path.write_bytes(b"".join(self._lines(extent.posts * 2, extent.dice("replay"))))

    def _lines(self, count: int, dice: random.Random) -> list[bytes]:
        lines = []
        for number in range(count):
            one = msgspec.structs.replace(post(number), platform=self.platform)
            self.sent.must.add(of_post(one))
            lines.append(encode(one) + b"\n")
            if dice.random() < 0.02:
                torn = b'{"platform": "replayed", "torn at %d\n' % number
                self.sent.must.add(of_letter(torn))
                lines.append(torn)
        return lines

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """See `Platform`."""
        yield f'path = "{self._path}"\nrate = {self._rate}'

    async def flow(self) -> None:
        """It is all there."""
