"""Why a post is flagged: the words of the text, as it is written, that raised its score."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from pipeline.screen.assessments import Assessment
from pipeline.screen.clean import clean

if TYPE_CHECKING:
    from models.explain import Judge


class Written(Protocol):
    """A post, as explaining needs it."""

    @property
    def written(self) -> str:
        """Its text before cleaning: spans count its characters."""

    @property
    def lang(self) -> str:
        """Its main language, which stays that of the whole text."""


def explained(judge: Judge, *, everything: bool) -> Callable[[Written, Assessment], list[dict[str, Any]] | None]:
    """A function that gives the spans of a post that is a hit, or of every post: then for the lane that it comes closest to."""
    from models.explain import InLane, explain

    def why(post: Written, found: Assessment) -> list[dict[str, Any]] | None:
        if found.lane is None and not everything:
            return None
        text, lane = post.written, found.lane or _closest(judge, post)
        return [
            {"start": one.start, "end": one.end, "text": text[one.start : one.end], "weight": round(one.weight, 4)}
            for one in explain(text, InLane(judge, post.lang, lane, clean))
        ]

    return why


def _closest(judge: Judge, post: Written) -> str:
    """The lane whose review threshold a benign post comes closest to."""
    return judge.lanes[int(judge.above_review([clean(post.written)], [post.lang])[0].argmax())]
