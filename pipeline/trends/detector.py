"""A minute of counts in, for every series how unusual it is out: windows of 1, 5 and 60 minutes against the baseline.

The surprise of a window is -log10 of the probability of such a count or a higher one under the likelier of the baseline's two
models: a negative binomial whose dispersion is the sum of what the level, the rhythm and the posts seen leave unsaid, and of
what is left over in this series' own windows, which is learnt.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.trends.baseline import CELLS, DAY, HOURS, LONGEST, MINUTES, MODELS, Learning, Level, Rhythm
from pipeline.trends.spread import Spread
from pipeline.trends.tails import Floats, above, surprise

WINDOWS = (1, 5, 60)
MONDAY = 4 * DAY
"""Minutes from 1970 (a Thursday) to its first Monday."""
FIVE, HOUR = 1, 2
"""The places of the windows of 5 and 60 minutes."""
LEAST = 5
"""Distinct authors below which no window is unusual."""
SPREAD_EVERY = 5
"""Minutes between two looks at the dispersion of windows: they overlap, so more looks teach little."""
_CANDIDATE = 3.0
_SHARE = 0
_RING = LONGEST + 1


@dataclass(frozen=True, slots=True)
class Minute:
    """What was counted when a minute closed.

    `number` is minutes since 1970. `counts` (windows x series) are distinct over each window that ends with it; `posts`
    (windows x series) are all posts seen on the series' platform in that window.
    """

    number: int
    counts: Floats
    posts: Floats


@dataclass(frozen=True, slots=True)
class Scores:
    """Of each window (first axis) and series the surprise, and what each model expected (windows x models x series)."""

    surprise: Floats
    expected: Floats

    @property
    def soon(self) -> Floats:
        """What is expected of five minutes, by series: the lower of the models' expectations."""
        found: Floats = self.expected[FIVE].min(axis=0)
        return found


