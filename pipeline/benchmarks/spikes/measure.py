"""What each rule does on a stream: every score that could page, and what it makes of rises that are played in."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.benchmarks.spikes.rules import Binomial, Fanal, Poisson, Rule, Threshold
from pipeline.benchmarks.spikes.streams import MONDAY, PLATFORMS, Plan, Stream
from pipeline.trends.baseline import DAY, DAYS
from pipeline.trends.budget import QUIET
from pipeline.trends.detector import WINDOWS, Minute
from pipeline.trends.tails import Floats, surprise

WARM_DAYS = DAYS
"""Days at the beginning in which no rule pages: a week's rhythm takes a week to see."""
RISE = 3.0
RISE_MINUTES = 60
_RING = RISE_MINUTES + 1
_FLOORS = {"fanal": 4.0, "threshold": 30.0, "poisson": 2.0, "binomial": 2.0}


@dataclass(slots=True)
class Watched:
    """What one rule made of one stream.

    `minutes`, `series`, `scores` are those above the rule's floor after the warm days; `reached` (views x cases x minutes)
    is the highest score so far in each minute of a played-in rise.
    """

    minutes: list[Floats] = field(default_factory=list)
    series: list[Floats] = field(default_factory=list)
    scores: list[Floats] = field(default_factory=list)
    reached: list[Floats] = field(default_factory=list)

    def pages(self, threshold: float, among: slice) -> int:
        """Pages at a threshold of some series: one pages again only after an hour without a score above it."""
        scores = np.concatenate(self.scores) if self.scores else np.zeros(0)
        every = np.concatenate(self.series) if self.series else np.zeros(0)
        over = (scores >= threshold) & (every >= among.start) & (every < among.stop)
        if not over.any():
            return 0
        minutes, series = np.concatenate(self.minutes)[over], every[over]
        order = np.lexsort((minutes, series))
        same = np.diff(series[order]) == 0
        return int(1 + (~(same & (np.diff(minutes[order]) <= QUIET))).sum())


@dataclass(slots=True)
class Measured:
    """A stream with all rules on it. `bases` are distinct authors in 5 minutes where each rise began; `known` is the surprise of
    the 5 minutes that follow to one who knows the true rate and dispersion, `learnt` to one who knows all of a series but its
    present level, and learns that as Kalman's filter would: about the
    best that a rule can do."""

    days: int
    watched: dict[str, Watched]
    bases: list[Floats] = field(default_factory=list)
    known: list[Floats] = field(default_factory=list)
    learnt: list[Floats] = field(default_factory=list)


class Streams:
    """Several streams side by side: their series do not touch, so all are measured in one pass."""

    def __init__(self, plans: Sequence[Plan]) -> None:
        self._streams = [Stream(plan) for plan in plans]
        self.series = sum(plan.series for plan in plans)
        self.spread = np.concatenate([one.spread for one in self._streams])
        self.platforms = np.concatenate([one.platforms + PLATFORMS * at for at, one in enumerate(self._streams)])

    def days(self) -> Iterator[tuple[Floats, Floats, Floats]]:
        """As `Stream.days`, of all."""
        for each in zip(*(one.days() for one in self._streams), strict=True):
            counts, rates, posts = (np.concatenate(parts, axis=1) for parts in zip(*each, strict=True))
            yield counts, rates, posts

    def rise(self, rates: Floats, at: int) -> Floats:
        """Counts at three times these rates."""
        drawn = [one.draw(part, np.random.default_rng([one.plan.seed, at]), RISE) for one, part in self._parts(rates)]
        return np.concatenate(drawn, axis=1)

    def foretell(self, rates: Floats, at: int) -> tuple[Floats, Floats]:
        """What one would expect of the first five of these minutes who knows all but the present level, and how unsure it is."""
        parts = list(self._parts(rates))
        unsure = np.concatenate([one.unforeseen(part[0]) for one, part in parts])
        draws = [np.random.default_rng([one.plan.seed, at, 1]).standard_normal(one.plan.series) for one, _ in parts]
        missed = np.exp(np.concatenate(draws) * np.sqrt(unsure) - unsure / 2)
        return rates[:5].sum(axis=0) * missed, unsure

    def _parts(self, rates: Floats) -> Iterator[tuple[Stream, Floats]]:
        ends = np.cumsum([one.plan.series for one in self._streams])[:-1]
        return zip(self._streams, np.split(rates, ends, axis=1), strict=True)


