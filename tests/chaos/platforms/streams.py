"""Platforms that stream: Bluesky, whose events have numbers to come back to, and Mastodon, whose gaps are filled by pages."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from pipeline.posts import Post
from pipeline.sources.mastodon_ids import Known
from pipeline.sources.mastodon_statuses import Arrival, Reading, read
from tests.chaos.platforms.sending import Extent, Key, Sent, erased, of_post, printed
from tests.fakes_jetstream import Behaviour, FakeJetstream, Synthetic
from tests.fakes_mastodon import Instance, Trouble, status
from tests.fakes_mastodon.statuses import HOST

EDITED_EVERY, EDITED_AFTER = 10, 5


class Bluesky:
    """A host of Jetstream, on either wire, that cuts the line; the events are at once there, and sent at a pace."""

    platform = "bluesky"
    from_now = True

    def __init__(self, extent: Extent) -> None:
        dice = extent.dice("bluesky")
        count = extent.posts * 2
        self._wire = dice.choice(("v1", "v2"))
        self._pace_s = 0.4 / extent.per_second
        self._cut_every = dice.randint(40, 160)
        self._events = Synthetic(count, extent.seed, spacing_us=50_000)
        self.sent = Sent({printed("bluesky", one.name, one.version) for one in self._events if one.version})
        for one in self._events:
            if one.operation == "delete":
                self.sent.must.add(erased("bluesky", one.name))
            elif one.kind == "account" and '"desynchronized"' not in one.body:
                self.sent.must.add(erased("bluesky", one.did))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """See `Platform`."""
        behaviour = Behaviour(cut_every=self._cut_every, pace_s=self._pace_s)
        async with FakeJetstream(self._events, behaviour) as server:
            yield f'wire = "{self._wire}"\nhosts = ["{server.url}"]'

    async def flow(self) -> None:
        """Nothing more is to be done: readers are served as they come."""


class Fediverse:
    """An instance whose people post and edit, and whose stream is cut, in half of the trials inside an event."""

    platform = "mastodon"
    from_now = True

    def __init__(self, extent: Extent) -> None:
        dice = extent.dice("mastodon")
        self._extent = extent
        self._instance = Instance(Trouble(cut_every=dice.randint(20, 80), torn=dice.random() < 0.5))
        self.sent = Sent()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """See `Platform`."""
        async with self._instance.running():
            yield f'base_url = "{self._instance.url}"\nprivate = true'

    async def flow(self) -> None:
        """Post at a pace; every tenth status of a moment ago is edited."""
        for number in range(1, self._extent.posts + 1):
            self._instance.post(status(number))
            self.sent.must.add(self._key(status(number)))
            if number % EDITED_EVERY == 0:
                self._edit(number - EDITED_AFTER)
            await asyncio.sleep(1 / self._extent.per_second)

    def _edit(self, number: int) -> None:
        changed = status(number, content=f"<p>Number {number}, put better.</p>", edited_at="2026-11-02T09:00:00.000Z")
        self._instance.edit(changed)
        self.sent.overtake(self._key(status(number)), self._key(changed))

    def _key(self, shown: dict[str, Any]) -> Key:
        raw = json.dumps(shown, ensure_ascii=False).encode()
        found = read(Arrival(raw, datetime.now(UTC), "live"), Reading("mastodon", Known(HOST), "public")).event
        assert isinstance(found, Post)
        return of_post(found)
