"""Reading one source: opened again when it is away, left alone when it refuses, and stopped while there is no room."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pipeline.errors import ConfigurationError, Unavailable
from pipeline.sources.connector import Connector, Cursor, SourceAway, Step
from pipeline.sources.progress import Progress
from pipeline.sources.retrying import Patience, Retrying
from pipeline.sources.stamping import Stamp
from pipeline.sources.turns import Turns
from pipeline.sources.waiting import Chunk, Waiting

log = logging.getLogger("fanal.collect")

AT_ONCE = 64
CAUGHT_UP_S = 5.0
_FAULT = "its connector failed in a way that nobody foresaw; the log names the place"


@dataclass(frozen=True, slots=True)
class Manner:
    """How sources are read.

    `once`: until a source has nothing new for `quiet_s`, or its newest event is 5 s old. `room`: bytes that may wait between
    reading and delivering, a source; `at_once` of them are delivered together, after a pause of `linger_s` where few wait.
    """

    once: bool = False
    quiet_s: float = 10.0
    patience: Patience = field(default_factory=Patience)
    room: int = 8 << 20
    at_once: int = 2 << 20
    linger_s: float = 0.05


class Reading:
    """Reads one connector into `waiting` until it ends or refuses."""

    def __init__(self, connector: Connector, waiting: Waiting, progress: Progress, how: Manner) -> None:
        self._connector = connector
        self._waiting = waiting
        self._progress = progress
        self._how = how
        self._retrying = Retrying(how.patience)
        self._stamp = Stamp(connector)
        self._cursor: Cursor | None = progress.state.cursor
        self._turns = Turns()

    async def run(self) -> None:
        """Read. Raises nothing but cancellation."""
        try:
            while (pause := await self._open()) is not None:
                await asyncio.sleep(pause)
                self._progress.reopened()
        finally:
            self._waiting.close()

    async def _open(self) -> float | None:
        """Read until the source fails: seconds until it is opened again, None for never."""
        try:
            await self._steps()
        except ConfigurationError as error:
            self._refused(str(error))
            return None
        except SourceAway as error:
            return self._away(error.why, error.retry_after_s)
        except Unavailable as error:
            return self._away(type(error).__name__)
        except Exception:
            log.exception("a connector failed", extra={"source": self._connector.name})
            self._progress.failed("unforeseen")
            return self._pause(_FAULT, None)
        self._progress.became("ended")
        log.info("a source has ended", extra={"source": self._connector.name})
        return None

    async def _steps(self) -> None:
        async with aclosing(self._until_quiet(self._connector.steps(self._cursor))) as steps:
            async for step in steps:
                self._retrying.flowed()
                self._progress.read(step)
                for chunk in self._chunks(step):
                    await self._waiting.put(chunk)
                    await self._turns.give_way()
                self._cursor = step.cursor or self._cursor
                if self._how.once and step.behind_s is not None and step.behind_s <= CAUGHT_UP_S:
                    return

    async def _until_quiet(self, steps: AsyncIterator[Step]) -> Any:
        """The steps; with `once`, up to a silence."""
        try:
            while True:
                async with asyncio.timeout(self._how.quiet_s if self._how.once else None):
                    step = await anext(steps)
                yield step
        except (StopAsyncIteration, TimeoutError):
            return
        finally:
            await getattr(steps, "aclose", _nothing)()

    def _chunks(self, step: Step) -> Iterator[Chunk]:
        """A step in pieces, so that a large one neither holds the loop nor waits for room as a whole."""
        now = datetime.now(UTC)
        for start in range(0, max(1, len(step.events)), AT_ONCE):
            some = step.events[start : start + AT_ONCE]
            last = start + AT_ONCE >= len(step.events)
            yield Chunk([self._stamp(event, now) for event in some], step.cursor if last else None)

    def _refused(self, why: str) -> None:
        self._progress.failed("refused")
        self._progress.became("refused", why)
        log.error("a source refuses: a person must act", extra={"source": self._connector.name, "why": why})

    def _away(self, why: str, asked_s: float | None = None) -> float | None:
        self._progress.failed("away")
        return self._pause(why, asked_s)

    def _pause(self, why: str, asked_s: float | None) -> float | None:
        if self._how.once:
            self._progress.became("away", why)
            return None
        was_broken = self._retrying.broken
        pause = self._retrying.failed(asked_s)
        self._progress.became("broken" if self._retrying.broken else "away", why)
        if self._retrying.broken and not was_broken:
            log.error(
                "a source fails again and again: it is left alone", extra={"source": self._connector.name, "why": why}
            )
        else:
            log.warning(
                "a source is away", extra={"source": self._connector.name, "why": why, "pause_s": round(pause, 1)}
            )
        return pause


async def _nothing() -> None:
    """For iterators that have nothing to close."""