class Windows:
    """Running sums of minutes: the counts of every window that ends now."""

    def __init__(self, streams: Streams) -> None:
        self._platforms = streams.platforms
        self._sums = np.zeros((_RING, streams.series))
        self._posts = np.zeros((_RING, int(streams.platforms.max()) + 1))
        self._at = 0

    def add(self, number: int, counts: Floats, posts: Floats) -> Minute:
        """Take in a minute."""
        self._at += 1
        here, before = self._at % _RING, (self._at - 1) % _RING
        self._sums[here], self._posts[here] = self._sums[before] + counts, self._posts[before] + posts
        then = [(self._at - length) % _RING for length in WINDOWS]
        return Minute(
            number, self._sums[here] - self._sums[then], (self._posts[here] - self._posts[then])[:, self._platforms]
        )


def rules(series: int) -> dict[str, Rule]:
    """All rules, by name."""
    return {"fanal": Fanal(series), "threshold": Threshold(), "poisson": Poisson(series), "binomial": Binomial(series)}


def measure(plans: Sequence[Plan], rise_every: int, first_rise: int) -> Measured:
    """Run all rules over streams of the same length; from day `first_rise` on, every so many minutes, play a rise of all
    series into a copy."""
    stream = Streams(plans)
    windows, running = Windows(stream), rules(stream.series)
    found = Measured(plans[0].days, {name: Watched() for name in running})
    for day, (counts, rates, posts) in enumerate(stream.days()):
        for minute in range(DAY):
            at = day * DAY + minute
            if day >= first_rise and at % rise_every == 0 and minute + RISE_MINUTES <= DAY:
                ahead = slice(minute, minute + RISE_MINUTES)
                _rise(found, stream, (windows, running), at, (rates[ahead], posts[ahead]))
            seen = windows.add(MONDAY + at, counts[minute], posts[minute])
            for name, rule in running.items():
                scores = rule.see(seen)[0]
                if day >= WARM_DAYS:
                    _keep(found.watched[name], at, scores, _FLOORS[name])
    return found


def _keep(watched: Watched, at: int, scores: Floats, floor: float) -> None:
    [over] = np.nonzero(scores >= floor)
    if over.size:
        watched.minutes.append(np.full(over.size, float(at)))
        watched.series.append(over.astype(np.float64))
        watched.scores.append(scores[over])


def _rise(
    found: Measured,
    stream: Streams,
    state: tuple[Windows, Mapping[str, Rule]],
    at: int,
    ahead: tuple[Floats, Floats],
) -> None:
    """Let every series rise threefold from this minute on, in a copy of the rules' state."""
    rates, posts = ahead
    windows, running = copy.deepcopy(state)
    drawn = stream.rise(rates, at)
    found.bases.append(rates[:5].sum(axis=0))
    counts, means = drawn[:5].sum(axis=0), rates[:5].sum(axis=0)
    found.known.append(surprise(counts, means, stream.spread))
    foretold, unsure = stream.foretell(rates, at)
    found.learnt.append(surprise(counts, foretold, stream.spread + unsure))
    reached: dict[str, list[Floats]] = {name: [] for name in running}
    for minute in range(RISE_MINUTES):
        seen = windows.add(MONDAY + at + minute, drawn[minute], posts[minute])
        for name, rule in running.items():
            reached[name].append(rule.see(seen))
    for name, scores in reached.items():
        highest = np.maximum.accumulate(np.stack(scores, axis=-1), axis=-1)
        found.watched[name].reached.append(highest.astype(np.float32))
