"""Retaining: months that have had their time go, and what was deleted leaves the files of those that have ended."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from pipeline.errors import FanalError
from pipeline.index.months import Month, ended, expired

log = logging.getLogger("fanal.retaining")

EVERY_S = 3600.0
SETTLED_EVERY_S = 86_400.0


class Kept(Protocol):
    """The months on the server (`pipeline.index.months.Months`)."""

    async def standing(self) -> list[Month]:
        """Those that are there."""

    async def drop(self, months: Sequence[Month]) -> None:
        """Delete some."""

    async def settle(self, months: Sequence[Month]) -> None:
        """Merge away what was deleted in some."""


class Retaining:
    """Looks every hour, and merges once a day, while `leads` says that no other worker does."""

    def __init__(self, months: Kept, keep_months: int, leads: Callable[[], bool]) -> None:
        self._months = months
        self._keep = keep_months
        self._leads = leads
        self._settled_at: datetime | None = None

    async def run(self) -> None:
        """Look for ever. A failure is logged and tried again: the erasing worker goes on."""
        while True:
            pause = 60.0
            try:
                if self._leads():
                    await self.look(datetime.now(UTC))
                    pause = EVERY_S
            except FanalError as error:
                log.warning("months cannot be looked at; trying again", extra={"why": str(error)})
            except Exception:
                log.exception("retaining failed; trying again")
            await asyncio.sleep(pause)

    async def look(self, now: datetime) -> None:
        """Look once."""
        standing = await self._months.standing()
        gone = expired(standing, self._keep, now)
        await self._months.drop(gone)
        for month in gone:
            log.info("a month has had its time and was deleted", extra={"month": month.name, "hits": month.hits})
        if self._settled_at is None or (now - self._settled_at).total_seconds() >= SETTLED_EVERY_S:
            await self._months.settle([month for month in ended(standing, now) if month not in gone])
            self._settled_at = now
