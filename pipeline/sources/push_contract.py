"""What push needs of whoever runs it: a way to the broker, and how much it may take in hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.errors import Unavailable
from pipeline.sources.connector import Event

MAX_BYTES = 16 << 20
"""Bytes of a body at the most: rejected whole, it must fit in a record."""


class BufferFull(Unavailable):
    """More waits for the broker than may: nothing of these events was taken. Come again after `retry_after_s`."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("more waits for the broker than may")
        self.retry_after_s = retry_after_s


class Delivery(Protocol):
    """What push needs of the collector."""

    async def deliver(self, source: str, events: Sequence[Event]) -> None:
        """Return when the broker has acknowledged every event of a source.

        Raises:
            BufferFull: nothing was taken.
            Unavailable: not everything was acknowledged in time; sent again, nothing is lost.
        """


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of a body (packed and unpacked), bytes of all bodies in hand, and seconds within which a body must come."""

    body: int = MAX_BYTES
    in_hand: int = 4 * MAX_BYTES
    within_s: float = 60.0


LIMITS = Limits()
