"""Where a score becomes a decision: per-language standardisation, thresholds by lane, and when distress overrides.

Everything here belongs to one engine and precision: another one moves the tail in which the thresholds lie.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEVELS = ("review", "alert")


@dataclass(frozen=True, slots=True)
class Spread:
    """The mean and standard deviation of each lane's log-odds over the background of one language."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Spreads by language with one for all others, thresholds by lane (rising, a level each), and the override.

    `override` is the log-odds of distress against an offer from which a post is a victim's or a witness's.
    """

    spreads: Mapping[str, Spread]
    other: Spread
    thresholds: Mapping[str, tuple[float, ...]]
    override: float

    def standardise(self, odds: Array, langs: Sequence[str]) -> Array:
        """Give the lanes' log-odds [n, lanes] in standard deviations above each text's language's background."""
        spreads = [self.spreads.get(lang, self.other) for lang in langs]
        mean = np.array([spread.mean for spread in spreads]).reshape(odds.shape)
        deviation = np.array([spread.deviation for spread in spreads]).reshape(odds.shape)
        standard: Array = (odds - mean) / deviation
        return standard

    def as_json(self) -> dict[str, Any]:
        """Give the calibration as it is written in the artefact."""
        spreads = {lang: {"mean": s.mean, "deviation": s.deviation} for lang, s in sorted(self.spreads.items())}
        other = {"mean": self.other.mean, "deviation": self.other.deviation}
        return {"override": self.override, "thresholds": self.thresholds, "other": other, "spreads": spreads}


def calibration_from_json(data: Mapping[str, Any]) -> Calibration:
    """Read a calibration from the artefact's form of it."""
    spreads = {lang: _spread(one) for lang, one in data["spreads"].items()}
    thresholds = {lane: tuple(values) for lane, values in data["thresholds"].items()}
    return Calibration(spreads, _spread(data["other"]), thresholds, float(data["override"]))


def _spread(data: Mapping[str, Any]) -> Spread:
    return Spread(tuple(data["mean"]), tuple(data["deviation"]))
