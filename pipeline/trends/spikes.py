"""The state of all series, and what it makes of each minute: sightings in, alerts out. Pure: time comes with the records.

    sightings ──► register (which row) ──► distinct voices of 1, 5, 60 minutes ──► detector ──► pages ──► Alert with evidence
    posts seen by platform ───────────────────────────────────────────────────────────┘

A minute closes ten seconds after its end by the records' own clock. A hit that was on its way for two minutes at most counts in
the open one, as the posts seen do: after a stall both are many, and their ratio raises nothing. What is later is dropped. The
same records in the same order give the same alerts, with the same ids.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from pipeline.trends.alerts import Alert
from pipeline.trends.baseline import LONGEST
from pipeline.trends.budget import Pages, threshold, weighed
from pipeline.trends.detector import WINDOWS, Detector, Minute
from pipeline.trends.distinct import Heard
from pipeline.trends.evidence import Opened, Seen, alert_of
from pipeline.trends.exposure import Posts
from pipeline.trends.series import MOST, OTHER, Register, Series
from pipeline.trends.tails import Floats

GRACE = 1 / 6
"""Of a minute: how long after its end it closes."""
LAG = 2
"""Minutes that a hit may have been on its way: it counts in the minute that is open. What waited longer is late."""
MOST_MINUTES = 2 * LONGEST
"""Silent minutes that are closed one by one; after a longer gap the clock jumps."""
SHOWN = 50


class Sighting(msgspec.Struct, frozen=True, array_like=True):
    """A hit as the trends see it. `author` is a pseudonym, `campaign` a fingerprint of the text, `hit` the document's id."""

    minute: int
    series: tuple[Series, ...]
    author: str
    campaign: str
    hit: str


class Sightings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record of `sightings`: hits, and live posts of all kinds by platform, since the one before. With neither it moves the
    clock."""

    hits: tuple[Sighting, ...] = ()
    posts: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class Unusual:
    """A series and how surprising its last minute was (see `Alert.surprise`)."""

    series: Series
    surprise: float


@dataclass(slots=True)
class Spikes:
    """All that is remembered. `minute` is the one that is open, in minutes since 1970; -1 before the first record."""

    most: int = MOST
    pages_a_week: float = 1.0
    minute_s: float = 60.0
    minute: int = -1
    late: int = 0
    register: Register = field(init=False)
    detector: Detector = field(init=False)
    pages: Pages = field(init=False)
    heard: dict[int, Heard] = field(default_factory=lambda: defaultdict(Heard))
    posts: Posts = field(default_factory=Posts)
    unusual: Sequence[Unusual] = (Unusual(OTHER, 0.0),)
    open: Sequence[Series] = ()

    def __post_init__(self) -> None:
        self.register = Register(self.most, self._freed)
        self.detector = Detector(self.most)
        self.pages = Pages(self.most)

    def take(self, record: Sightings, at_s: float) -> list[Alert]:
        """Take in a record that the broker stamped at `at_s` (seconds since 1970); the alerts of the minutes it closes."""
        alerts = self._advance(int((at_s - GRACE * self.minute_s) // self.minute_s))
        for platform, number in record.posts.items():
            self.posts.add(platform, number)
        for sighting in record.hits:
            if sighting.minute < self.minute - LAG:
                self.late += 1
            else:
                self._add(sighting, max(sighting.minute, self.minute))
        return alerts

    def _advance(self, minute: int) -> list[Alert]:
        """Close the minutes before this one."""
        if self.minute < 0:
            self.minute = minute
        alerts: list[Alert] = []
        while self.minute < minute:
            if minute - self.minute > MOST_MINUTES:
                self.minute = minute - MOST_MINUTES
            alerts += self._close()
            self.minute += 1
        return alerts

    def _add(self, sighting: Sighting, minute: int) -> None:
        for series in sighting.series:
            row = self.register.row(series, minute)
            self.heard[row].add(minute, sighting.author, sighting.campaign, sighting.hit)

    def _close(self) -> list[Alert]:
        """Close the open minute: score it, learn from it, page."""
        now = self.minute
        scores = self.detector.see(Minute(now, self._counted(now), self._exposed(self.posts.close())))
        names = {row: series for series, row in self.register.rows.items()}
        surprises = weighed(scores.surprise, scores.soon, list(names))
        highest = surprises.max(axis=0)
        least = threshold(len(names), self.pages_a_week)
        seen = Seen(surprises, scores.expected.max(axis=1))
        alerts = [
            alert_of(Opened(now, row, names[row], least, (now + 1) * self.minute_s), self.heard[row], seen)
            for row in self.pages.judge(now, highest, self.detector.age, least)
        ]
        shown = sorted(names, key=lambda row: -highest[row])[:SHOWN]
        self.open = [series for row, series in names.items() if self.pages.is_open(row, now)]
        self.unusual = [Unusual(names[row], float(highest[row])) for row in shown]
        return alerts

    def _counted(self, now: int) -> Floats:
        """The voices of each window by row; rows that fell silent are forgotten."""
        counts = np.zeros((len(WINDOWS), self.most))
        for row, heard in list(self.heard.items()):
            heard.forget(now)
            if heard.pairs:
                counts[:, row] = heard.counts(now)
            else:
                del self.heard[row]
        return counts

    def _exposed(self, posts: Mapping[str, Sequence[int]]) -> Floats:
        """All posts seen on each row's platform; on all platforms for the series of the others."""
        found = np.zeros((len(WINDOWS), self.most))
        every = np.sum(list(posts.values()), axis=0) if posts else np.zeros(len(WINDOWS))
        for series, row in self.register.rows.items():
            found[:, row] = every if series == OTHER else posts.get(series.platform, (0,) * len(WINDOWS))
        return found

    def _freed(self, row: int) -> None:
        self.detector.clear(row)
        self.pages.clear(row)
        self.heard.pop(row, None)
