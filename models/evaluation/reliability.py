"""How far a score can be read as a probability, and what recall costs in precision, kind by kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluation.groups import is_counted_background
from models.examples import KINDS
from models.judging import Judged

BINS = 10

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bin:
    """Posts whose scores lie next to each other: how many, their mean score, and the share that is of the kind."""

    posts: int
    score: float
    share: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """One kind: bins of equal mass over the examples, and the precision and recall at each of some scores.

    Precision is that among the examples and the background measured: it follows from their mixture, and is none of a stream.
    """

    kind: str
    bins: tuple[Bin, ...]
    curve: tuple[tuple[float, float], ...]
    average_precision: float

    @property
    def ece(self) -> float:
        """The expected calibration error: the mean distance of score and share, weighted by the posts of a bin."""
        posts = sum(one.posts for one in self.bins)
        return sum(one.posts * abs(one.score - one.share) for one in self.bins) / posts if posts else 0.0

    def as_json(self) -> dict[str, Any]:
        """Give the figures, without the curve."""
        bins = [{"posts": one.posts, "score": round(one.score, 5), "share": round(one.share, 5)} for one in self.bins]
        return {"ece": round(self.ece, 5), "average_precision": round(self.average_precision, 5), "bins": bins}


def reliabilities(judged: Sequence[Judged]) -> list[Reliability]:
    """Measure every kind."""
    examples = [one for one in judged if not one.row.is_background]
    everything = examples + [one for one in judged if is_counted_background(one.row)]
    return [_reliability(place, kind, examples, everything) for place, kind in enumerate(KINDS)]


def _reliability(place: int, kind: str, examples: Sequence[Judged], everything: Sequence[Judged]) -> Reliability:
    curve = precision_recall(*_of(place, kind, everything))
    average = sum(
        (recall - before) * precision
        for (before, _), (recall, precision) in zip([(0.0, 1.0), *curve], curve, strict=False)
    )
    return Reliability(kind, equal_bins(*_of(place, kind, examples)), tuple(_thinned(curve)), average)


def _of(place: int, kind: str, judged: Sequence[Judged]) -> tuple[Array, Array]:
    scores = np.array([one.scores[place] for one in judged], np.float64)
    return scores, np.array([one.row.kind == kind for one in judged], np.float64)


def equal_bins(scores: Array, truth: Array) -> tuple[Bin, ...]:
    """Sort the posts by score into bins of equal mass."""
    order = np.argsort(scores, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    return tuple(Bin(len(part), float(scores[part].mean()), float(truth[part].mean())) for part in parts)


def precision_recall(scores: Array, truth: Array) -> list[tuple[float, float]]:
    """Give recall and precision at each score from the highest down; posts of one score fall together."""
    if not truth.sum():
        return []
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(truth[order])
    last = np.append(np.diff(scores[order]) != 0, True)
    taken = np.flatnonzero(last)
    recall, precision = hits[taken] / truth.sum(), hits[taken] / (taken + 1)
    return list(zip(recall.tolist(), precision.tolist(), strict=True))


def _thinned(curve: Sequence[tuple[float, float]], steps: int = 200) -> list[tuple[float, float]]:
    """Keep the first point of each small step of recall."""
    kept: dict[int, tuple[float, float]] = {}
    for recall, precision in curve:
        kept.setdefault(int(recall * steps), (recall, precision))
    return list(kept.values())


def render_reliability(found: Sequence[Reliability]) -> str:
    """Give the reliability of every kind as Markdown: `score → share` of each bin, from the lowest scores up."""
    lines = [
        "## Scores beside shares, by kind\n",
        f"Held-out examples in {BINS} bins of equal mass by their score: mean score → share that is of the kind. ECE is the mean",
        "distance of the two. The examples are no sample of a stream: there most posts are benign. Average precision (AP) is that among",
        "the examples and the background together, and follows from their mixture.\n",
        "![score against share](reliability.svg) ![precision against recall](precision-recall.svg)\n",
        "| kind | ECE | AP | posts | bins |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one in found:
        bins = ", ".join(f"{some.score:.2f} → {some.share:.2f}" for some in one.bins)
        posts = sum(some.posts for some in one.bins)
        lines.append(f"| {one.kind} | {one.ece:.3f} | {one.average_precision:.3f} | {posts:,} | {bins} |")
    return "\n".join(lines) + "\n"
