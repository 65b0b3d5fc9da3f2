"""How long it takes from the broker's timestamp of a post until a search finds its hit: measured, not assumed."""

import asyncio
import logging
import math
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

from pipeline import metrics
from pipeline.posts import Hit

log = logging.getLogger("fanal.searchable")

EVERY_S = 0.1
PATIENCE_S = 60.0
REST_S = 2.0
"""Between two hits that are followed: asking ten times a second without an end took a fiftieth of a small machine."""


class Findable(Protocol):
    """The index, as this measurement needs it."""

    async def searchable(self, id_: str) -> bool:
        """Whether a search finds the document."""


class Searchable:
    """Follows one written hit at a time until a search finds it, then rests: a sample of them, not each."""

    def __init__(self, index: Findable, rest_s: float = REST_S) -> None:
        self._index = index
        self._rest_s = rest_s
        self._rests_until = -math.inf
        self._task: asyncio.Task[None] | None = None

    def written(self, hit: Hit) -> None:
        """Follow this hit, unless another is being followed or was a moment ago."""
        if (self._task is None or self._task.done()) and time.monotonic() >= self._rests_until:
            self._task = asyncio.get_running_loop().create_task(self._follow(hit))

    async def stop(self) -> None:
        """Give up what is being followed."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _follow(self, hit: Hit) -> None:
        received = hit.document.received_at
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while not await self._found(hit.id):  # noqa: ASYNC110 - the index has no event to wait for
                    await asyncio.sleep(EVERY_S)
                metrics.SEARCHABLE.observe((datetime.now(UTC) - received).total_seconds())
        self._rests_until = time.monotonic() + self._rest_s

    async def _found(self, id_: str) -> bool:
        try:
            return await self._index.searchable(id_)
        except Exception as error:
            log.warning("the index cannot be asked whether a hit is found", extra={"why": type(error).__name__})
            return False
