"""Generated streams: distinct authors a minute of many series over weeks, with all that makes counts rise without a spike.

Of each series: a base between 0.05 and 100 authors in 5 minutes, a daily rhythm of its own with two harmonics, weekdays, a level
that wanders over hours (standard deviation 10 to 30 %), and counts more dispersed than Poisson's (shape 40 to 400 in 5
minutes). Of all: holidays that move each series in its own way, and two surges of whole platforms, one that brings offers with
it and one that brings posts and hardly any offers.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.trends.baseline import DAY, DAYS
from pipeline.trends.tails import Floats

MONDAY = 29_454_400 // (7 * DAY) * 7 * DAY + 4 * DAY
"""The minute since 1970 at which every stream begins: a Monday in January 2026."""
PLATFORMS = 4
KNOT = 10
LEAST_BASE, MOST_BASE = 0.05, 100.0
HOLIDAYS = (10, 17, 23)
"""Days, from 0, that are holidays: a Thursday, a Thursday, a Wednesday."""


@dataclass(frozen=True, slots=True)
class Surge:
    """All posts of a platform times `factor` from a minute on; `brings` is the power of it by which offers rise too."""

    platform: int
    start: int
    minutes: int
    factor: float
    brings: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Which stream: its seed decides everything else."""

    seed: int
    series: int = 1000
    days: int = 30


class Stream:
    """One generated stream, drawn a day at a time."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._draws = np.random.default_rng([plan.seed, 8])
        draw, count = self._draws, plan.series
        self.platforms = draw.integers(0, PLATFORMS, count)
        self.base = np.exp(draw.uniform(np.log(LEAST_BASE), np.log(MOST_BASE), count)) / 5
        self._shape = np.exp(draw.uniform(np.log(40), np.log(400), count)) / 5
        self._phase = draw.uniform(0, 2 * np.pi, PLATFORMS)
        self._own_phase = self._phase[self.platforms] + draw.normal(0, 0.8, count)
        self._swing = draw.uniform(0.2, 0.8, count)
        self._second = draw.uniform(0, 0.25, count), draw.uniform(0, 2 * np.pi, count)
        self._weekdays = np.exp(draw.normal(0, 0.06, (DAYS, count)))
        self._weekdays[5:] *= np.exp(draw.normal(-0.1, 0.25, count))
        self._holidays = np.exp(draw.normal(-0.2, 0.3, (len(HOLIDAYS), count)))
        self._wander = self._wandering(plan.days * DAY // KNOT + 2)
        self.surges = self._surging()
        self._elastic = np.exp(draw.normal(0, 0.1, count))

    def days(self) -> Iterator[tuple[Floats, Floats, Floats]]:
        """Day by day: counts and rates (minutes x series), and all posts (minutes x platforms)."""
        for day in range(self.plan.days):
            rates, posts = self.rates(day)
            yield self.draw(rates, self._draws), rates, posts

    def draw(self, rates: Floats, draws: np.random.Generator, times: float = 1.0) -> Floats:
        """Counts of minutes at these rates times a factor: gamma mixed Poisson."""
        shape = self._shape * times
        return draws.poisson(rates * times * draws.gamma(shape, 1 / shape, rates.shape)).astype(np.float64)

    @property
    def spread(self) -> Floats:
        """The inverse shape of five minutes of each series, given its rate."""
        return 1 / (5 * self._shape)

    def unforeseen(self, rates: Floats) -> Floats:
        """The least variance with which the logarithm of the level in the next five minutes can be foretold, at these rates a
        minute, by one who knows all of a series but its present level: Kalman's filter in its steady state."""
        noise = 1 / np.maximum(rates, 1e-9) + 1 / self._shape
        step = 2 * self._deviation**2 / self._memory
        held = (np.sqrt(step * step + 4 * step * noise) - step) / 2
        found: Floats = np.minimum(held, self._deviation**2) + 2.2 * step  # 2.2: of the mean of five steps
        return found

    def rates(self, day: int) -> tuple[Floats, Floats]:
        """The true rates of a day, and the posts seen."""
        minutes = day * DAY + np.arange(DAY)
        turn = (2 * np.pi * (minutes % DAY) / DAY)[:, None]
        rhythm = self._swing * np.cos(turn - self._own_phase) + self._second[0] * np.cos(2 * turn - self._second[1])
        posts = 20_000 * np.exp(0.5 * np.cos(turn - self._phase)) * (0.9 if day % DAYS >= 5 else 1.0)
        rates = self.base * np.exp(rhythm) * self._weekdays[day % DAYS] * self._wandered(minutes)
        if day in HOLIDAYS:
            eased = np.minimum(1, np.minimum(minutes % DAY, DAY - minutes % DAY) / 120)[:, None]
            rates *= self._holidays[HOLIDAYS.index(day)] ** eased
            posts *= 0.8**eased
        for surge in self.surges:
            height = _height(surge, minutes)[:, None]
            on = self.platforms == surge.platform
            rates[:, on] *= height ** (surge.brings * self._elastic[on])
            posts[:, [surge.platform]] *= height
        return rates, self._draws.poisson(posts).astype(np.float64)

    def _wandering(self, knots: int) -> Floats:
        """The logarithm of the level at every tenth minute: autoregressive, with memories of 2 to 12 hours."""
        draw, count = self._draws, self.plan.series
        self._memory = np.exp(draw.uniform(np.log(120), np.log(720), count))
        keeps = np.exp(-KNOT / self._memory)
        self._deviation = deviation = draw.uniform(0.1, 0.3, count)
        found = np.empty((knots, count))
        found[0] = draw.normal(0, deviation)
        steps = draw.normal(0, 1, (knots, count)) * deviation * np.sqrt(1 - keeps**2)
        for knot in range(1, knots):
            found[knot] = keeps * found[knot - 1] + steps[knot]
        return found

    def _wandered(self, minutes: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Floats:
        knots, weight = minutes // KNOT, (minutes % KNOT / KNOT)[:, None]
        return np.exp(self._wander[knots] * (1 - weight) + self._wander[knots + 1] * weight)

    def _surging(self) -> tuple[Surge, Surge]:
        """Two surges in the second half, on different platforms."""
        draw, days = self._draws, self.plan.days
        first, second = draw.permutation(PLATFORMS)[:2]
        half, late = days // 2, 3 * days // 4
        at = (
            draw.integers([half, late], [max(late, half + 1), max(days, late + 1)]) * DAY + draw.integers(6, 18, 2) * 60
        )
        return Surge(int(first), int(at[0]), 180, 3.0, 1.0), Surge(int(second), int(at[1]), 120, 4.0, 0.1)


def _height(surge: Surge, minutes: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Floats:
    """The factor of a surge: up within 10 minutes, down within 30."""
    since = minutes - surge.start
    rise = np.clip(np.minimum(since / 10, (surge.minutes - since) / 30), 0, 1)
    found: Floats = surge.factor**rise
    return found
