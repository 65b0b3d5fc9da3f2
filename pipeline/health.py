"""Whether a worker is ready, part by part, from what is known already: nobody who asks waits for a server.

The broker is asked by the watch (`pipeline.watch`), the index by `Asking`; both remember the last answer and how old it is, so
that a server that hangs is as good as one that is away.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pipeline import metrics
from pipeline.errors import FanalError

EVERY_S = 5.0
PATIENCE_S = 3.0
SILENT_S = 15.0

Check = Callable[[], str | None]
"""None when all is well, else what is wrong, in a line. Returns at once."""


class Asking:
    """Asks a server again and again whether it answers, each time for at most three seconds, and remembers what came."""

    def __init__(
        self, ask: Callable[[], Awaitable[None]], every_s: float = EVERY_S, patience_s: float = PATIENCE_S
    ) -> None:
        self._ask = ask
        self._every_s = every_s
        self._patience_s = patience_s
        self._wrong: str | None = "it has not been asked yet"
        self._answered_at = -math.inf

    async def run(self) -> None:
        """Ask until cancelled. Raises nothing else."""
        while True:
            self._wrong = await self._asked()
            if self._wrong is None:
                self._answered_at = time.monotonic()
            await asyncio.sleep(self._every_s)

    def complaint(self) -> str | None:
        """What is wrong with the server, in a line; None while it answers."""
        silent = time.monotonic() - self._answered_at
        if self._wrong is None and silent > SILENT_S:
            return f"it has not answered for {silent:.0f} s"
        return self._wrong

    async def _asked(self) -> str | None:
        try:
            async with asyncio.timeout(self._patience_s):
                await self._ask()
        except TimeoutError:
            return f"it does not answer within {self._patience_s:g} s"
        except FanalError as error:
            return str(error)
        except Exception as error:
            return f"it cannot be asked ({type(error).__name__})"
        return None


@dataclass(frozen=True, slots=True)
class Readiness:
    """The checks of a worker's parts (`partitions`, `model`, `broker`, `index`), and those that are asked meanwhile."""

    checks: Mapping[str, Check]
    asking: Sequence[Asking] = ()

    def show(self) -> None:
        """Let each part be seen as a gauge, looked at when the metrics are read."""
        for part, check in self.checks.items():
            metrics.READY.labels(part).set_function(partial(_is_well, check))

    def complaint(self) -> str | None:
        """A line for each part that is not well, with its name; None where all are."""
        wrong = [f"{part}: {said}" for part, check in self.checks.items() if (said := check())]
        return "\n".join(wrong) or None


def _is_well(check: Check) -> float:
    return float(check() is None)
