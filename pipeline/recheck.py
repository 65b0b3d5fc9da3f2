"""Rechecking: posts of platforms that send no deletions are asked for again, and what may be kept no longer goes.

Each hit carries what its platform's terms ask for (`recheck_by`, `retain_until`). Whoever is gone, or has expired, becomes an
erasure on the topic `erasures`, like a deletion that a platform sent.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from pipeline import metrics
from pipeline.broker.topics import Topics, post_key
from pipeline.codec import decode_post, encode
from pipeline.delivery import Outbox, Outgoing
from pipeline.erasing import Eraser, Mason
from pipeline.errors import ConfigurationError, FanalError
from pipeline.index.due import AT_ONCE, Held
from pipeline.posts import Cause, Erasure, Evidence, Post
from pipeline.sources.standing import Asker, Standing

log = logging.getLogger("fanal.recheck")

EVERY_S = 60.0
HURRY_S = 5.0


class Calendar(Protocol):
    """What is due (`pipeline.index.due.Due`)."""

    async def expired(self, now: datetime) -> list[Held]:
        """Whose `retain_until` has passed."""

    async def to_recheck(self, platform: str, now: datetime) -> list[Held]:
        """Whose `recheck_by` has come."""

    async def overdue(self, besides: Sequence[str], now: datetime) -> dict[str, int]:
        """How many were to be asked for again, by platform, but for these."""

    async def postpone(self, held: Sequence[Held], now: datetime, *, soon: bool = False) -> None:
        """Ask for these again later."""


class Ground(Eraser, Protocol):
    """The index, as rechecking needs it besides."""

    async def purge(self, now: datetime) -> int:
        """Remove tombstones that have expired; how many."""


@dataclass(frozen=True, slots=True)
class Means:
    """What rechecking works with: what is due, the index, the broker, the key of evidence, and whom to ask by platform."""

    calendar: Calendar
    ground: Ground
    outbox: Outbox
    topics: Topics
    mason: Mason
    open_sealed: Callable[[Evidence], bytes]
    askers: Mapping[str, Asker]


class Recheck:
    """Looks every minute for what is due, while `leads` says that no other worker does."""

    def __init__(self, using: Means, leads: Callable[[], bool]) -> None:
        self._using = using
        self._leads = leads
        self._said: set[str] = set()

    async def run(self) -> None:
        """Look for ever. A failure is logged and tried again: the erasing worker goes on."""
        while True:
            pause = HURRY_S
            try:
                if self._leads() and not await self.look(datetime.now(UTC)):
                    pause = EVERY_S
            except FanalError as error:
                log.warning("what is due cannot be seen; trying again", extra={"why": str(error)})
            except Exception:
                log.exception("rechecking failed; trying again")
            await asyncio.sleep(pause)

    async def look(self, now: datetime) -> bool:
        """Look once; whether more waits."""
        calendar = self._using.calendar
        expired = await calendar.expired(now)
        await self._expire(expired, now)
        full = len(expired) >= AT_ONCE
        for platform, asker in self._using.askers.items():
            held = await calendar.to_recheck(platform, now)
            await self._ask(platform, asker, held, now)
            full = full or len(held) >= AT_ONCE
        self._say_overdue(await calendar.overdue(list(self._using.askers), now))
        await self._using.ground.purge(now)
        return full

    async def _expire(self, held: Sequence[Held], now: datetime) -> None:
        """Erase what has expired; what no key opens any more goes by the id of its document."""
        posts = {one.id: self._opened(one) for one in held}
        await self._erase([post for post in posts.values() if post], "expired", now)
        stones = [self._using.mason.of_document(id_, now) for id_, post in posts.items() if post is None]
        if stones:
            await self._using.ground.bury(stones)
            await self._using.ground.remove(stones)
            metrics.ERASURES.labels("expired").inc(len(stones))
        if held:
            metrics.RECHECKS.labels("expired").inc(len(held))

    async def _ask(self, platform: str, asker: Asker, held: Sequence[Held], now: datetime) -> None:
        opened = [(one, post) for one in held if (post := self._opened(one))]
        unreadable = [one for one in held if one not in {known for known, _ in opened}]
        answers: dict[Standing, list[tuple[Held, Post]]] = {"stands": [], "gone": [], "unknown": []}
        try:
            found = await asker.ask([post for _, post in opened]) if opened else []
        except Exception as error:
            log.warning("a platform cannot be asked", extra={"platform": platform, "why": type(error).__name__})
            return
        for answer, pair in zip(found, opened, strict=True):
            answers[answer].append(pair)
        await self._erase([post for _, post in answers["gone"]], "deleted", now)
        await self._using.calendar.postpone([*unreadable, *(one for one, _ in answers["stands"])], now)
        await self._using.calendar.postpone([one for one, _ in answers["unknown"]], now, soon=True)
        for outcome, pairs in answers.items():
            metrics.RECHECKS.labels(outcome).inc(len(pairs))
        metrics.RECHECKS.labels("unreadable").inc(len(unreadable))

    async def _erase(self, posts: Sequence[Post], cause: Cause, now: datetime) -> None:
        """To the topic, not to the index: so the screening workers know, and a replay finds it."""
        records = [
            Outgoing(
                self._using.topics.erasures,
                encode(Erasure(platform=post.platform, native_id=post.native_id, erased_at=now, cause=cause)),
                key=post_key(post.platform, post.native_id),
            )
            for post in posts
        ]
        await self._using.outbox.deliver(records)

    def _opened(self, held: Held) -> Post | None:
        try:
            post = decode_post(self._using.open_sealed(held.evidence))
        except ConfigurationError as error:
            log.warning("evidence cannot be opened", extra={"why": str(error)})
            return None
        return post if isinstance(post, Post) else None

    def _say_overdue(self, overdue: Mapping[str, int]) -> None:
        metrics.OVERDUE.set(sum(overdue.values()))
        for platform in sorted(overdue.keys() - self._said):
            self._said.add(platform)
            log.error("nothing here can ask this platform whether its posts still stand", extra={"platform": platform})
