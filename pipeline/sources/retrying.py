"""When to open a source again: growing pauses with full jitter, and a breaker that leaves it alone for long.

The pauses start anew only after data have flowed for a while: a source that takes a connection and drops it at once would
else be opened hundreds of times a second.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.backoff import waits

LONGEST_ASKED_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: the first pause and the longest, how long data must flow until failures are forgotten; after `breaks_after`
    failures in a row the source is left alone for `broken_s`, and tried once."""

    first_s: float = 1.0
    cap_s: float = 60.0
    flow_s: float = 10.0
    breaks_after: int = 10
    broken_s: float = 300.0


class Retrying:
    """Counts the failures of one source."""

    def __init__(self, patience: Patience, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience = patience
        self._clock = clock
        self._began: float | None = None
        self._forget()

    def _forget(self) -> None:
        self._failures = 0
        self._waits = waits(self._patience.first_s, self._patience.cap_s)

    def flowed(self) -> None:
        """A step came."""
        now = self._clock()
        if self._began is None:
            self._began = now
        elif now - self._began >= self._patience.flow_s and self._failures:
            self._forget()

    def failed(self, asked_s: float | None = None) -> float:
        """The source is away, and asked to be left alone for so long: seconds until it is opened again."""
        self._began = None
        self._failures += 1
        pause = self._patience.broken_s + next(self._waits) if self.broken else next(self._waits)
        if asked_s is None or not asked_s > 0:
            return pause
        return max(pause, min(asked_s, LONGEST_ASKED_S) + random.uniform(0, self._patience.first_s))  # noqa: S311

    @property
    def broken(self) -> bool:
        """Whether it failed so often in a row that it is left alone."""
        return self._failures >= self._patience.breaks_after
