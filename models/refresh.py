"""Measure the spreads of languages anew on unlabelled posts, and say what that would change.

The posts are whatever came in, hits included. Nobody has looked at them; all but a few are presumed benign.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from models.calibrate import ENOUGH, RATES
from models.calibration import Array, Calibration, Spread, floats
from models.classifier import Classifier
from models.decision import decide
from models.heads import Logits
from models.measured import LocalStatistics, Measured

MOST_RISE = 5  # times the review rate: what the share of hits may rise to before a person must agree
UNKNOWN = "und"

# Of a language's own in its mean and deviation, the rest being all languages'. Training takes none, for its background is of
# other sources than the stream; here the source is the stream itself, yet a sample of one time.
_OWN_SHARE = 0.5
_PULL = 100.0  # what all languages together weigh beside a language's own, in posts
_DROPPED = 0.005  # of a language's posts, those that stand highest in a lane
_AT_ONCE = 1024

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Change:
    """A language before and after: its spread, how many of its posts are flagged, and whether it was measured or had too few."""

    posts: int
    measured: bool
    old: Spread
    new: Spread
    flagged_before: int
    flagged_after: int


@dataclass(frozen=True, slots=True)
class Refreshed:
    """New statistics and what they change, by language; by lane the number of hits among the posts before and after."""

    statistics: LocalStatistics
    changes: Mapping[str, Change]
    hits: Mapping[str, tuple[int, int]]

    @property
    def risen(self) -> str | None:
        """Say in one line in which lane too many more posts would be hits, or None."""
        most = MOST_RISE * RATES["review"]
        posts = self.statistics.posts
        for lane, (before, after) in self.hits.items():
            if after > before and after > most * posts:
                return (
                    f"{after} of these {posts} posts would reach the lane {lane} ({after / posts:.2%}; before {before}), "
                    f"more than {most:.2%}, which is {MOST_RISE} times the review rate"
                )
        return None


def read(classifier: Classifier, texts: Sequence[str], progress: Callable[[int], None] = lambda _: None) -> Logits:
    """Give the logits of the texts; `progress` is told how many are read."""
    parts = []
    for first in range(0, len(texts), _AT_ONCE):
        some = texts[first : first + _AT_ONCE]
        parts.append(classifier.logits(some))
        progress(first + len(some))
    return Logits(np.concatenate([one.stream for one in parts]), np.concatenate([one.near for one in parts]))


def refreshed(classifier: Classifier, logits: Logits, langs: Sequence[str], at: datetime) -> Refreshed:
    """Measure every language with enough posts, and compare with what the classifier decides by now.

    All others fall back to what the artefact has for them, whatever the classifier had from earlier statistics. A
    language counts its posts in Latin letters too (`hi-Latn` as `hi`), as data sets do; of those enough make a spread
    of their own beside it. `und` is no language.
    """
    tags = _masks(langs)
    shipped = classifier.shipped
    measured = {
        lang: Measured(int(mask.sum()), _spread(logits.stream[mask], shipped.other))
        for lang, mask in tags.items()
        if mask.sum() >= ENOUGH and lang != UNKNOWN
    }
    heads = classifier.heads
    statistics = LocalStatistics(heads.digest, classifier.engine, classifier.lanes, len(langs), at, measured)
    old, new = classifier.calibration, statistics.refine(shipped)
    lanes = [_lanes(classifier, logits, langs, one) for one in (old, new)]
    hits = {lane: (int((lanes[0] == lane).sum()), int((lanes[1] == lane).sum())) for lane in classifier.lanes}
    offers = [one == "offers" for one in lanes]
    changes = {
        lang: Change(
            posts=int(mask.sum()),
            measured=lang in measured,
            old=old.spread_of(lang),
            new=new.spread_of(lang),
            flagged_before=int((offers[0] & mask).sum()),
            flagged_after=int((offers[1] & mask).sum()),
        )
        for lang, mask in tags.items()
    }
    return Refreshed(statistics, changes, hits)


def robust_moments(odds: Array) -> tuple[Array, Array]:
    """Give the mean and variance of each lane's log-odds [n, lanes] without the posts that stand highest in it.

    The sample is unlabelled, so it holds the very hits that are sought, more of them while a campaign runs. They lie far
    above the rest: kept, they would raise the mean and widen the deviation, and so hide themselves and those after them.
    What dropping takes from the tail of a benign sample is given back as if that were normal. On real posts of 34
    languages the deviation so found is 1.00 times the plain one in the mean, and 0.97 times at the least.
    """
    dropped = math.ceil(_DROPPED * len(odds))
    kept = np.sort(odds, axis=0)[: len(odds) - dropped]
    share = 1 - dropped / len(odds)
    normal = NormalDist()
    cut = normal.inv_cdf(share)
    pull = normal.pdf(cut) / share
    variance: Array = kept.var(axis=0) / (1 - cut * pull - pull**2)
    mean: Array = kept.mean(axis=0) + pull * np.sqrt(variance)
    return mean, variance


def _spread(odds: Array, other: Spread) -> Spread:
    return shrunk(*robust_moments(odds), _OWN_SHARE * len(odds) / (len(odds) + _PULL), other)


def shrunk(mean: Array, variance: Array, share: float, other: Spread) -> Spread:
    """Give so large a share of a language's own mean and variance [lanes], the rest being those of all languages."""
    means = share * mean + (1 - share) * np.array(other.mean)
    variances = share * variance + (1 - share) * np.array(other.deviation) ** 2
    return Spread(floats(means), floats(np.sqrt(variances)))


def _masks(langs: Sequence[str]) -> dict[str, Mask]:
    """Say for each language, and each script of it that is told apart, which posts are its own."""
    own = np.array(langs)
    base = np.array([lang.partition("-")[0] for lang in langs])
    return {str(lang): (own == lang) | (base == lang) for lang in sorted({*own.tolist(), *base.tolist()})}


def _lanes(classifier: Classifier, logits: Logits, langs: Sequence[str], calibration: Calibration) -> NDArray[np.str_]:
    """Give the lane that each post reaches, or an empty string."""
    heads = classifier.heads
    return np.array([one.lane or "" for one in decide(logits, langs, heads.labels, heads.lanes, calibration)])
