"""What is counted apart: the series, which hits belong to which, and which of them are kept."""

import re
from collections.abc import Callable
from typing import NamedTuple

MOST = 2000
FALLOW = 14 * 24 * 60
"""Minutes without a hit after which a series gives its row to another, where all rows are taken."""
ANY = "any"

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,32}")


class Series(NamedTuple):
    """One series: hits of a kind, subtype, route, language and platform; `any` where it does not tell them apart."""

    kind: str
    subtype: str
    route: str
    language: str
    platform: str


OTHER = Series("other", ANY, ANY, ANY, ANY)
"""What has no row of its own."""


def series_of(kind: str, subtype: str | None, route: str | None, language: str, platform: str) -> tuple[Series, Series]:
    """The series of a hit: its own, and that of all hits of its kind on its platform, in which a rise shows that is spread over
    routes and languages, or comes on a route that was never seen."""
    kind, platform = _name(kind), _name(platform)
    return (
        Series(kind, _name(subtype), _name(route), _name(language), platform),
        Series(kind, ANY, ANY, ANY, platform),
    )


def _name(value: str | None) -> str:
    """A name as a label: a platform is whatever a sender calls itself, so what is not plain becomes `other`."""
    if not value:
        return "none"
    return value if _NAME.fullmatch(value) else "other"


class Register:
    """Which series has which row. Row 0 is `OTHER`; a series beyond the last row is counted there."""

    def __init__(self, most: int, freed: Callable[[int], None]) -> None:
        self._most = most
        self._freed = freed
        self.rows: dict[Series, int] = {OTHER: 0}
        self.heard: dict[Series, int] = {OTHER: 0}

    def row(self, series: Series, minute: int) -> int:
        """The row of a series that was heard in a minute; `freed` is called with a row that changes hands."""
        if series not in self.rows:
            free = len(self.rows) if len(self.rows) < self._most else self._fallow(minute)
            if free is None:
                return 0
            self._freed(free)
            self.rows[series] = free
        self.heard[series] = minute
        return self.rows[series]

    def _fallow(self, minute: int) -> int | None:
        """The row of the series that was silent for longest, if that was long; it is forgotten."""
        oldest = min((one for one in self.rows if one != OTHER), key=lambda one: self.heard[one], default=OTHER)
        if oldest == OTHER or minute - self.heard[oldest] < FALLOW:
            return None
        del self.heard[oldest]
        return self.rows.pop(oldest)
