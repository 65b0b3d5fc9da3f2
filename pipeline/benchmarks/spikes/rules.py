"""The rules that are compared: Fanal's, and three that are in use elsewhere. Each gives a score a minute and series, the higher
the more unusual; where it pages is a threshold on that score."""

from typing import Protocol

import numpy as np

from pipeline.trends.baseline import DAY
from pipeline.trends.budget import weighed
from pipeline.trends.detector import FIVE, LEAST, Detector, Minute
from pipeline.trends.tails import Floats, surprise


class Rule(Protocol):
    """A rule over all series."""

    def see(self, minute: Minute) -> Floats:
        """The scores of a minute, by view (first axis; the first is what pages) and series."""


class Fanal:
    """The rule that Fanal runs. Its views: the whole, then each window by itself."""

    def __init__(self, series: int) -> None:
        self._detector = Detector(series)

    def see(self, minute: Minute) -> Floats:
        """The highest weighed surprise, and that of each window."""
        scores = self._detector.see(minute)
        windows = weighed(scores.surprise, scores.soon, slice(None))
        return np.concatenate([windows.max(axis=0, keepdims=True), windows])


class Threshold:
    """So many authors in 5 minutes, the same number for every series."""

    def see(self, minute: Minute) -> Floats:
        """The count."""
        return minute.counts[[FIVE]]


class _Smoothed:
    """A mean over the past day, smoothed exponentially, that leaves out the last 5 minutes."""

    def __init__(self, series: int) -> None:
        self.total = np.zeros(series)
        self.exposure = np.zeros(series)
        self._behind: list[tuple[Floats, Floats]] = []

    def rates(self, counts: Floats, exposure: Floats) -> Floats:
        """Counts by exposure until five minutes ago; takes in this minute's."""
        self._behind.append((counts, exposure))
        if len(self._behind) > 5:
            earlier, in_ = self._behind.pop(0)
            keeps = 0.5 ** (1 / DAY)
            self.total, self.exposure = keeps * self.total + earlier, keeps * self.exposure + in_
        found: Floats = (self.total + 0.5) / (self.exposure + exposure)
        return found


class Poisson:
    """The Poisson probability of 5 minutes' count, given the mean of the past day."""

    def __init__(self, series: int) -> None:
        self._smoothed = _Smoothed(series)

    def see(self, minute: Minute) -> Floats:
        """-log10 of the probability."""
        rates = self._smoothed.rates(minute.counts[0], np.ones_like(minute.counts[0]))
        return _tail(minute.counts[FIVE], 5 * rates)


class Binomial:
    """The exponentially smoothed binomial test: the count of 5 minutes among all posts seen, given its smoothed share.

    With shares of hundredths of a per cent the binomial law is Poisson's to the digits that matter here.
    """

    def __init__(self, series: int) -> None:
        self._smoothed = _Smoothed(series)

    def see(self, minute: Minute) -> Floats:
        """-log10 of the probability."""
        rates = self._smoothed.rates(minute.counts[0], minute.posts[0])
        return _tail(minute.counts[FIVE], minute.posts[FIVE] * rates)


def _tail(counts: Floats, means: Floats) -> Floats:
    found = np.zeros_like(counts)
    worth = (counts >= LEAST) & (counts > means)
    found[worth] = surprise(counts[worth], means[worth], np.zeros(int(worth.sum())))
    return found[None]
