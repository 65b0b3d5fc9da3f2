"""The evidence of a spike, gathered into an `Alert`."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.trends.alerts import Alert
from pipeline.trends.detector import WINDOWS
from pipeline.trends.distinct import Heard
from pipeline.trends.series import Series
from pipeline.trends.tails import Floats

MOST_CAMPAIGNS = 5
MOST_HITS = 5


@dataclass(frozen=True, slots=True)
class Opened:
    """A page: in which minute, for the series of which row, over which threshold, and when (seconds since 1970)."""

    number: int
    row: int
    series: Series
    threshold: float
    at_s: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What a minute was of all windows and series: weighed surprises, and the higher of the models' expectations."""

    surprises: Floats
    expected: Floats


def alert_of(opened: Opened, heard: Heard, seen: Seen) -> Alert:
    """The record of a page, from the scores of its minute and what was heard in its windows."""
    surprises = seen.surprises[:, opened.row]
    place = int(surprises.argmax())
    length, now, series = WINDOWS[place], opened.number, opened.series
    pairs = heard.within(now, length)
    return Alert(
        id="|".join([*series, str(now)]),
        **series._asdict(),
        opened_at=datetime.fromtimestamp(opened.at_s, UTC),
        window_min=length,
        voices=heard.counts(now)[place],
        authors=len({author for author, _ in pairs}),
        texts=len({campaign for _, campaign in pairs}),
        expected=round(float(seen.expected[place, opened.row]), 3),
        surprise=round(float(surprises[place]), 2),
        threshold=round(opened.threshold, 2),
        counts={str(window): count for window, count in zip(WINDOWS, heard.counts(now), strict=True)},
        campaigns=tuple(heard.campaigns(now, length, MOST_CAMPAIGNS)),
        hits=tuple(heard.examples(now, length, MOST_HITS)),
    )
