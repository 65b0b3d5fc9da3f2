"""When people leave: a day or a date near a word of leaving, or near a route that people are moved over. A date alone is no departure.

`2026-06-12` and `06-12` are dates, `day 1` is tomorrow, `weekday 5` a Friday; anything else is words, such as `next week`.

A small finder of its own: dateparser's search took 2.8 ms a text of the functional suite, three times what all finders together take,
and knows nothing of leaving.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from pipeline.screen.cues.context import Read
from pipeline.screen.cues.cue import Cue

_NEAR = 60
_DATE = re.compile(
    r"(?<![\d.,/:-])(?:(?P<y>20\d\d)[./-](?P<ym>1[0-2]|0?[1-9])[./-](?P<yd>3[01]|[12]\d|0?[1-9])"
    r"|(?P<d>3[01]|[12]\d|0?[1-9])[./-](?P<m>1[0-2]|0?[1-9])(?:[./-](?P<dy>20\d\d|\d\d))?\.?)(?![\d/:-]|[.,]\d)"
)
_DAY, _DATED = re.compile(r"\d\d-\d\d"), re.compile(r"\d{4}-\d\d-\d\d")


class _When(NamedTuple):
    said: str
    start: int
    end: int
    rule: str


def departures(read: Read, ways: Sequence[Cue] = ()) -> Iterator[Cue]:
    """The days of departure of a text, each once where it stands. `ways` are its routes, where it names a means of transport."""
    leaving = [(one.start, one.end) for one in read.family("departure") if one.concept == "departure.leaving"]
    if not (leaving or ways) or (
        read.family("not") and any(one.concept == "not.departure" for one in read.family("not"))
    ):
        return
    taken = -1
    for when in sorted({*_dates(read.text), *_named(read), *_days(read)}, key=lambda when: (when.start, -when.end)):
        if when.start < taken:
            continue
        start, end = read.reading.span(when.start, when.end)
        if any(_near(when.start, when.end, one) for one in leaving) or any(
            _near(start, end, (way.start, way.end)) for way in ways
        ):
            taken = when.end
            yield Cue("departure", read.reading.original[start:end], when.said, start, end, when.rule)


def day_of(said: str, written: date) -> date | None:
    """The day that a departure's normal form means, where the text was written on a day; None where it names none.

    A date without a year is the nearest one, a weekday the next one.
    """
    kind, _, number = said.partition(" ")
    try:
        if kind == "day":
            return written + timedelta(days=int(number))
        if kind == "weekday":
            return written + timedelta(days=(int(number) - written.isoweekday()) % 7)
        if _DAY.fullmatch(said):
            years = (written.year - 1, written.year, written.year + 1)
            return min((_dated(year, said) for year in years), key=lambda day: abs(day - written))
        return date.fromisoformat(said) if _DATED.fullmatch(said) else None
    except (ValueError, OverflowError):
        return None


def _dated(year: int, said: str) -> date:
    """A day of a year; the 29th of February is the 1st of March where there is none.

    Raises:
        ValueError: no year has that day.
    """
    month, day = int(said[:2]), int(said[3:])
    return date(year, 3, 1) if (month, day) == (2, 29) and year % 4 else date(year, month, day)


def _near(start: int, end: int, other: tuple[int, int]) -> bool:
    return other[0] - end <= _NEAR and start - other[1] <= _NEAR


def _dates(text: str) -> Iterator[_When]:
    for one in _DATE.finditer(text):
        year, month, day = one["y"] or one["dy"], one["m"] or one["ym"], one["d"] or one["yd"]
        said = f"{int(month):02d}-{int(day):02d}"
        yield _When(f"20{year[-2:]}-{said}" if year else said, one.start(), one.end(), "departures.date")


def _named(read: Read) -> Iterator[_When]:
    """`12 June`, `June 12`: a month's name beside a day."""
    tokens = read.reading.tokens
    for month in read.family("month"):
        for at in (month.first - 1, month.first - 2, month.last):
            if 0 <= at < len(tokens) and tokens[at].text.isdigit() and 1 <= int(tokens[at].text[:3]) <= 31:
                start, end = min(month.start, tokens[at].start), max(month.end, tokens[at].end)
                if end - start <= 30:
                    yield _When(f"{int(month.value):02d}-{int(tokens[at].text):02d}", start, end, "departures.month")
                    break


def _days(read: Read) -> Iterator[_When]:
    for one in read.family("departure"):
        if one.concept == "departure.when":
            said = " ".join(token.text for token in read.reading.tokens[one.first : one.last])
            yield _When(said, one.start, one.end, "departures.word")
    for one in read.family("day"):
        yield _When(f"day {one.value}", one.start, one.end, "departures.day")
    for one in read.family("weekday"):
        yield _When(f"weekday {one.value}", one.start, one.end, "departures.weekday")
