"""What a series is expected to count in a minute and in a window, learnt as it goes, for all series at once.

Two models of each series stand side by side (the first axis of most arrays):

    share   the series' share of all posts seen on its platform: a surge of the whole platform raises what is expected
    alone   the series by the clock alone: a surge of posts that brings no offers does not lower what is expected after it

A model's expectation of a minute is exposure x rhythm x level. The exposure is the posts seen, or 1. The rhythm is the rate in
this hour of the week, drawn towards hour of day x day of week and those towards the whole (gamma shrinkage), discounted by
weeks. The level says what is different today: gamma filters that forget in an hour or three, of which those are believed that
foretold the series best. A window is judged by the level before it began.
"""

from dataclasses import dataclass, field

import numpy as np

from pipeline.trends.tails import Floats

MODELS = 2
DAYS, HOURS, MINUTES = 7, 24, 60
CELLS = DAYS * HOURS
DAY = HOURS * MINUTES
LONGEST = 60


@dataclass(frozen=True, slots=True)
class Learning:
    """How fast a baseline learns and forgets. Counts of distinct authors are the unit of trust."""

    memories: tuple[float, ...] = (12.0, 25.0, 50.0)
    """Minutes after which a count weighs half in the level, of each filter: those that foretell a series best are believed."""
    merit_half_life: float = 7.0 * DAY / 5
    """Of looks every five minutes after which a filter's merit weighs half: a week."""
    level_trust: float = 20.0
    """Counts that a level of 1 is worth: the smaller the series, the less its level moves."""
    rhythm_keeps: float = 0.5 ** (1 / 28)
    """What remains of the rhythm's memory after a day: half after four weeks."""
    cell_trust: float = 400.0
    """High: an hour of the week is seen once a week, and what else was different then must not be taken for its rhythm."""
    hour_trust: float = 20.0
    day_trust: float = 40.0
    at_first: float = 0.5
    """What a series that was never seen is expected to count in a day."""
    spread: float = 0.03
    """The inverse shape that is usual of a window, beyond what level and rhythm leave unsaid."""
    spread_trust: float = 15000.0
    spread_after: float = 2.0 * DAY
    """Minutes that a series is watched before its errors are taken for its dispersion."""
    spread_half_life: float = 7.0 * DAY / 5
    """Of looks every five minutes: a week."""
    least_spread: float = 1e-4
    clip: float = 5.0
    """Standard deviations above the mean beyond which a count teaches no more: a spike must not become the baseline."""


