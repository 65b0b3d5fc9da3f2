"""Why a post is flagged: the words of the text, as it is written, that raised its score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pipeline.screen.clean import clean
from pipeline.screen.screening import Assessment

if TYPE_CHECKING:
    from models.calibration import Array


class Classifier(Protocol):
    """A classifier, as explaining needs it."""

    @property
    def lanes(self) -> Sequence[str]:
        """The lanes, in the order of the columns of `above_review`."""

    def above_review(self, texts: Sequence[str], langs: Sequence[str]) -> Array:
        """How far each lane's score lies above its review threshold, [n, lanes]."""

    def lengths(self, texts: Sequence[str]) -> Sequence[int]:
        """How many tokens of each text are read."""


class Written(Protocol):
    """A post, as explaining needs it."""

    @property
    def written(self) -> str:
        """Its text before cleaning: spans count its characters."""

    @property
    def lang(self) -> str:
        """Its main language, which stays that of the whole text."""


@dataclass(frozen=True, slots=True)
class _InLane:
    """Scores texts as they are written, cleaned as the pipeline does, for one lane and language."""

    classifier: Classifier
    lang: str
    lane: int

    def distances(self, texts: Sequence[str]) -> Array:
        column: Array = self.classifier.above_review([clean(text) for text in texts], [self.lang] * len(texts))
        return column[:, self.lane]

    def lengths(self, texts: Sequence[str]) -> Sequence[int]:
        return self.classifier.lengths([clean(text) for text in texts])


def explained(
    classifier: Classifier, *, everything: bool
) -> Callable[[Written, Assessment], list[dict[str, Any]] | None]:
    """A function that gives the spans of a post that is a hit, or of every post: then for the lane that comes closest."""
    from models.explain import explain

    def why(post: Written, found: Assessment) -> list[dict[str, Any]] | None:
        if found.lane is None and not everything:
            return None
        scorer = _InLane(classifier, post.lang, _lane(classifier, post, found))
        return [
            {
                "start": span.start,
                "end": span.end,
                "text": post.written[span.start : span.end],
                "weight": round(span.weight, 4),
            }
            for span in explain(post.written, scorer)
        ]

    return why


def _lane(classifier: Classifier, post: Written, found: Assessment) -> int:
    """The column of the post's lane; of a benign post, of the lane that it comes closest to."""
    if found.lane is not None:
        return list(classifier.lanes).index(found.lane)
    return int(classifier.above_review([clean(post.written)], [post.lang])[0].argmax())
