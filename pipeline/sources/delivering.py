"""Delivering what one source gave: tried again in place until the broker has it; only then does the cursor move."""

import asyncio
import logging
import time
from collections.abc import Sequence

from pipeline.backoff import waits
from pipeline.errors import BrokerUnavailable
from pipeline.sources.connector import Acknowledges, Connector
from pipeline.sources.outlet import Outlet
from pipeline.sources.progress import Progress
from pipeline.sources.stamping import Ready
from pipeline.sources.waiting import Chunk, Waiting

log = logging.getLogger("fanal.collect")


class Delivering:
    """Delivers what waits until no more will come."""

    def __init__(
        self, connector: Connector, waiting: Waiting, outlet: Outlet, progress: Progress, linger_s: float
    ) -> None:
        self._asks = connector if isinstance(connector, Acknowledges) else None
        self._waiting = waiting
        self._outlet = outlet
        self._progress = progress
        self._linger_s = linger_s
        self._since: float | None = None

    async def run(self) -> None:
        """Deliver. Raises nothing but cancellation, and `ConfigurationError` where a topic is missing."""
        try:
            while chunks := await self._waiting.take():
                await self._until_acknowledged([event for chunk in chunks for event in chunk.events])
                self._progress.acknowledged(chunks)
                self._tell(chunks)
                if self._waiting.is_thin:
                    await asyncio.sleep(self._linger_s)  # records of many posts cost the workers less
        finally:
            await self._outlet.close()

    def _tell(self, chunks: Sequence[Chunk]) -> None:
        """Tell the connector, where it wants to know."""
        for cursor in [chunk.cursor for chunk in chunks if chunk.cursor is not None][-1:]:
            if self._asks:
                self._asks.acknowledged(cursor)

    async def _until_acknowledged(self, events: Sequence[Ready]) -> None:
        self._since = time.monotonic()
        for wait in waits():
            try:
                await self._outlet.deliver(events)
            except BrokerUnavailable as error:
                log.warning(
                    "events are not delivered; trying again",
                    extra={"source": self._progress.state.source, "events": len(events), "why": str(error)},
                )
                await asyncio.sleep(wait)
            else:
                self._since = None
                return

    @property
    def stuck_s(self) -> float:
        """For how long the same events have waited for the broker."""
        return time.monotonic() - self._since if self._since else 0.0