@dataclass(slots=True)
class Rhythm:
    """Counts by hour of the week (cells x series), and the exposure in which they were counted (models x cells x series)."""

    counts: Floats
    exposure: Floats
    around: Floats = field(default_factory=lambda: np.zeros(0))
    days: Floats = field(default_factory=lambda: np.zeros(0))
    trust: Floats = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def empty(cls, series: int) -> "Rhythm":
        """Nothing seen."""
        return cls(np.zeros((CELLS, series)), np.zeros((MODELS, CELLS, series)))

    def at_hour(self, hour: int, learning: Learning) -> None:
        """Work out the rates of this hour of the week and of those beside it, and how many counts stand behind it."""
        found = [self._rate(cell % CELLS, learning) for cell in (hour - 1, hour, hour + 1)]
        self.around, self.days = (np.stack(of) for of in zip(*found, strict=True))
        self.trust = self.counts[hour] + learning.cell_trust

    def _rate(self, cell: int, learning: Learning) -> tuple[Floats, Floats]:
        """The rate of an hour of the week, and that of its day as a whole."""
        weekday, hour = divmod(cell, HOURS)
        counts, exposure = self.counts, self.exposure
        whole = exposure.sum(axis=1)
        day = np.maximum(whole / np.maximum(exposure[1].sum(axis=0) / DAY, 1.0), DAY)
        overall = (counts.sum(axis=0) + learning.at_first) / (whole + day)
        hours = _drawn(counts[hour::HOURS].sum(0), exposure[:, hour::HOURS].sum(1), overall, learning.hour_trust)
        of_day = slice(weekday * HOURS, (weekday + 1) * HOURS)
        by_day = _drawn(counts[of_day].sum(0), exposure[:, of_day].sum(1), overall, learning.day_trust)
        return _drawn(counts[cell], exposure[:, cell], hours * by_day / overall, learning.cell_trust), by_day

    def at_minute(self, minute: int) -> Floats:
        """The rate in a minute of the hour: a line between the middles of two hours."""
        before, here, after = self.around
        place = (minute + 0.5) / MINUTES - 0.5
        beside, weight = (before, -place) if place < 0 else (after, place)
        found: Floats = here + (beside - here) * weight
        return found

    def turning(self, minute: int) -> Floats:
        """How unsure the rate is near midnight, as an inverse shape: from one day to the next it may turn at once or slowly."""
        before, here, after = self.days
        place = (minute + 0.5) / MINUTES - 0.5
        found: Floats = (abs(place) * ((before if place < 0 else after) / here - 1)) ** 2
        return found

    def add(self, hour: int, counts: Floats, exposure: Floats) -> None:
        """Take in what an hour of the week counted."""
        self.counts[hour] += counts
        self.exposure[:, hour] += exposure

    def forget(self, keeps: float) -> None:
        """A day has passed."""
        self.counts *= keeps
        self.exposure *= keeps


def _drawn(counts: Floats, exposure: Floats, towards: Floats, trust: float) -> Floats:
    """The rate of these counts, as if `trust` more had been counted at the rate `towards`."""
    return (counts + trust) / (exposure + trust / np.maximum(towards, 1e-12))


@dataclass(slots=True)
class Level:
    """How much more or less than its rhythm a series counts at present: gamma filters of mean 1 where nothing is known, some that
    forget sooner and some later, weighed by how well each foretold the windows of five minutes so far.

    Arrays are memories x models x series. `merit` is a log-likelihood; `held` is each filter's level five minutes ago.
    """

    shape: Floats
    rate: Floats
    held: Floats
    merit: Floats

    @classmethod
    def empty(cls, series: int, learning: Learning) -> "Level":
        """A level of 1 for `series` rows of both models."""
        size = (len(learning.memories), MODELS, series)
        trust = np.full(size, learning.level_trust)
        return cls(trust, trust.copy(), np.ones(size), np.zeros(size))

    def update(self, counts: Floats, expected: Floats, learning: Learning) -> None:
        """Take in a minute: what was counted, and what the rhythm alone expected (models x series both)."""
        keeps = 0.5 ** (1 / np.array(learning.memories))[:, None, None]
        self.shape = learning.level_trust + keeps * (self.shape - learning.level_trust) + counts
        self.rate = learning.level_trust + keeps * (self.rate - learning.level_trust) + expected

    def judge(self, counts: Floats, rhythm: Floats, spread: Floats, learning: Learning) -> None:
        """Take in a window of five minutes: what was counted, what the rhythm expected of it, and the dispersion left over."""
        means = np.maximum(rhythm * self.held, 1e-9)
        variance = means + (spread + 1 / self.shape) * means * means
        apart = np.minimum((counts - means) ** 2 / variance, learning.clip**2)
        keeps = 0.5 ** (1 / learning.merit_half_life)
        self.merit = keeps * self.merit - (apart + np.log(variance)) / 2
        self.merit -= self.merit.max(axis=0)
        self.held = self.shape / self.rate

    def mixed(self) -> tuple[Floats, Floats]:
        """The level and its inverse shape (models x series both), over all filters."""
        belief = np.exp(self.merit)
        belief /= belief.sum(axis=0)
        each = self.shape / self.rate
        return (belief * each).sum(axis=0), (belief / self.shape).sum(axis=0)
