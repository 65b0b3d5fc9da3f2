"""The erasing agent: what its platform deleted leaves the index, and a tombstone keeps it out.

Acknowledge after erasing: an erasure is acknowledged when its tombstone stands and a search found nothing under it any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

import msgspec

from pipeline import metrics
from pipeline.agents import Intake
from pipeline.broker.topics import Topics
from pipeline.codec import decode_erasure, lines
from pipeline.counting import count_letters
from pipeline.delivery import Outbox, Outgoing, dead_letter
from pipeline.index.tombstones import Tombstone
from pipeline.posts import Erasure, Rejected
from pipeline.screen.pseudonyms import Pseudonyms


class Eraser(Protocol):
    """The index, as erasing needs it. Waits while the index is away."""

    async def bury(self, buried: Sequence[Tombstone]) -> None:
        """Write tombstones."""

    async def remove(self, buried: Sequence[Tombstone]) -> int:
        """Remove everything on which these tombstones lie; how many hits that were."""


@dataclass(frozen=True, slots=True)
class Mason:
    """Makes tombstones: what an erasure names, under the ids of the index, and for how long it stays out."""

    pseudonyms: Pseudonyms
    kept: timedelta
    earlier: tuple[Pseudonyms, ...] = ()
    """Under the keys of before, which named what was found then."""

    def tombstones(self, erasure: Erasure, now: datetime) -> list[Tombstone]:
        """The tombstones of an erasure that is carried out now, one under each key that is held, the current one's first."""
        kind: Literal["post", "author"] = "post" if erasure.native_id is not None else "author"
        ids = dict.fromkeys(_named(erasure, under) for under in (self.pseudonyms, *self.earlier))
        return [Tombstone(id_, kind, erasure.cause, erasure.erased_at, now + self.kept) for id_ in ids]

    def of_document(self, id_: str, now: datetime) -> Tombstone:
        """The tombstone of a document that has expired and whose post cannot be named any more."""
        return Tombstone(id_, "post", "expired", now, now + self.kept)


def _named(erasure: Erasure, under: Pseudonyms) -> str:
    """The id of what an erasure names: a post's document, or an account's pseudonym."""
    if erasure.native_id is not None:
        return under.document_id(erasure.platform, erasure.native_id)
    return under.author(erasure.platform, erasure.author_id or "")


class ErasingAgent:
    """Takes records of `erasures`, one or more a record, a line each; what is none goes to the rejected."""

    def __init__(self, eraser: Eraser, outbox: Outbox, topics: Topics, intake: Intake, mason: Mason) -> None:
        self._eraser = eraser
        self._outbox = outbox
        self._topics = topics
        self._intake = intake
        self._mason = mason

    async def __call__(self, stream: Any) -> None:
        """The agent's loop; ends with the worker."""
        async for events in stream.noack_take(self._intake.records, within=self._intake.within_s):
            await self._take([event.message for event in events])
            for event in events:
                await stream.ack(event)

    async def _take(self, messages: Sequence[Any]) -> None:
        erasures: list[Erasure] = []
        letters: list[Outgoing] = []
        for message in messages:
            for number, line in enumerate(lines(message.value or b"")):
                try:
                    erasures.append(decode_erasure(line, datetime.fromtimestamp(message.timestamp, UTC)))
                except msgspec.DecodeError as error:
                    letters.append(self._letter(message, number, line, error))
        await self._outbox.deliver(letters)
        count_letters(letters)
        await self._erase(erasures)
        now = datetime.now(UTC).timestamp()
        for message in messages:
            metrics.ERASURE_SECONDS.observe(max(0.0, now - message.timestamp))

    async def _erase(self, erasures: Sequence[Erasure]) -> None:
        now = datetime.now(UTC)
        buried: dict[str, Tombstone] = {}
        for stone in (stone for erasure in erasures for stone in self._mason.tombstones(erasure, now)):
            if stone.id not in buried or buried[stone.id].erased_at < stone.erased_at:
                buried[stone.id] = stone
        if buried:
            await self._eraser.bury(list(buried.values()))
            await self._eraser.remove(list(buried.values()))
        for erasure in erasures:
            metrics.ERASURES.labels(erasure.cause).inc()

    def _letter(self, message: Any, number: int, line: bytes, error: msgspec.DecodeError) -> Outgoing:
        rejected = Rejected(raw=line, reason="not_an_erasure", detail=type(error).__name__, stage="erasing")
        origin = f"{self._topics.erasures}/{message.partition}/{message.offset}/{number}"
        return dead_letter(self._topics, rejected, origin)
