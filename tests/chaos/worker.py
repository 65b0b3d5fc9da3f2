"""A worker as it ships, with a constant classifier, that kills itself once at a chosen point inside a batch.

`CHAOS_POINT` is `findings:N` (the hits of the N-th batch are delivered, its account is not), `account:N` (the account is
delivered, nothing is acknowledged), `bulk:N` (the index has the batch, nothing is acknowledged), `bury:N` (tombstones stand,
nothing is removed) or `remove:N` (what was erased is removed, nothing is acknowledged). `CHAOS_MARK` is a file that says it has
happened.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.constant import ConstantClassifier
from pipeline.commands.work import start
from pipeline.delivery import Outgoing
from pipeline.index.tombstones import Tombstone
from pipeline.posts import Hit
from pipeline.settings import Settings

HIT_EVERY = 7


class Deadly:
    """Passes everything on to the real part, and ends the process after the N-th call that matters."""

    def __init__(self, real: Any, point: str, mark: Path) -> None:
        self._real = real
        self._kind, _, number = point.partition(":")
        self._left = int(number or 0)
        self._mark = mark

    async def deliver(self, records: Sequence[Outgoing]) -> None:
        """Deliver, then perhaps die."""
        await self._real.deliver(records)
        topic = records[0].topic if records else ""
        if self._kind == ("account" if topic.endswith("screened") else "findings") and records:
            self._die()

    async def write(self, hits: Sequence[Hit]) -> Sequence[tuple[Hit, str]]:
        """Write to the index, then perhaps die."""
        refused: Sequence[tuple[Hit, str]] = await self._real.write(hits)
        if self._kind == "bulk":
            self._die()
        return refused

    async def bury(self, buried: Sequence[Tombstone]) -> None:
        """Write tombstones, then perhaps die."""
        await self._real.bury(buried)
        if self._kind == "bury":
            self._die()

    async def remove(self, buried: Sequence[Tombstone]) -> int:
        """Remove what was erased, then perhaps die."""
        removed: int = await self._real.remove(buried)
        if self._kind == "remove":
            self._die()
        return removed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def _die(self) -> None:
        self._left -= 1
        if self._left <= 0 and not self._mark.exists():
            self._mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


def main(role: str) -> None:
    """Run the worker."""
    hit_every = int(os.environ.get("CHAOS_HIT_EVERY", HIT_EVERY))
    point, mark = os.environ.get("CHAOS_POINT", ""), Path(os.environ["CHAOS_MARK"])
    start(Settings.read(), role, None, ConstantClassifier(hit_every), lambda real: Deadly(real, point, mark))


if __name__ == "__main__":
    main(sys.argv[1])
