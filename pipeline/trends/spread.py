"""How much the windows of a series are spread beyond what is said of them: learnt, for all series at once."""

from dataclasses import dataclass

import numpy as np

from pipeline.trends.baseline import MODELS, Learning
from pipeline.trends.tails import Floats


@dataclass(slots=True)
class Spread:
    """What is left over in the windows of a series: their dispersion, and how windows count against sums of minutes.

    Arrays are windows x models x series.
    """

    excess: Floats
    weight: Floats
    counted: Floats
    summed: Floats

    @classmethod
    def empty(cls, windows: int, series: int) -> "Spread":
        """Nothing seen."""
        return cls(*(np.zeros((windows, MODELS, series)) for _ in range(4)))

    def inverse_shapes(self, learning: Learning) -> Floats:
        """The dispersion left over, drawn towards what is usual where little was seen."""
        trusted = learning.spread_trust * learning.spread
        return np.maximum((self.excess + trusted) / (self.weight + learning.spread_trust), learning.least_spread)

    def ratio(self) -> Floats:
        """Distinct counts of a window over the sum of its minutes': below 1 where the same authors come again."""
        return np.minimum((self.counted + 20.0) / (self.summed + 20.0), 1.0)

    def learn(
        self, counts: Floats, against: tuple[Floats, Floats], said: tuple[Floats, Floats], learning: Learning
    ) -> None:
        """Take in windows: what exceeds Poisson's variance, weighted as its own variance asks; a spike is clipped.

        `against` is what was expected, and the sum of the minutes' expectations. `said` is the whole inverse shape with which it
        was expected, and 1 for series whose rhythm is known (the others' errors say nothing of what is to come), else 0.
        """
        (expected, summed), (spread, known) = against, said
        keeps = 0.5 ** (1 / learning.spread_half_life)
        weight = known / (1 + learning.spread * expected) ** 2
        elsewhere = (spread - self.inverse_shapes(learning)) * expected * expected
        squares = np.minimum((counts - expected) ** 2, learning.clip**2 * (expected + spread * expected * expected))
        self.excess = keeps * self.excess + (squares - expected - elsewhere) * weight
        self.weight = keeps * self.weight + expected * expected * weight
        self.counted = keeps * self.counted + np.minimum(counts, 2 * summed + 5)
        self.summed = keeps * self.summed + summed