class Detector:
    """Learns the baselines of `series` rows and scores each minute against them. See the module."""

    def __init__(self, series: int, learning: Learning | None = None) -> None:
        self.learning = learning or Learning()
        self.rhythm = Rhythm.empty(series)
        self.level = Level.empty(series, self.learning)
        self.spread = Spread.empty(len(WINDOWS), series)
        self.age = np.zeros(series)
        self._hour_counts = np.zeros(series)
        self._hour_exposure = np.zeros((MODELS, series))
        self._cell = -1
        self._levels = np.zeros((2, _RING, MODELS, series))
        self._levels[0] = 1.0
        self._levels[1] = 1 / self.learning.level_trust
        self._sums = np.zeros((_RING, MODELS, series))
        self._at = 0
        self.refresh()

    def see(self, minute: Minute) -> Scores:
        """Score the windows that end with this minute, then learn from it. Minutes must come in order, none left out."""
        self._turn(minute.number)
        exposure = self._exposure(minute)
        rhythm = exposure * self.rhythm.at_minute(minute.number % MINUTES)
        self._at += 1
        here, before = self._at % _RING, (self._at - 1) % _RING
        self._sums[here] = self._sums[before] + rhythm
        summed, expected, spread = self._expected(minute, here)
        scores = self._scores(minute.counts, expected, spread)
        if minute.number % SPREAD_EVERY == 0:
            known = (self.age >= self.learning.spread_after).astype(np.float64)
            self.spread.learn(minute.counts[:, None], (expected, summed), (spread, known), self.learning)
            self.inverse_shapes, self.ratio = self.spread.inverse_shapes(self.learning), self.spread.ratio()
        self._learn(minute, rhythm, exposure, here)
        if minute.number % WINDOWS[FIVE] == 0:
            foretold = (self._sums[here] - self._sums[(self._at - WINDOWS[FIVE]) % _RING]) * self.ratio[FIVE]
            self.level.judge(minute.counts[FIVE], foretold, self.inverse_shapes[FIVE], self.learning)
        return scores

    def clear(self, row: int) -> None:
        """Forget a series: its row is given to another."""
        fresh = Detector(1, self.learning)
        for held, new in zip(self.arrays(), fresh.arrays(), strict=True):
            held[..., row] = new[..., 0]
        self.refresh()

    @property
    def clock(self) -> tuple[int, int]:
        """Where it stands: the hour of the week, and how many minutes it has seen (by the ring that holds an hour)."""
        return self._cell, self._at % _RING

    def resume(self, clock: tuple[int, int]) -> None:
        """Go on from where another stood, once `arrays` were filled."""
        self._cell, self._at = clock
        self.refresh()

    def refresh(self) -> None:
        """Work out anew what follows from the arrays."""
        self.inverse_shapes, self.ratio = self.spread.inverse_shapes(self.learning), self.spread.ratio()
        if self._cell >= 0:
            self.rhythm.at_hour(self._cell, self.learning)

    def arrays(self) -> list[Floats]:
        """Everything that is remembered of the series, which are the last axis of each."""
        rhythm, level, spread = self.rhythm, self.level, self.spread
        return [
            *(rhythm.counts, rhythm.exposure, self._hour_counts, self._hour_exposure),
            *(level.shape, level.rate, level.held, level.merit, self._levels, self._sums, self.age),
            *(spread.excess, spread.weight, spread.counted, spread.summed),
        ]

    def _turn(self, number: int) -> None:
        """Begin another hour: what the last one counted goes into the rhythm."""
        cell = (number - MONDAY) // MINUTES % CELLS
        if cell == self._cell:
            return
        if self._cell >= 0:
            self.rhythm.add(self._cell, self._hour_counts, self._hour_exposure)
            self._hour_counts[:] = 0
            self._hour_exposure[:] = 0
            if cell % HOURS == 0:
                self.rhythm.forget(self.learning.rhythm_keeps)
        self._cell = cell
        self.rhythm.at_hour(cell, self.learning)

    def _exposure(self, minute: Minute) -> Floats:
        """All posts but the series' own, and 1; both 0 where a platform is silent: a source that is down teaches nothing."""
        posts = minute.posts[0]
        return np.stack([np.maximum(posts - minute.counts[0], 0.0), (posts > 0).astype(np.float64)])

    def _expected(self, minute: Minute, here: int) -> tuple[Floats, Floats, Floats]:
        """Of each window: the sum of its minutes' expectations, what is expected of it, and its inverse shape."""
        shape = self.spread.excess.shape
        summed, spread = np.empty(shape), self.inverse_shapes.copy()
        spread += self.rhythm.turning(minute.number % MINUTES)
        spread[:, _SHARE] += 1 / np.maximum(minute.posts, 1.0)
        for place, length in enumerate(WINDOWS):
            then = (self._at - length) % _RING
            level, unsure = self._levels[:, then]
            summed[place] = (self._sums[here] - self._sums[then]) * level
            spread[place] += unsure
        return summed, summed * self.ratio, spread

    def _scores(self, counts: Floats, expected: Floats, spread: Floats) -> Scores:
        """The surprise of each window under the likelier model; 0 where it lies within 3 deviations of either."""
        found = np.zeros_like(counts)
        over = [above(counts, expected[:, model], spread[:, model], _CANDIDATE) for model in range(MODELS)]
        candidates = np.nonzero(np.logical_and.reduce(over) & (counts >= LEAST))
        if candidates[0].size:
            window, series = candidates
            under = [
                surprise(counts[candidates], expected[window, model, series], spread[window, model, series])
                for model in range(MODELS)
            ]
            found[candidates] = np.minimum(*under)
        return Scores(found, expected)

    def _learn(self, minute: Minute, rhythm: Floats, exposure: Floats, here: int) -> None:
        """Level and rhythm learn from the minute alone; a count far above what was expected is clipped."""
        counts, learning = minute.counts[0], self.learning
        means = rhythm * self._levels[0, here - 1]
        usual = np.sqrt(means + self.inverse_shapes[0] * means * means)
        bounds = means + learning.clip * usual + 3.0
        heard = exposure[1]
        self.level.update(np.minimum(counts, bounds) * heard, rhythm, learning)
        self._levels[0, here], unsure = self.level.mixed()
        self._levels[1, here] = unsure + 1 / self.rhythm.trust
        self._hour_counts += np.minimum(counts, bounds.max(axis=0)) * heard
        self._hour_exposure += exposure
        self.age += 1
