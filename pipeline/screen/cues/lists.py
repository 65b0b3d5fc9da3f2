"""The word lists of `config/cues/`: one file a language, all of one shape, checked when they are read.

What an analyst may write there is described in docs/cues.md. A list that does not hold to its shape is refused with one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import re2
import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from pipeline.errors import ConfigurationError
from pipeline.screen.cues.phrases import MOST_WORDS, words_of

MOST_PHRASES = 5000
ROLES = ("route.from", "route.to", "route.between", "departure.leaving", "departure.when", "price.stated", "not.goods",
         "not.telephone", "not.departure",
    "not.place",
    "not.route", "spoken.double",
    "spoken.plus", "spoken.triple")  # fmt: skip
"""Concepts that are no cue alone: they say how to read what stands beside them."""

_Phrase = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=80)]
_Pattern = Annotated[str, StringConstraints(strict=True, min_length=3, max_length=200)]
_Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3,4}$")]


class WordList(BaseModel):
    """The words of one language. Phrases may end words in `*`; numbers are 0 to 99, `times` are 100 and above, `days` count from today."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    version: Literal[1]
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
    prefixes: tuple[_Phrase, ...] = ()
    endings: bool = False
    words: Mapping[str, tuple[_Phrase, ...]] = {}
    patterns: Mapping[str, tuple[_Pattern, ...]] = {}
    numbers: Mapping[Annotated[int, Field(ge=0, le=99)], tuple[_Phrase, ...]] = {}
    times: Mapping[Annotated[int, Field(ge=100, le=10**9)], tuple[_Phrase, ...]] = {}
    currencies: Mapping[_Currency, tuple[_Phrase, ...]] = {}
    days: Mapping[Annotated[int, Field(ge=0, le=6)], tuple[_Phrase, ...]] = {}
    months: Mapping[Annotated[int, Field(ge=1, le=12)], tuple[_Phrase, ...]] = {}
    weekdays: Mapping[Annotated[int, Field(ge=1, le=7)], tuple[_Phrase, ...]] = {}
    places: Mapping[
        Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(/[A-Za-z' -]{2,40})?$")], tuple[_Phrase, ...]
    ] = {}

    @field_validator("patterns")
    @classmethod
    def _safe(cls, patterns: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        for pattern in (one for some in patterns.values() for one in some):
            _check_pattern(pattern)
        return patterns

    def concepts(self) -> dict[str, tuple[str, ...]]:
        """All phrases by concept, the tables' among them as `number.7`, `currency.EUR`, `place.TR`, ..."""
        tables: tuple[tuple[str, Mapping[Any, tuple[str, ...]]], ...] = (
            ("number", self.numbers), ("times", self.times), ("currency", self.currencies), ("day", self.days),
            ("month", self.months), ("weekday", self.weekdays), ("place", self.places),
        )  # fmt: skip
        found = {f"{name}.{key}": phrases for name, table in tables for key, phrases in table.items()}
        return {**self.words, **found}


def read_list(path: Path, concepts: frozenset[str]) -> WordList:
    """Read one list and hold it to its shape; `concepts` are the kinds and values that its words may have.

    Raises:
        ConfigurationError: the list cannot be read, or something in it is not what it may be; the message names the place.
    """
    try:
        read = WordList.model_validate(yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: not YAML: {' '.join(str(error).split())[:200]}") from None
    except ValidationError as error:
        raise ConfigurationError(f"{path}: {_first(error)}") from None
    _check(path, read, concepts)
    return read


def _check(path: Path, read: WordList, concepts: frozenset[str]) -> None:
    if read.language != path.stem:
        raise ConfigurationError(f"{path}: language is {read.language}; the file's name says {path.stem}")
    for concept in (*read.words, *read.patterns):
        if concept not in concepts:
            raise ConfigurationError(f"{path}: no cue {concept[:60]}; config/taxonomy.yaml names those that there are")
    found = [(concept, phrase) for concept, phrases in read.concepts().items() for phrase in phrases]
    if len(found) > MOST_PHRASES:
        raise ConfigurationError(f"{path}: {len(found)} phrases; at most {MOST_PHRASES} are read")
    for concept, phrase in found:
        words = words_of(phrase)
        if not 1 <= len(words) <= MOST_WORDS or any(word == "*" or len(word) < 3 for word in words if "*" in word):
            raise ConfigurationError(
                f"{path}: {concept}: {phrase!r} has no word, more than {MOST_WORDS}, or one of less than two letters before *"
            )


def _check_pattern(pattern: str) -> None:
    options = re2.Options()
    options.max_mem = 1 << 20
    options.log_errors = False
    try:
        found = re2.compile(pattern, options=options)
    except re2.error as error:
        detail = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        raise ValueError(f"pattern {pattern!r} is refused by re2: {detail}") from None
    if found.search(""):
        raise ValueError(f"pattern {pattern!r} matches nothing at all")


def _first(error: ValidationError) -> str:
    one = error.errors()[0]
    where = ".".join(str(part) for part in one["loc"]) or "the file"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    hint = "; put it in quotes" if one["type"] == "string_type" else ""
    return f"{where}: {one['msg'].removeprefix('Value error, ')}{hint}{more}"
