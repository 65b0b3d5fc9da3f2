"""Places that routes lead through and that the gazetteer lacks: the table `config/places.yaml`, read once and held to its shape."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from pipeline.errors import ConfigurationError
from pipeline.resources import config_dir, read_table
from pipeline.screen.cues.phrases import words_of

MOST_WORDS = 4
"""Words of a name; in scripts without spaces a character is a word, and twice as many may stand."""

_Code = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}/[^\W\d_][^>/\[\]]{1,40}$")]
_Name = Annotated[str, StringConstraints(strict=True, min_length=2, max_length=40)]


class Crossing(BaseModel):
    """A place: where it lies (degrees, WGS 84), its names, and those among them that are everyday words too."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    at: tuple[Annotated[float, Field(ge=-90, le=90)], Annotated[float, Field(ge=-180, le=180)]]
    names: tuple[_Name, ...] = ()
    common: tuple[_Name, ...] = ()

    @model_validator(mode="after")
    def _is_named(self) -> "Crossing":
        if not self.names and not self.common:
            raise ValueError("it needs names, or common ones")
        return self


class Crossings(BaseModel):
    """The table, by country and name (`GR/Lesvos`): the code that cues and documents call a place by."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    version: Literal[1]
    places: Mapping[_Code, Crossing]

    def by_name(self) -> dict[str, tuple[str, bool]]:
        """By each name, folded as the words of a text are: the code, and whether the name is an everyday word."""
        return {
            " ".join(words_of(name)): (code, is_common)
            for code, place in self.places.items()
            for is_common, names in ((False, place.names), (True, place.common))
            for name in names
        }


def crossings() -> Crossings:
    """The table of the configuration folder.

    Raises:
        ConfigurationError: it cannot be read, or something in it is not what it may be.
    """
    return read_crossings(config_dir() / "places.yaml")


def known_points() -> dict[str, tuple[float, float]]:
    """Latitude and longitude of the table's places, by code; errors as `crossings`."""
    return {code: place.at for code, place in crossings().places.items()}


@cache
def read_crossings(path: Path) -> Crossings:
    """Read a table; errors as `crossings`."""
    read = read_table(path, Crossings)
    _check(path, read)
    return read


def _check(path: Path, read: Crossings) -> None:
    said: dict[str, str] = {}
    for code, place in read.places.items():
        for name in (*place.names, *place.common):
            words = words_of(name)
            if not 1 <= len(words) <= (2 * MOST_WORDS if name[0] >= "\u0e00" else MOST_WORDS):
                raise ConfigurationError(f"{path}: {code}: {name!r} has no word, or more than {MOST_WORDS}")
            if said.setdefault(" ".join(words), code) != code:
                raise ConfigurationError(f"{path}: {code}: {name!r} is a name of {said[' '.join(words)]} already")
