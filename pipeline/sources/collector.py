"""The collector: every source of a configuration in one process, each with a reader, a bounded wait and a delivery of its own.

    connector ──► Reading ──► Waiting (bounded) ──► Delivering ──► broker acknowledged ──► Progress ──► topic `cursors`

At least once: the cursor is written after the events before it, so what a kill leaves between the two is read again, and
screening passes over what it has seen.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from pipeline.backoff import waits
from pipeline.broker.cursors import SourceState
from pipeline.errors import BrokerUnavailable, ConfigurationError
from pipeline.sources.connector import Connector
from pipeline.sources.delivering import Delivering
from pipeline.sources.outlet import Outlet
from pipeline.sources.progress import Progress
from pipeline.sources.reading import Manner, Reading
from pipeline.sources.waiting import Waiting

log = logging.getLogger("fanal.collect")

BeforeLive = Callable[[Sequence[str]], Awaitable[None]]
"""Called with the names of the live sources before any of them is read; raises `ConfigurationError` where they must not be."""


class Keeper(Protocol):
    """Keeps the sources' states: the topic `cursors`."""

    async def read(self) -> Mapping[str, SourceState]:
        """The state of every source that was ever read, by name."""

    async def write(self, states: Sequence[SourceState]) -> None:
        """Return when the states are kept; raises `BrokerUnavailable` when they are not."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Seconds: between two looks at what is to be written, between two states of a source whose cursor stands, and how long
    an end may take."""

    every_s: float = 1.0
    health_s: float = 5.0
    grace_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Means:
    """What a collector works with: an outlet a source, and who keeps the cursors."""

    outlet: Callable[[], Outlet]
    keeper: Keeper
    how: Manner = field(default_factory=Manner)
    rhythm: Rhythm = field(default_factory=Rhythm)


class _Source:
    """One source at work."""

    def __init__(self, connector: Connector, before: SourceState | None, means: Means) -> None:
        self.progress = Progress(connector, before)
        waiting = Waiting(means.how.room, means.how.at_once)
        self._waiting = waiting
        self._reading = Reading(connector, waiting, self.progress, means.how)
        self.delivering = Delivering(connector, waiting, means.outlet(), self.progress, means.how.linger_s)
        self.reader = asyncio.create_task(self._reading.run(), name=f"read {connector.name}")
        self.deliverer = asyncio.create_task(self.delivering.run(), name=f"deliver {connector.name}")
        self.written = self.progress.state

    async def stop(self, grace_s: float) -> None:
        """Read no more, deliver what waits within the grace, and end."""
        if not self.reader.done():
            self.reader.cancel()
            await asyncio.wait([self.reader], timeout=grace_s)
            self.progress.became("stopped")
        self._waiting.close()
        await asyncio.wait([self.deliverer], timeout=grace_s)
        if not self.deliverer.done():
            log.warning("events were not delivered in time; they are read again", extra={"source": self.name})
            self.deliverer.cancel()
            await asyncio.wait([self.deliverer], timeout=grace_s)

    @property
    def name(self) -> str:
        """Its name."""
        return self.progress.state.source

    def to_write(self, now: datetime, health_s: float) -> bool:
        """Whether its state is to be written: the cursor has moved, or the last state is old."""
        moved = self.progress.state.sequence != self.written.sequence
        turned = self.progress.state.status != self.written.status
        return moved or turned or (now - self.written.written_at).total_seconds() >= health_s


class Collector:
    """Reads all sources until they end, all refuse, or `stop` is called."""

    def __init__(self, connectors: Sequence[Connector], means: Means, before_live: Sequence[BeforeLive] = ()) -> None:
        self._connectors = connectors
        self._means = means
        self._before_live = before_live
        self._sources: list[_Source] = []
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End soon: deliver what was read, write the cursors."""
        self._stopping.set()

    async def abandon(self) -> None:
        """End at once, as a kill would: what was not acknowledged is dropped, no cursor is written."""
        tasks = [task for source in self._sources for task in (source.reader, source.deliverer)]
        for task in tasks:
            task.cancel()
        self._sources = []
        await asyncio.gather(*tasks, return_exceptions=True)

    async def run(self) -> list[SourceState]:
        """Collect; the states in the end.

        Raises:
            ConfigurationError: live sources must not be read, or every source refuses.
            BrokerUnavailable: the cursors cannot be read at the start.
        """
        if live := [one.name for one in self._connectors if one.live]:
            for check in self._before_live:
                await check(live)
        before = await self._means.keeper.read()
        self._sources = [_Source(one, before.get(one.name), self._means) for one in self._connectors]
        try:
            await self._until_over()
        finally:
            await asyncio.gather(*(source.stop(self._means.rhythm.grace_s) for source in self._sources))
            await self._write_last()
        self._raise_if_useless()
        return [source.progress.state for source in self._sources]

    async def _until_over(self) -> None:
        """Keep the states written until all is delivered that will be, or someone asks to stop."""
        asked = asyncio.create_task(self._stopping.wait())
        try:
            while not self._stopping.is_set() and any(not source.deliverer.done() for source in self._sources):
                working = [source.deliverer for source in self._sources if not source.deliverer.done()]
                await asyncio.wait(
                    [asked, *working], timeout=self._means.rhythm.every_s, return_when=asyncio.FIRST_COMPLETED
                )
                for source in self._sources:
                    if source.deliverer.done() and (error := source.deliverer.exception()):
                        raise error
                await self._write()
        finally:
            asked.cancel()

    async def _write_last(self) -> None:
        """Write every state, trying again within the grace: there is no next look."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._means.rhythm.grace_s):
                for wait in waits():
                    if await self._write(everything=True):
                        return
                    await asyncio.sleep(wait)

    async def _write(self, *, everything: bool = False) -> bool:
        """Write what has moved; whether it was. A broker that is away keeps nothing back: it is tried again at the next look."""
        now = datetime.now(UTC)
        for source in self._sources:
            source.progress.tick(now)
        due = [one for one in self._sources if everything or one.to_write(now, self._means.rhythm.health_s)]
        states = [msgspec.structs.replace(one.progress.state, written_at=now) for one in due]
        try:
            async with asyncio.timeout(self._means.rhythm.grace_s):
                await self._means.keeper.write(states)
        except (BrokerUnavailable, TimeoutError) as error:
            log.warning("cursors are not written; trying again", extra={"why": type(error).__name__})
            return False
        for source, state in zip(due, states, strict=True):
            source.written = state
        return True

    def _raise_if_useless(self) -> None:
        states = [source.progress.state for source in self._sources]
        if states and all(state.status == "refused" for state in states):
            raise ConfigurationError(f"every source refuses; {states[0].source}: {states[0].why}")

    @property
    def is_reading(self) -> bool:
        """Whether sources are being read."""
        return bool(self._sources) and not self._stopping.is_set()

    def sources(self) -> str | None:
        """Whether sources are being read, or why not, in a line: for `/readyz`."""
        return None if self.is_reading else "none is read yet"

    def complaint(self, patience_s: float) -> str | None:
        """Which source has waited too long for the broker, or None: for `/healthz`."""
        stuck = [source.name for source in self._sources if source.delivering.stuck_s > patience_s]
        return f"source {stuck[0]} has delivered nothing for {patience_s:.0f} s" if stuck else None
