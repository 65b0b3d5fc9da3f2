"""What a hit suggests in the terms of law: act, means, purpose. The table is `config/crosswalk.yaml`, held to its shape."""

from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from pipeline.errors import ConfigurationError
from pipeline.resources import config_dir, read_table, taxonomy


class Suggested(NamedTuple):
    """Fields of a document: acts, means and purposes that a person may find; an assessment."""

    acts: tuple[str, ...] = ()
    means: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Given(_Strict):
    """What an entry suggests."""

    acts: tuple[str, ...] = ()
    means: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()


class Suggestion(_Strict):
    """An entry: it holds where one member at least of each of its lists is there; an empty list asks for nothing."""

    kinds: tuple[str, ...] = ()
    subtypes: tuple[str, ...] = ()
    cues: tuple[str, ...] = ()
    gives: Given

    def holds(self, kind: str, subtypes: Collection[str], cues: Collection[str]) -> bool:
        """Whether it holds of a hit."""
        return (
            (not self.kinds or kind in self.kinds)
            and (not self.subtypes or any(one in subtypes for one in self.subtypes))
            and (not self.cues or any(one in cues for one in self.cues))
        )


class Crosswalk(_Strict):
    """The table: the terms that there are, and what suggests them."""

    version: Literal[1]
    acts: tuple[str, ...]
    means: tuple[str, ...]
    purposes: tuple[str, ...]
    suggest: tuple[Suggestion, ...]

    def of(self, kind: str, subtypes: Collection[str], cues: Collection[str]) -> Suggested:
        """What a hit's kind, subtypes and cues (`lure:housing`, `violence`) suggest, each term once, in the order of the table."""
        given = [one.gives for one in self.suggest if one.holds(kind, subtypes, cues)]
        return Suggested(
            tuple(term for term in self.acts if any(term in one.acts for one in given)),
            tuple(term for term in self.means if any(term in one.means for one in given)),
            tuple(term for term in self.purposes if any(term in one.purposes for one in given)),
        )


def crosswalk() -> Crosswalk:
    """The table of the configuration folder.

    Raises:
        ConfigurationError: it cannot be read, or names a kind, subtype, cue or term that there is not.
    """
    return read_crosswalk(config_dir() / "crosswalk.yaml")


@cache
def read_crosswalk(path: Path) -> Crosswalk:
    """Read a table; errors as `crosswalk`."""
    read = read_table(path, Crosswalk)
    for number, wrong in ((at, wrong) for at, one in enumerate(read.suggest, 1) for wrong in _unknown(read, one)):
        raise ConfigurationError(f"{path}: suggest {number}: {wrong}")
    return read


def _unknown(read: Crosswalk, one: Suggestion) -> Iterator[str]:
    terms = (
        (read.acts, one.gives.acts, "act"),
        (read.means, one.gives.means, "means"),
        (read.purposes, one.gives.purposes, "purpose"),
    )
    named = (
        (kinds(), one.kinds, "kind"),
        (subtypes(), one.subtypes, "subtype"),
        (cue_names(), one.cues, "cue"),
        *terms,
    )
    for known, some, what in named:
        yield from (f"no {what} {name[:60]}" for name in some if name not in known)


def kinds() -> frozenset[str]:
    """The taxonomy's kinds."""
    return frozenset(taxonomy()["kinds"])


def subtypes() -> frozenset[str]:
    """The taxonomy's subtypes of all kinds."""
    return frozenset(one for some in taxonomy()["subtypes"].values() for one in some)


def cue_names() -> frozenset[str]:
    """What a document calls cues: kinds, and kinds with their values (`payment:hawala`)."""
    values = taxonomy()["cue_values"]
    return frozenset((*taxonomy()["cues"], *(f"{kind}:{value}" for kind, some in values.items() for value in some)))
