"""What agents hand to the broker, and the promise they rely on: delivered when it returns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.broker.envelope import enveloped
from pipeline.broker.topics import Topics
from pipeline.codec import encode
from pipeline.posts import Hit, Rejected
from pipeline.screen.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to deliver. Without a partition the key decides."""

    topic: str
    value: bytes
    key: bytes | None = None
    partition: int | None = None
    headers: Mapping[str, bytes] = field(default_factory=dict)


class Outbox(Protocol):
    """Delivers records."""

    async def deliver(self, records: Sequence[Outgoing]) -> None:
        """Return when the broker has acknowledged every record; try again in place until it has. Raises nothing but
        cancellation."""


def findings(verdict: Verdict, topics: Topics) -> list[Outgoing]:
    """The hits and the rejected lines of a verdict: they go before the account."""
    hits = [Outgoing(topics.hits, hit_value(hit, topics), key=hit.id.encode()) for hit in verdict.hits]
    refused = [
        dead_letter(topics, refusal.rejected, f"{topics.posts}/{at.partition}/{at.offset}/{at.line}")
        for refusal in verdict.refusals
        for at in [refusal.position]
    ]
    return hits + refused


def hit_value(hit: Hit, topics: Topics) -> bytes:
    """The value of a hit's record: JSON, in Kafka Connect's envelope where the topics are set to it."""
    encoded = encode(hit)
    return enveloped(encoded, Hit) if topics.enveloped else encoded


def account(verdict: Verdict, topics: Topics) -> list[Outgoing]:
    """The records of `screened`: they go last, to the partition that they speak of."""
    return [Outgoing(topics.screened, encode(record), partition=record.partition) for record in verdict.screened]


def dead_letter(topics: Topics, rejected: Rejected, origin: str) -> Outgoing:
    """A rejected line: its bytes are the value, why and whence are headers (never content)."""
    headers = {
        "reason": rejected.reason.encode(),
        "detail": rejected.detail.encode("utf-8", "replace"),
        "stage": rejected.stage.encode(),
        "origin": origin.encode(),
    }
    return Outgoing(topics.rejected, rejected.raw, key=origin.encode(), headers=headers)
