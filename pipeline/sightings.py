"""The first half of the trends: hits and counts of posts, from however many partitions and workers, into one order.

    hits ──────► a sighting: series, author's pseudonym, text's fingerprint, document id ──┐
    screened ──► live posts by platform ───────────────────────────────────────────────────┴──► sightings (one partition)

What is not live (a replay, a backfill, what waited for a worker) is passed over here and never becomes a sighting.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from pipeline import metrics
from pipeline.broker.topics import Topics
from pipeline.codec import decode_screened
from pipeline.delivery import Outbox, Outgoing
from pipeline.rules.rule import MUTED
from pipeline.screen.live import is_live
from pipeline.trends.campaigns import fingerprint
from pipeline.trends.series import series_of
from pipeline.trends.spikes import Sighting, Sightings

log = logging.getLogger("fanal.sightings")

RECORDS = 512
WITHIN_S = 1.0

_encoder = msgspec.json.Encoder()


class _Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the trends read of a hit's document; the rest of it is not parsed."""

    platform: str
    lang: str
    kind: str
    text: str
    created_at: datetime
    received_at: datetime
    screened_at: datetime
    author: str | None = None
    transport: str | None = None
    subtypes: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    document: _Facts


_hits = msgspec.json.Decoder(_Found)


class Read(Protocol):
    """What a record comes to."""

    def __call__(self, value: bytes, /) -> Sightings:
        """Read a record. Raises `msgspec.DecodeError` where it is none of ours."""


def of_hit(value: bytes, minute_s: float) -> Sightings:
    """The sighting of a record of `hits`; nothing where the hit was not live, or a rule muted it. Authors that a platform does not
    name count as one, and of several routes the first.

    Raises:
        msgspec.DecodeError: the record is no hit.
    """
    try:
        found = _hits.decode(value)
    except UnicodeDecodeError:
        raise msgspec.DecodeError("the record is no text") from None
    facts = found.document
    if not is_live(facts.transport, facts.created_at, facts.received_at, facts.screened_at):
        metrics.LATE_HITS.inc()
        return Sightings()
    if MUTED in facts.tags:
        return Sightings()
    subtype = facts.subtypes[0] if facts.subtypes else None
    sighting = Sighting(
        minute=int(facts.received_at.timestamp() // minute_s),
        series=series_of(facts.kind, subtype, _route(facts), facts.lang, facts.platform),
        author=facts.author or "",
        campaign=fingerprint(facts.text),
        hit=found.id,
    )
    return Sightings(hits=(sighting,))


def _route(facts: _Facts) -> str | None:
    """The first route as a name of a series has it: `LY-IT`."""
    return facts.routes[0].replace(">", "-") if facts.routes else None


def of_screened(value: bytes) -> Sightings:
    """The live posts by platform of a record of `screened`.

    Raises:
        msgspec.DecodeError: the record is none of `screened`.
    """
    return Sightings(posts=decode_screened(value).live)


class SightingAgent:
    """Takes records of `hits` or of `screened`, sends what the trends see of them, acknowledges."""

    def __init__(self, read: Read, outbox: Outbox, topics: Topics) -> None:
        self._read = read
        self._outbox = outbox
        self._topics = topics

    async def __call__(self, stream: Any) -> None:
        """The agent's loop; ends with the worker."""
        async for events in stream.noack_take(RECORDS, within=WITHIN_S):
            await self._outbox.deliver(outgoing(self._together(events), self._topics))
            for event in events:
                await stream.ack(event)

    def _together(self, events: Sequence[Any]) -> Sightings:
        hits: list[Sighting] = []
        posts: Counter[str] = Counter()
        for event in events:
            try:
                found = self._read(event.message.value or b"")
            except msgspec.DecodeError as error:
                log.warning("a record cannot be read; passed over", extra={"why": type(error).__name__})
                continue
            hits += found.hits
            posts.update(found.posts)
        return Sightings(hits=tuple(hits), posts=dict(posts))


async def tick(outbox: Outbox, topics: Topics) -> None:
    """Send a record without content: it moves the clock of the trends where nothing else does."""
    await outbox.deliver([Outgoing(topics.sightings, _encoder.encode(Sightings()), partition=0)])


def outgoing(found: Sightings, topics: Topics) -> list[Outgoing]:
    """The record to send; none where there is nothing to say."""
    return [Outgoing(topics.sightings, _encoder.encode(found), partition=0)] if found.hits or found.posts else []
