"""The agents: thin loops between topics. What they do with a batch stands in `screen`, `index` and `delivery`.

Acknowledge after delivery: an event is acknowledged when everything that follows from it has been acknowledged by the broker
(or written to the index). `noack_take` and `ack`, never `take`, which acknowledges a batch whose body raised.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Protocol

import msgspec

from pipeline import metrics
from pipeline.backoff import waits
from pipeline.broker.topics import Topics
from pipeline.codec import decode_hit, lines
from pipeline.counting import count_letters, count_stages, count_verdict
from pipeline.delivery import Outbox, Outgoing, account, dead_letter, findings
from pipeline.posts import Hit, Reason, Rejected, Screened
from pipeline.screen.screening import Screen, screen
from pipeline.screen.verdicts import Incoming, Verdict, merge, unscreenable

log = logging.getLogger("fanal.agents")

Recall = Callable[[int], Awaitable[Sequence[Screened]]]
CatchUp = Callable[[], Awaitable[None]]
"""Returns when every erasure is known that the broker had when it was called."""
PROBE = "bonjour"
TRIES = 3
CAUGHT_UP_S = 1.0


@dataclass(frozen=True, slots=True)
class Intake:
    """How much the screening agent takes at once."""

    records: int
    posts: int
    within_s: float


@dataclass(frozen=True, slots=True)
class Memory:
    """Where the screening agent's memory comes from: what was screened of a partition, and what was erased by now."""

    recall: Recall
    catch_up: CatchUp


class ScreeningAgent:
    """Takes records of `posts`, screens them, delivers what follows, acknowledges."""

    def __init__(self, using: Screen, outbox: Outbox, topics: Topics, intake: Intake, memory: Memory) -> None:
        self._screen = using
        self._outbox = outbox
        self._topics = topics
        self._intake = intake
        self._memory = memory
        self._moved: set[int] = set()
        self._caught_up = -math.inf
        self._fails = False

    def complaint(self) -> str | None:
        """What is wrong with the classifier, in a line; None while it works."""
        return "the classifier fails; nothing is acknowledged until it works" if self._fails else None

    def moved(self, partitions: set[int]) -> None:
        """Partitions were assigned or revoked: their memory is loaded anew before the next batch."""
        self._moved |= partitions

    async def __call__(self, stream: Any) -> None:
        """The agent's loop; ends with the worker."""
        async for events in stream.noack_take(self._intake.records, within=self._intake.within_s):
            self._caught_up = -math.inf
            await self._take(stream, events)

    async def _take(self, stream: Any, events: Sequence[Any]) -> None:
        """Screen some events while those before them are delivered and acknowledged: in order, at most one step ahead."""
        delivering: asyncio.Task[None] | None = None
        try:
            for some in _by_size(events, self._intake.posts):
                if self._moved and delivering:
                    await delivering  # what is on its way must be in `screened` before memory is loaded from it
                verdict = await self._screened([incoming(event) for event in some])
                if delivering:
                    await delivering
                delivering = asyncio.create_task(self._finish(stream, some, verdict))
            if delivering:
                await delivering
        finally:
            if delivering:
                delivering.cancel()

    async def _screened(self, records: Sequence[Incoming]) -> Verdict:
        metrics.RECEIVED.inc(sum(len(lines(record.value)) for record in records))
        batch = await self._unscreened(records)
        if not batch:
            return Verdict()
        await self._catch_up()
        started = perf_counter()
        verdict = await self._verdict(batch)
        count_stages({**self._screen.stages.taken(), "screen": perf_counter() - started})
        return verdict

    async def _catch_up(self) -> None:
        """Know what was erased before these records were taken, and from then on every second."""
        if perf_counter() - self._caught_up > CAUGHT_UP_S:
            await self._memory.catch_up()
            self._caught_up = perf_counter()

    async def _finish(self, stream: Any, events: Sequence[Any], verdict: Verdict) -> None:
        """Deliver what was found, then the account of it, then acknowledge."""
        started = perf_counter()
        await self._outbox.deliver(findings(verdict, self._topics))
        await self._outbox.deliver(account(verdict, self._topics))
        count_stages({"deliver": perf_counter() - started})
        for event in events:
            await stream.ack(event)
        count_verdict(verdict)

    async def _unscreened(self, batch: Sequence[Incoming]) -> list[Incoming]:
        """Load the memory of new partitions; pass over what `screened` covers already."""
        seen, model = self._screen.seen, self._screen.judge.model
        context = self._screen.context
        seen.forget(self._moved)
        if context:
            context.forget(self._moved)
        self._moved.clear()
        for partition in {record.partition for record in batch}:
            if not seen.holds(partition):
                started = perf_counter()
                records = await self._memory.recall(partition)
                seen.load(partition, records)
                if context:
                    context.load(partition, records, model)
                count_stages({"recall": perf_counter() - started})
        once = {(record.partition, record.offset): record for record in batch}
        fresh = [record for at, record in once.items() if not seen.is_screened(*at, model)]
        if len(fresh) < len(batch):
            metrics.REPLAYED.inc(len(batch) - len(fresh))
            log.info("records came again that were screened already", extra={"records": len(batch) - len(fresh)})
        return fresh

    async def _verdict(self, batch: Sequence[Incoming]) -> Verdict:
        """Screen in a thread. A batch that raises is screened record by record, so that one hostile line harms no other."""
        try:
            return await asyncio.to_thread(screen, batch, self._screen, datetime.now(UTC))
        except Exception:
            log.exception("a batch could not be screened; trying its records one by one", extra={"records": len(batch)})
        verdicts = [await self._single(record) for record in batch]
        return merge(verdicts)

    async def _single(self, record: Incoming) -> Verdict:
        """Screen one record; reject its lines where the classifier works and they alone fail."""
        for _ in range(TRIES):
            try:
                return await asyncio.to_thread(screen, [record], self._screen, datetime.now(UTC))
            except Exception:
                log.exception("a record cannot be screened", extra={"partition": record.partition})
            if await self._judge_works():
                break
        log.error("the lines of a record go to the rejected", extra={"partition": record.partition})
        return unscreenable(record, self._screen.judge.model)

    async def _judge_works(self) -> bool:
        """While the classifier fails on a plain word, the fault is not the post's: wait until it works, acknowledge
        nothing. Whether it worked at once."""
        for failures, wait in enumerate(waits(first=1.0, cap=30.0)):
            try:
                await asyncio.to_thread(self._screen.judge.assess, [PROBE], ["fr"])
                self._fails = False
                return not failures
            except Exception:
                self._fails = True
                log.exception("the classifier fails; nothing is acknowledged until it works")
                await asyncio.sleep(wait)
        raise AssertionError("waits() never ends")


