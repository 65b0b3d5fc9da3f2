"""What cues come to in numbers: prices in euros by a dated table, and where on the map the towns lie. Pure.

Both are coarse: they put hits on one scale and on a map, and are no sums or addresses.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from pipeline.resources import config_dir, read_table
from pipeline.screen.cues.cue import Cue
from pipeline.screen.cues.points import Point, town_points

NEAR = 40
"""Characters between a price and the words `per person` that speak of it."""
MOST = 32
"""Prices and points that a hit shows."""
_FIGURES = 3

_Code = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3,4}$")]


class Values(NamedTuple):
    """Fields of a document: each price in euros (a range as its two ends), that of one person, the towns as `latitude,longitude`."""

    price_eur: tuple[float, ...] = ()
    price_eur_per_head: float | None = None
    place_points: tuple[str, ...] = ()


class Rates(BaseModel):
    """The table: units of a currency for one euro, the day they are of, and those that follow the street."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    as_of: date
    street: tuple[_Code, ...] = ()
    per_euro: Mapping[_Code, Annotated[float, Field(gt=0, lt=1e9)]]

    @model_validator(mode="after")
    def _euro_is_one(self) -> "Rates":
        if self.per_euro.get("EUR") != 1:
            raise ValueError("EUR must be 1")
        return self


def values(cues: Sequence[Cue], rates: Rates | None = None, known: Mapping[str, Point] | None = None) -> Values:
    """The values of a text's cues. Prices without a currency, or in one that the table has not, have none.

    `known` gives points of places by code (`IT/Lampedusa`) that go before those of GeoNames.
    """
    table = rates or shipped_rates()
    prices = [(cue, euros) for cue in cues if cue.kind == "price" and (euros := _euros(cue.normalised, table))]
    found = dict.fromkeys(euro for _, euros in prices for euro in euros)
    return Values(tuple(found)[:MOST], _per_head(cues, prices), _points(cues, known or {}))


def shipped_rates() -> Rates:
    """The table of the configuration folder, read once.

    Raises:
        ConfigurationError: it cannot be read, or is none.
    """
    return read_rates(config_dir() / "currencies.yaml")


@cache
def read_rates(path: Path) -> Rates:
    """Read a table of rates; errors as `shipped_rates`."""
    return read_table(path, Rates)


def _euros(price: str, rates: Rates) -> tuple[float, ...]:
    """`3000-4000 TRY` in euros, to three figures; nothing where the currency is unknown."""
    amounts, _, code = price.partition(" ")
    rate = rates.per_euro.get(code)
    return tuple(_rounded(float(amount) / rate) for amount in amounts.split("-")) if rate else ()


def _rounded(value: float) -> float:
    return float(f"{value:.{_FIGURES}g}")


def _per_head(cues: Sequence[Cue], prices: Sequence[tuple[Cue, tuple[float, ...]]]) -> float | None:
    """The first price beside words such as `per person`; of a range its middle."""
    heads = [cue for cue in cues if (cue.kind, cue.normalised) == ("payment", "per_head")]
    spoken_of = {min(prices, key=lambda one: _gap(one[0], head)) for head in heads if prices}
    near = [(price, euros) for price, euros in spoken_of if any(_gap(price, head) <= NEAR for head in heads)]
    if not near:
        return None
    _, euros = min(near, key=lambda one: one[0].start)
    return _rounded(sum(euros) / len(euros))


def _gap(one: Cue, other: Cue) -> int:
    return max(one.start - other.end, other.start - one.end, 0)


def _points(cues: Sequence[Cue], known: Mapping[str, Point]) -> tuple[str, ...]:
    named = (cue.normalised.split(">") for cue in cues if cue.kind in ("place", "route"))
    codes = dict.fromkeys(code for some in named for code in some if code in known or "/" in code)
    points = (known.get(code) or town_points().get(code) for code in codes)
    return tuple(dict.fromkeys(f"{latitude:.4f},{longitude:.4f}" for latitude, longitude in filter(None, points)))[
        :MOST
    ]
