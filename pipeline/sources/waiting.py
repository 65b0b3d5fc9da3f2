"""What was read and is not delivered yet: bounded in bytes. A full one stops reading, which is the back-pressure."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.sources.connector import Cursor
from pipeline.sources.stamping import Ready

OVERHEAD = 256
"""Bytes that an event takes beside its own."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some events in order, and the cursor that stands behind the last of them, or None."""

    events: Sequence[Ready]
    cursor: Cursor | None = None
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", OVERHEAD + sum(len(one.value) + OVERHEAD for one in self.events))


class Waiting:
    """Chunks between one reader and one that delivers. What is being delivered counts until the next `take`."""

    def __init__(self, limit: int, at_once: int) -> None:
        self._limit = limit
        self._at_once = at_once
        self._chunks: deque[Chunk] = deque()
        self._changed = asyncio.Event()
        self._closed = False
        self._taken = 0
        self.held = 0
        """Bytes that wait or are being delivered. One chunk is always let in, however large."""

    async def put(self, chunk: Chunk) -> None:
        """Add a chunk; wait while there is no room."""
        while self.held and self.held + chunk.size > self._limit:
            self._changed.clear()
            await self._changed.wait()
        self.held += chunk.size
        self._chunks.append(chunk)
        self._changed.set()

    async def take(self) -> list[Chunk]:
        """What waits, up to so many bytes at once; wait for the first. Empty when all is taken and none will come."""
        self.held -= self._taken
        self._taken = 0
        self._changed.set()
        while not self._chunks:
            if self._closed:
                return []
            self._changed.clear()
            await self._changed.wait()
        some = [self._chunks.popleft()]
        size = some[0].size
        while self._chunks and size + self._chunks[0].size <= self._at_once:
            some.append(self._chunks.popleft())
            size += some[-1].size
        self._taken = size
        return some

    @property
    def is_thin(self) -> bool:
        """Whether more may well come, and less waits than half of what is taken at once."""
        return not self._closed and self.held - self._taken < self._at_once // 2

    def close(self) -> None:
        """Say that no chunk will come."""
        self._closed = True
        self._changed.set()