class Index(Protocol):
    """The index, as the indexing agent needs it."""

    async def write(self, hits: Sequence[Hit]) -> Sequence[tuple[Hit, str]]:
        """Write hits; return those that the mapping refuses, with the reason. Retries in place while the index is away."""

    async def unerased(self, hits: Sequence[Hit]) -> list[Hit]:
        """Those of these hits that were not erased."""

    async def withdraw_erased(self, hits: Sequence[Hit]) -> list[Hit]:
        """Remove those of the hits just written that were erased meanwhile; the others."""


class IndexingAgent:
    """Takes records of `hits`, writes them in bulk, sends what the index refuses to the rejected, acknowledges.

    A deletion wins, whichever comes first: what was erased is not written, and what was erased while it was being written is
    taken out again (`pipeline.index.eraser`).
    """

    def __init__(
        self, index: Index, outbox: Outbox, topics: Topics, intake: Intake, written: Callable[[Hit], None]
    ) -> None:
        self._index = index
        self._outbox = outbox
        self._topics = topics
        self._intake = intake
        self._written = written

    async def __call__(self, stream: Any) -> None:
        """The agent's loop; ends with the worker."""
        async for events in stream.noack_take(self._intake.records, within=self._intake.within_s):
            await self._take(events)
            for event in events:
                await stream.ack(event)

    async def _take(self, events: Sequence[Any]) -> None:
        hits: dict[tuple[str, int], tuple[Hit, Any]] = {}
        letters: list[Outgoing] = []
        for event in events:
            try:
                hit = decode_hit(event.message.value or b"")
            except msgspec.DecodeError as error:
                letters.append(self._letter(event, "not_a_hit", type(error).__name__))
            else:
                hits[hit.id, hit.index_version] = hit, event
        started = perf_counter()
        wanted = await self._index.unerased([hit for hit, _ in hits.values()])
        refused = await self._index.write(wanted) if wanted else []
        standing = await self._index.withdraw_erased(wanted)
        count_stages({"index": perf_counter() - started})
        letters += [self._letter(hits[hit.id, hit.index_version][1], "mapping_refused", why) for hit, why in refused]
        await self._outbox.deliver(letters)
        count_letters(letters)
        unwritten = {hit.id for hit, _ in refused}
        for hit in {hit.id: hit for hit in standing if hit.id not in unwritten}.values():
            self._written(hit)

    def _letter(self, event: Any, reason: Reason, why: str) -> Outgoing:
        message = event.message
        rejected = Rejected(raw=message.value or b"", reason=reason, detail=why, stage="indexing")
        return dead_letter(self._topics, rejected, f"{self._topics.hits}/{message.partition}/{message.offset}/0")


def incoming(event: Any) -> Incoming:
    """A Faust event as screening takes it."""
    message = event.message
    received_at = datetime.fromtimestamp(message.timestamp, UTC)
    whence = (dict(message.headers or {}).get("whence") or b"")[:300].decode("utf-8", "replace")
    return Incoming(message.partition, message.offset, message.value or b"", received_at, whence)


def _by_size(events: Sequence[Any], posts: int) -> Iterator[list[Any]]:
    """Consecutive events that hold about `posts` lines together: what is screened, delivered and acknowledged at once."""
    some: list[Any] = []
    held = 0
    for event in events:
        some.append(event)
        held += (event.message.value or b"").count(b"\n") + 1
        if held >= posts:
            yield some
            some, held = [], 0
    if some:
        yield some
