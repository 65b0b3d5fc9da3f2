"""From what was measured to figures: each rule's threshold is set on the first half of the streams and reported on the other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.benchmarks.spikes.measure import RISE_MINUTES, WARM_DAYS, Measured, Watched
from pipeline.trends.baseline import DAYS
from pipeline.trends.budget import threshold
from pipeline.trends.detector import WINDOWS
from pipeline.trends.tails import Floats

BASES = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0)
"""Middles of the bands of the curve: distinct authors in 5 minutes; a band reaches a fifth to either side."""
LARGE = 20.0
SOON = 5
BINOMIAL_AT = -math.log10(1 - 0.995)


@dataclass(frozen=True, slots=True)
class Halves:
    """Which series are for calibration and which for the report, and how many weeks each was watched after the warm days."""

    calibration: slice
    report: slice
    weeks: float


@dataclass(frozen=True, slots=True)
class Share:
    """A share of cases with its 95 % interval (Wilson)."""

    hits: int
    cases: int

    def row(self) -> dict[str, Any]:
        """For JSON."""
        low, high = wilson(self.hits, self.cases)
        share = round(self.hits / self.cases, 4) if self.cases else None
        return {"share": share, "cases": self.cases, "low": round(low, 4), "high": round(high, 4)}


def wilson(hits: int, cases: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if not cases:
        return 0.0, 1.0
    z2 = 1.96**2
    middle, half = hits + z2 / 2, 1.96 * math.sqrt(hits * (cases - hits) / cases + z2 / 4)
    return (middle - half) / (cases + z2), (middle + half) / (cases + z2)


def poisson_interval(count: int) -> tuple[float, float]:
    """The exact 95 % interval of a Poisson mean, by bisection of its tails."""

    def tail(mean: float, upto: int) -> float:
        return sum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(upto + 1))

    def solve(wanted: float, upto: int) -> float:
        low, high = 1e-9, 10.0 * (count + 2) + 10
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if tail(middle, upto) > wanted else (low, middle)
        return low

    return (solve(0.975, count - 1) if count else 0.0), solve(0.025, count)


def calibrated(watched: Watched, among: slice, most: int) -> float:
    """The least threshold at which these series page `most` times at most."""
    scores = np.unique(np.concatenate(watched.scores)) if watched.scores else np.zeros(1)
    low, high = 0, len(scores)
    while low < high:
        middle = (low + high) // 2
        if watched.pages(float(scores[middle]), among) <= most:
            high = middle
        else:
            low = middle + 1
    return float(scores[low]) if low < len(scores) else float(scores[-1]) + 1e-6


def false_pages(watched: Watched, at: float, halves: Halves) -> dict[str, Any]:
    """Pages a week of one deployment, with the exact interval, on the report's streams."""
    count = watched.pages(at, halves.report)
    low, high = (round(bound / halves.weeks, 3) for bound in poisson_interval(count))
    return {
        "pages": count,
        "weeks": round(halves.weeks, 2),
        "a_week": round(count / halves.weeks, 3),
        "low": low,
        "high": high,
    }


def rises(measured: Measured, name: str, halves: Halves) -> tuple[Floats, Floats]:
    """The bases of all rises played into the report's series, and what a rule reached (views x rises x minutes)."""
    reached = np.concatenate([each[:, halves.report] for each in measured.watched[name].reached], axis=1)
    return np.concatenate([each[halves.report] for each in measured.bases]), reached


def power(bases: Floats, reached: Floats, at: float, within: int = SOON) -> dict[str, Any]:
    """The share of rises on series with a base of 20 or more that were paged within so many minutes."""
    large = bases >= LARGE
    return Share(int((reached[0, large, within - 1] >= at).sum()), int(large.sum())).row()


