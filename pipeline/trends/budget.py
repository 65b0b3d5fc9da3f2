"""How much surprise pages: a budget of false pages a week, shared over all series and windows."""

from collections.abc import Sequence

import numpy as np

from pipeline.trends.baseline import DAY, DAYS
from pipeline.trends.detector import FIVE, HOUR
from pipeline.trends.tails import Floats

SHARES = (0.02, 0.78, 0.2)
"""The part of the budget that each window (1, 5, 60 minutes) may spend, before it is shared out."""
LARGE = 12.0
"""Voices expected in five minutes from which on a threefold rise shows within five minutes. Below, the window of five minutes may
spend less, as it would find nothing; above, that of an hour, as it finds nothing that five minutes do not find sooner, and the
level wanders within it."""
LEAST_PART = 0.02
QUIET = 60
"""Minutes without a surprise that pages after which a series may page again."""

Rows = Sequence[int] | slice


def weighed(surprise: Floats, expected: Floats, rows: Rows) -> Floats:
    """The surprise of windows (windows x series) on one scale: with what a window of a series may spend of the budget.

    The parts come to 1 a series on average over the `rows` in use, so the bound of `threshold` holds. They depend on what was
    `expected` of five minutes (by series) alone: a part that followed the count would be no bound.
    """
    parts = np.repeat(np.array(SHARES)[:, None], expected.size, axis=1)
    size = np.maximum(expected, 1e-3) / LARGE
    parts[FIVE] *= np.clip(size**2, LEAST_PART, 1.0)
    parts[HOUR] *= np.clip(size**-2.0, LEAST_PART, 1.0)
    found: Floats = surprise + np.log10(parts / parts[:, rows].sum(axis=0).mean())
    return found


def threshold(series: int, pages_a_week: float) -> float:
    """The weighed surprise above which a series pages: so many tests are made in a week that chance alone reaches it
    `pages_a_week` times at most (Bonferroni's bound)."""
    return float(np.log10(max(series, 1) * DAYS * DAY / pages_a_week))


class Pages:
    """Which series page: those above the threshold that were below it for an hour, once they were watched for a week."""

    WARM = float(DAYS * DAY)

    def __init__(self, series: int) -> None:
        self.last = np.full(series, -np.inf)

    def judge(self, number: int, scores: Floats, age: Floats, least: float) -> list[int]:
        """The rows that page in this minute: `scores` are weighed and the highest of each series, `age` is in minutes."""
        over = (scores >= least) & (age >= self.WARM)
        found = np.nonzero(over & (number - self.last > QUIET))[0]
        self.last[over] = number
        return [int(row) for row in found]

    def is_open(self, row: int, number: int) -> bool:
        """Whether a series is in a spike: an hour of calm has not passed since."""
        return bool(number - self.last[row] <= QUIET)

    def clear(self, row: int) -> None:
        """A row has changed hands."""
        self.last[row] = -np.inf
