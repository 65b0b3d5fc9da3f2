"""What a rule is: a condition over a hit's document, and an effect. What may be written there is described in docs/rules.md."""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Annotated, Literal

import re2
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from pipeline.posts import Document
from pipeline.screen.crosswalk import cue_names, kinds, subtypes

MUTED = "muted"
"""The tag of hits that a rule mutes; no rule may put it itself."""

_MEMORY = 1 << 20

_Score = Annotated[float, Field(ge=0, le=1)]
_Name = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9][a-z0-9-]{0,55}$")]
_Tag = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
_Language = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]{2,3}$")]
_Word = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64)]
_Pattern = Annotated[str, StringConstraints(strict=True, min_length=2, max_length=300)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Cues(_Strict):
    """Cues by name (`payment:hawala`), or by kind alone for all of its values: any, all or none of them must be there."""

    any: tuple[_Word, ...] = ()
    all: tuple[_Word, ...] = ()
    none: tuple[_Word, ...] = ()

    @field_validator("any", "all", "none")
    @classmethod
    def _known(cls, cues: tuple[str, ...]) -> tuple[str, ...]:
        _check(cues, cue_names(), "cue")
        return cues

    def hold(self, there: Collection[str]) -> bool:
        """Whether they hold of the cues and kinds that are there."""
        return _hold(self.any, self.all, self.none, [cue in there for cue in (*self.any, *self.all, *self.none)])


class Text(_Strict):
    """Patterns of re2 over the masked text with its evasion undone, whatever its case: any, all or none must be found."""

    any: tuple[_Pattern, ...] = ()
    all: tuple[_Pattern, ...] = ()
    none: tuple[_Pattern, ...] = ()

    @field_validator("any", "all", "none")
    @classmethod
    def _safe(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            if _compiled(pattern).search(""):
                raise ValueError(f"pattern {pattern!r} matches nothing at all")
        return patterns

    def hold(self, text: str) -> bool:
        """Whether they hold of a text."""
        patterns = (*self.any, *self.all, *self.none)
        return _hold(self.any, self.all, self.none, [bool(_compiled(one).search(text)) for one in patterns])


class When(_Strict):
    """The condition: all that is said must hold; of a list, one member. Nothing in it is changed by rules, so their order is nothing."""

    kinds: tuple[_Word, ...] = ()
    subtypes: tuple[_Word, ...] = ()
    languages: tuple[_Language, ...] = ()
    platforms: tuple[_Word, ...] = ()
    least: Mapping[_Word, _Score] = {}
    most: Mapping[_Word, _Score] = {}
    cues: Cues = Cues()
    text: Text = Text()

    @field_validator("kinds")
    @classmethod
    def _kinds(cls, named: tuple[str, ...]) -> tuple[str, ...]:
        _check(named, kinds(), "kind")
        return named

    @field_validator("least", "most")
    @classmethod
    def _scored(cls, named: Mapping[str, float]) -> Mapping[str, float]:
        _check(named, kinds(), "kind")
        return named

    @field_validator("subtypes")
    @classmethod
    def _subtypes(cls, named: tuple[str, ...]) -> tuple[str, ...]:
        _check(named, subtypes(), "subtype")
        return named

    @model_validator(mode="after")
    def _says_something(self) -> "When":
        if not self.model_fields_set:
            raise ValueError("a rule needs a condition")
        return self

    def holds(self, document: Document, text: str) -> bool:
        """Whether it holds of a document; `text` is its text with the evasion undone."""
        scores, lang = document.scores, document.lang.split("-")[0]
        return (
            _among(document.kind, self.kinds)
            and _among(lang, self.languages)
            and _among(document.platform, self.platforms)
            and (not self.subtypes or any(one in document.subtypes for one in self.subtypes))
            and all(scores.get(kind, 0.0) >= score for kind, score in self.least.items())
            and all(scores.get(kind, 0.0) <= score for kind, score in self.most.items())
            and self.cues.hold({*document.cues, *document.cue_kinds})
            and self.text.hold(text)
        )


class Then(_Strict):
    """The effect: a priority to raise or lower to, tags, another lane, or the hit muted. No rule moves a hit into the lane of offers."""

    raise_to: Literal["high", "urgent"] | None = None
    lower_to: Literal["normal", "high"] | None = None
    tags: tuple[_Tag, ...] = ()
    lane: Literal["protection", "exploitation"] | None = None
    mute: bool = False

    @model_validator(mode="after")
    def _does_something(self) -> "Then":
        if not self.model_dump(exclude_defaults=True):
            raise ValueError("a rule needs an effect: raise_to, lower_to, tags, lane or mute")
        if self.raise_to and (self.lower_to or self.mute):
            raise ValueError("a rule raises or lowers, not both")
        if MUTED in self.tags:
            raise ValueError(f"the tag {MUTED} is put by `mute: true`")
        return self


class Rule(_Strict):
    """A rule. In mode `shadow` it is counted (`shadow:NAME`) and does nothing."""

    name: _Name
    about: Annotated[str, StringConstraints(max_length=500)] = ""
    mode: Literal["active", "shadow"]
    when: When
    then: Then


def _check(named: Iterable[str], known: Collection[str], what: str) -> None:
    for one in named:
        if one not in known:
            raise ValueError(f"no {what} {one}; config/taxonomy.yaml names those that there are")


def _among(value: str, some: Collection[str]) -> bool:
    return not some or value in some


def _hold(any_: Collection[str], all_: Collection[str], none: Collection[str], found: list[bool]) -> bool:
    """Whether what was found, in the order of the three, is what they ask for."""
    first, second = len(any_), len(any_) + len(all_)
    return (not any_ or any(found[:first])) and all(found[first:second]) and not any(found[second:])


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> "re2._Regexp":
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.case_sensitive = False
    try:
        return re2.compile(pattern, options=options)
    except re2.error as error:
        detail = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        raise ValueError(f"pattern {pattern!r} is refused by re2: {detail}") from None