def curve(bases: Floats, reached: Floats, at: float) -> list[dict[str, Any]]:
    """By base: the power within 5 and 60 minutes, the median minutes to the page, and what each window finds by itself."""
    rows = []
    for base in BASES:
        band = (bases >= base / 1.2) & (bases < base * 1.2)
        over = reached[:, band] >= at
        minutes = np.where(over[0].any(axis=1), over[0].argmax(axis=1) + 1, RISE_MINUTES + 1)
        row: dict[str, Any] = {"base": base, "cases": int(band.sum())}
        for name, within in (("within_5_min", SOON), ("within_60_min", RISE_MINUTES)):
            row[name] = Share(int(over[0, :, within - 1].sum()), int(band.sum())).row()["share"]
        row["median_minutes"] = median_or_none(minutes)
        if len(over) > 1:
            row["windows_within_60_min"] = {
                str(window): Share(int(over[1 + place, :, -1].sum()), int(band.sum())).row()["share"]
                for place, window in enumerate(WINDOWS)
            }
        rows.append(row)
    return rows


def possible(bases: Floats, known: Floats, at: float) -> dict[str, Any]:
    """What one would find within 5 minutes at this threshold who had such surprises: on bases of 20 or more, and by base."""
    over = known >= at
    bands = {str(base): over[(bases >= base / 1.2) & (bases < base * 1.2)] for base in BASES}
    large = over[bases >= LARGE]
    return {
        "power": Share(int(large.sum()), len(large)).row(),
        "by_base": {base: Share(int(band.sum()), len(band)).row()["share"] for base, band in bands.items()},
    }


def median_or_none(minutes: Floats) -> float | None:
    """The median, where at least half were paged in the hour."""
    found = float(np.median(minutes)) if len(minutes) else RISE_MINUTES + 1.0
    return found if found <= RISE_MINUTES else None


def seconds_to_page(bases: Floats, reached: Floats, at: float) -> float | None:
    """The median over series with a base of 20 or more; a minute that pages is counted whole."""
    over = reached[0, bases >= LARGE] >= at
    found = median_or_none(np.where(over.any(axis=1), over.argmax(axis=1) + 1, RISE_MINUTES + 1))
    return found * 60 if found is not None else None


def figures(measured: Measured, series: int, seeds: Sequence[int], pages_a_week: float) -> dict[str, Any]:
    """Everything that is reported: Fanal's rule at its own threshold, the others as they are used and at Fanal's own budget."""
    half = len(seeds) // 2
    weeks = half * (measured.days - WARM_DAYS) / DAYS
    halves = Halves(slice(0, half * series), slice(half * series, 2 * half * series), weeks)
    at = {"fanal": threshold(series, pages_a_week)}
    at |= {"binomial_as_used": BINOMIAL_AT}
    rows = {name: _row(measured, name.removesuffix("_as_used"), mark, halves) for name, mark in at.items()}
    for name in measured.watched:
        mark = calibrated(measured.watched[name], halves.calibration, math.floor(pages_a_week * weeks))
        rows[f"{name}_at_the_budget"] = _row(measured, name, mark, halves)
    bases, reached = rises(measured, "fanal", halves)
    known, learnt = (
        np.concatenate([each[halves.report] for each in found]) for found in (measured.known, measured.learnt)
    )
    return {
        "rules": rows,
        "curve": curve(bases, reached, at["fanal"]),
        "possible": possible(bases, known, at["fanal"]),
        "possible_where_the_level_is_learnt": possible(bases, learnt, at["fanal"]),
        "calibration_pages": _calibration(measured, halves, at["fanal"]),
    }


def _row(measured: Measured, name: str, mark: float, halves: Halves) -> dict[str, Any]:
    bases, reached = rises(measured, name, halves)
    return {
        "threshold": round(mark, 3),
        "false_pages": false_pages(measured.watched[name], mark, halves),
        "power": power(bases, reached, mark),
        "seconds_to_page": seconds_to_page(bases, reached, mark),
    }


def _calibration(measured: Measured, halves: Halves, at: float) -> dict[str, Any]:
    count = measured.watched["fanal"].pages(at, halves.calibration)
    return {"pages": count, "weeks": round(halves.weeks, 2)}
