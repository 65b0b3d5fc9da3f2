"""How far a score can be read as a probability, and what recall costs in precision, kind by kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.dataset import balanced
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
    """One kind: bins of equal mass, and the precision and recall at each of some scores.

    Both are of the examples and the background measured; in the bins the background has as much weight as the examples, which
    is the mixture that scores are probabilities of. Precision follows from the mixture too, and is none of a stream.
    """

    kind: str
    bins: tuple[Bin, ...]
    curve: tuple[tuple[float, float], ...]
    average_precision: float

    @property
    def ece(self) -> float:
        """The expected calibration error: the mean distance of score and share over bins of equal mass."""
        return sum(abs(one.score - one.share) for one in self.bins) / max(1, len(self.bins))

    def as_json(self) -> dict[str, Any]:
        """Give the figures, without the curve."""
        bins = [{"posts": one.posts, "score": round(one.score, 5), "share": round(one.share, 5)} for one in self.bins]
        return {"ece": round(self.ece, 5), "average_precision": round(self.average_precision, 5), "bins": bins}


def reliabilities(judged: Sequence[Judged]) -> list[Reliability]:
    """Measure every kind."""
    examples = [one for one in judged if not one.row.is_background]
    everything = examples + [one for one in judged if is_counted_background(one.row)]
    return [_reliability(place, kind, everything) for place, kind in enumerate(KINDS)]


def _reliability(place: int, kind: str, everything: Sequence[Judged]) -> Reliability:
    scores, truth = _of(place, kind, everything)
    curve = precision_recall(scores, truth)
    average = sum(
        (recall - before) * precision
        for (before, _), (recall, precision) in zip([(0.0, 1.0), *curve], curve, strict=False)
    )
    bins = equal_bins(scores, truth, balanced([one.row for one in everything]))
    return Reliability(kind, bins, tuple(_thinned(curve)), average)


def _of(place: int, kind: str, judged: Sequence[Judged]) -> tuple[Array, Array]:
    scores = np.array([one.scores[place] for one in judged], np.float64)
    return scores, np.array([one.row.kind == kind for one in judged], np.float64)


def equal_bins(scores: Array, truth: Array, weights: Array) -> tuple[Bin, ...]:
    """Sort the posts by score into bins of equal mass, as far as single posts allow."""
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(weights[order])
    number = (
        np.minimum((reached - weights[order] / 2) / reached[-1] * BINS, BINS - 1).astype(int) if len(order) else reached
    )
    parts = [order[number == one] for one in range(BINS)]
    return tuple(_bin(scores[part], truth[part], weights[part]) for part in parts if len(part))


def _bin(scores: Array, truth: Array, weights: Array) -> Bin:
    score, share = (float(np.average(values, weights=weights)) for values in (scores, truth))
    return Bin(len(scores), score, share)


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
        f"Held-out examples and background, each with half of the weight, in {BINS} bins of equal mass by their score: mean score →",
        "share that is of the kind. ECE is the mean distance of the two. The mixture is no stream, where nearly all posts are benign: a",
        "score ranks there. Average precision (AP) is that among the examples and the background as they are.\n",
        "![score against share](reliability.svg) ![precision against recall](precision-recall.svg)\n",
        "| kind | ECE | AP | posts | bins |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one in found:
        bins = ", ".join(f"{some.score:.2f} → {some.share:.2f}" for some in one.bins)
        posts = sum(some.posts for some in one.bins)
        lines.append(f"| {one.kind} | {one.ece:.3f} | {one.average_precision:.3f} | {posts:,} | {bins} |")
    return "\n".join(lines) + "\n"
