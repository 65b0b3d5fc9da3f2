"""How much surprise pages: a budget of false pages a week, shared over all series and windows."""

import numpy as np

from pipeline.trends.baseline import DAY, DAYS
from pipeline.trends.tails import Floats

SHARES = (0.1, 0.6, 0.3)
"""The part of the budget that each window (1, 5, 60 minutes) may spend."""
QUIET = 60
"""Minutes without a surprise that pages after which a series may page again."""


def weighed(surprise: Floats) -> Floats:
    """The surprise of windows (first axis) on one scale: less what a window's part of the budget costs it."""
    found: Floats = surprise + np.log10(np.array(SHARES))[:, None]
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
