"""Where a score becomes a decision: per-language standardisation, thresholds and margins by lane.

Everything here belongs to one engine and precision: another one moves the tail in which the thresholds lie.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.scaling import Scaling, scaling_from_json

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    """The mean and standard deviation of each lane's log-odds over the background of one language."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def refuse_unsound(self) -> None:
        """Raise a `ValueError` where a mean is no number, or a deviation nothing to divide by."""
        if len(self.mean) != len(self.deviation) or not all(map(math.isfinite, (*self.mean, *self.deviation))):
            raise ValueError("a mean or a deviation is missing or no number")
        if min(self.deviation, default=0.0) <= 0:
            raise ValueError("a deviation is not above zero")


@dataclass(frozen=True, slots=True)
class Calibration:
    """Spreads by language with one for all others; by lane, a rising threshold for each level and the near margin.

    A lane is reached where its standardised stream log-odds pass a threshold and its near log-odds the margin. A language
    without a spread of its own is uncalibrated: its rate of false hits was never measured. There `penalty`, in standard
    deviations, is added to every threshold. `scaling` makes probabilities of the scores.
    """

    spreads: Mapping[str, Spread]
    other: Spread
    thresholds: Mapping[str, tuple[float, ...]]
    margins: Mapping[str, float]
    penalty: float = 0.0
    scaling: Scaling | None = None

    def is_calibrated(self, lang: str) -> bool:
        """Whether the background of the language was measured; one in Latin letters (`hi-Latn`) counts as its language."""
        return self._own(lang) is not None

    def spread_of(self, lang: str) -> Spread:
        """Give the spread of a language: its own, or that of all others."""
        return self._own(lang) or self.other

    def standardise(self, odds: Array, langs: Sequence[str]) -> Array:
        """Give the lanes' log-odds [n, lanes] in standard deviations above the background of each text's language."""
        spreads = [self.spread_of(lang) for lang in langs]
        mean = np.array([spread.mean for spread in spreads]).reshape(odds.shape)
        deviation = np.array([spread.deviation for spread in spreads]).reshape(odds.shape)
        standard: Array = (odds - mean) / deviation
        return standard

    def above_review(self, odds: Array, langs: Sequence[str]) -> Array:
        """Give how far each lane's standardised log-odds lie above its lowest threshold, [n, lanes]."""
        lowest: Array = self.above(odds, langs, list(self.thresholds))[:, :, 0]
        return lowest

    def highest(self, odds: Array) -> Array:
        """Give what `above_review` gives [n, lanes] in the language that is the most favourable to each text and lane."""
        lowest = np.array([rising[0] for rising in self.thresholds.values()])
        measured = [_standard(odds, spread) - lowest for spread in self.spreads.values()]
        highest: Array = np.max([*measured, _standard(odds, self.other) - lowest - self.penalty], axis=0)
        return highest

    def above(self, odds: Array, langs: Sequence[str], lanes: Sequence[str]) -> Array:
        """Give how far the standardised log-odds [n, lanes] lie above each threshold, [n, lanes, levels].

        The penalty of uncalibrated languages is taken off.
        """
        thresholds = np.array([self.thresholds[lane] for lane in lanes])
        penalties = np.array([0.0 if self.is_calibrated(lang) else self.penalty for lang in langs])
        above: Array = self.standardise(odds, langs)[:, :, None] - thresholds[None, :, :] - penalties[:, None, None]
        return above

    def refuse_unsound(self, lanes: Sequence[str]) -> None:
        """Raise a `ValueError` where it is not one for these lanes, or holds what no text could be decided by."""
        if list(self.thresholds) != list(lanes) or set(self.margins) != set(lanes):
            raise ValueError("a calibration has other lanes than the classifier")
        limits = [*self.margins.values(), self.penalty, *(one for rising in self.thresholds.values() for one in rising)]
        if not all(map(math.isfinite, limits)) or not all(self.thresholds.values()):
            raise ValueError("a threshold, a margin or a penalty is missing or no number")
        if self.scaling:
            self.scaling.refuse_unsound(len(lanes))
        for spread in (self.other, *self.spreads.values()):
            spread.refuse_unsound()
            if len(spread.mean) != len(lanes):
                raise ValueError("a calibration has other lanes than the classifier")

    def as_json(self) -> dict[str, Any]:
        """Give the calibration as it is written in the artefact."""
        spreads = {lang: _json(spread) for lang, spread in sorted(self.spreads.items())}
        limits = {"thresholds": dict(self.thresholds), "margins": dict(self.margins)}
        scaling = {"scaling": self.scaling.as_json()} if self.scaling else {}
        return {**limits, "penalty": self.penalty, **scaling, "other": _json(self.other), "spreads": spreads}

    def _own(self, lang: str) -> Spread | None:
        """The spread of a language, else that of the same language whatever its script: data sets do not part scripts."""
        return self.spreads.get(lang) or self.spreads.get(lang.partition("-")[0])


def calibration_from_json(data: Mapping[str, Any]) -> Calibration:
    """Read a calibration from the artefact's form of it; one without a penalty or a scaling is from before there was one."""
    spreads = {lang: _spread(one) for lang, one in data["spreads"].items()}
    thresholds = {lane: tuple(values) for lane, values in data["thresholds"].items()}
    scaling = scaling_from_json(data["scaling"]) if "scaling" in data else None
    other, margins, penalty = _spread(data["other"]), dict(data["margins"]), data.get("penalty", 0.0)
    return Calibration(spreads, other, thresholds, margins, penalty, scaling)


def floats(values: Array) -> tuple[float, ...]:
    """Give numbers as the artefact writes them, with five digits behind the point."""
    return tuple(round(float(value), 5) for value in values)


def _standard(odds: Array, spread: Spread) -> Array:
    standard: Array = (odds - np.array(spread.mean)) / np.array(spread.deviation)
    return standard


def _json(spread: Spread) -> dict[str, list[float]]:
    return {"mean": list(spread.mean), "deviation": list(spread.deviation)}


def _spread(data: Mapping[str, Any]) -> Spread:
    return Spread(tuple(data["mean"]), tuple(data["deviation"]))
