"""Assess posts again in their context: at most one more reading, of those that stand near enough."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from models.calibration import Array
from models.classifier import Assessment, Reading
from models.context import CHANNEL_NAME, CHANNEL_RECENT, REPLY, Step, Weights, clipped, joined
from models.examples import LANES
from models.surroundings import Surroundings


class Reads(Protocol):
    """A classifier, as far as it is needed to read a post together with what stands around it."""

    labels: tuple[str, ...]

    def read(self, texts: Sequence[str], langs: Sequence[str]) -> Reading:
        """Read texts; decide nothing."""


class InContext:
    """The classifier with the weights of context. One thread at a time may call it, as with the classifier itself."""

    def __init__(self, classifier: Reads, weights: Weights) -> None:
        self._classifier = classifier
        self._weights = weights

    def reassess(
        self,
        texts: Sequence[str],
        langs: Sequence[str],
        around: Sequence[Surroundings],
        alone: Sequence[Assessment],
    ) -> list[Assessment]:
        """Give the assessments of the texts, in order: those alone, or raised to review with what raised them."""
        found = list(alone)
        places = [at for at, one in enumerate(around) if self._is_open(one, alone[at])]
        if not places:
            return found
        columns = self._weights.columns(
            np.array([alone[at].odds for at in places]), np.array([_row(around[at]) for at in places])
        )
        first = dict(zip(places, columns, strict=True))
        near = self._weights.before(columns) >= self._weights.band
        again = [at for at, is_near in zip(places, near, strict=True) if is_near and around[at].has_text]
        for at in places:
            if not around[at].has_text and (why := self._why(self._weights.before, first[at], around[at])):
                found[at] = _raised(alone[at], alone[at].scores, why)
        for at, odds, scores in self._read_again(again, texts, langs, around):
            if why := self._why(self._weights.after, np.concatenate([first[at], odds]), around[at]):
                found[at] = _raised(alone[at], scores, why)
        return found

    def _is_open(self, around: Surroundings, alone: Assessment) -> bool:
        """Whether context may raise a post: there is some, and the post reached nothing and is no stranger to offers."""
        known = around.has_text or around.recent.weight > 0
        return known and alone.lane is None and alone.odds[0] >= self._weights.floor

    def _read_again(
        self, again: Sequence[int], texts: Sequence[str], langs: Sequence[str], around: Sequence[Surroundings]
    ) -> Iterator[tuple[int, Array, dict[str, float]]]:
        """Read posts with their context; pass over those that then read more like a victim or a witness."""
        if not again:
            return
        reading = self._classifier.read([joined(texts[at], around[at]) for at in again], [langs[at] for at in again])
        rows = zip(again, clipped(reading.odds), reading.scores.tolist(), reading.victims.tolist(), strict=True)
        for at, odds, scores, is_victim in rows:
            if not is_victim:
                yield at, odds, dict(zip(self._classifier.labels, scores, strict=True))

    def _why(self, step: Step, columns: Array, around: Surroundings) -> tuple[str, ...]:
        """Name what raised a post; nothing where it is not raised, or its context speaks for none of it."""
        if step(columns) < step.limit:
            return ()
        own, recent, read = columns[:2], columns[2:4], columns[4:]
        weights = np.array(step.weights)
        if read.size and weights[4:] @ (read - own) > 0:
            named = [(REPLY, around.reply), (CHANNEL_NAME, around.channel)]
            why = [name for name, text in named if text]
        else:
            why = []
        if around.recent.weight and weights[2:4] @ (recent - np.array(self._weights.neutral)) > 0:
            why.append(CHANNEL_RECENT)
        return tuple(why)


def _row(around: Surroundings) -> tuple[float, float, float]:
    return around.recent.weight, around.recent.stream, around.recent.near


def _raised(alone: Assessment, scores: dict[str, float], why: tuple[str, ...]) -> Assessment:
    """Raise to review as the likelier offer; the scores stay those of the post alone."""
    kind = max(LANES["offers"], key=lambda one: scores[one])
    subtypes = alone.subtypes if kind == alone.kind else ()
    return replace(alone, kind=kind, subtypes=subtypes, lane="offers", flagged=True, level="review", context=why)
