"""Fit how context counts, for the classifier that ships: `python -m models.context_fit --background FILE`.

Run it again whenever the heads were trained again. The weights are chosen on half of the threads' authors and half of the
background posts, none of which the heads have read; `models.context_figures` measures on the other halves.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.background import sample_background
from models.calibration import Array
from models.classifier import Classifier
from models.context import Step, Weights, save_weights
from models.context_rows import Rows, read_rows, simulate
from models.engines import F32, Running
from models.features import FeatureCache
from models.heads import ARTEFACT, load_heads
from models.threads import THREADS, read_threads

STRENGTH = 1.0  # C of both regressions; 0.1 and 0.3 raise fewer offers, 10 no more
SHRINK = 2.0  # posts that an unknown channel weighs: 1 and 4 differ by one post in 64
DEVIATIONS = 2.3  # of the innocent threads, which a limit lies above their mean
WINDOW, HALF_LIFE_H = 20, 24.0
BAND_SHARE = 0.045  # of the background, read again at most if all of it had a context
FLOOR = 0.0  # the mean of the background

_SEED = 7  # as training, so that posts it has read can be passed over
_TRAINED_ON = 60_000
_FEATURES = Path.home() / ".cache" / "fanal" / "features"


@dataclass(frozen=True, slots=True)
class Ground:
    """Threads and background in simulated channels, read; which of each choose the weights, the others measuring them."""

    threads: Rows
    background: Rows
    threads_fit: NDArray[np.bool_]
    background_fit: NDArray[np.bool_]

    def turned(self) -> "Ground":
        """Give the same with the halves exchanged."""
        return replace(self, threads_fit=~self.threads_fit, background_fit=~self.background_fit)


def fit_weights(ground: Ground, heads: str) -> Weights:
    """Fit both regressions and set band and limits, on the half that is for that."""
    threads = ground.threads.part(ground.threads_fit)
    background = ground.background.part(ground.background_fit)
    offers = np.array([one.is_offer for one in threads.threads])
    neutral = threads.recent[~offers, 1:].mean(axis=0)
    none = Step((), 0.0, 0.0)
    first = (round(float(neutral[0]), 4), round(float(neutral[1]), 4))
    draft = Weights(heads, first, SHRINK, HALF_LIFE_H, WINDOW, FLOOR, 0.0, none, none)
    before = _step([_columns(draft, rows, with_text=False) for rows in (threads, background)], offers)
    alone = [before(columns) for columns in _columns(draft, background, with_text=False)]
    band = max(float(np.quantile(odds, 1 - BAND_SHARE)) for odds in alone)
    near = background.part((np.maximum(*alone) >= band) & (background.own[:, 0] >= FLOOR))
    open_ = threads.own[:, 0] >= FLOOR
    after = _step([_columns(draft, rows, with_text=True) for rows in (threads.part(open_), near)], offers[open_])
    return replace(draft, band=round(band, 4), before=before, after=after)


def _columns(draft: Weights, rows: Rows, *, with_text: bool) -> tuple[Array, Array]:
    """Give what a regression sees of rows: with their channel's recent posts, and as if nothing were known of those."""
    text = rows.together if with_text else rows.together[:, :0]
    forms = [draft.columns(rows.own, recent) for recent in (rows.recent, np.zeros_like(rows.recent))]
    with_recent, without = (np.concatenate([form, text], axis=1) for form in forms)
    return with_recent, without


def _step(forms: Sequence[tuple[Array, Array]], offers: NDArray[np.bool_]) -> Step:
    """Fit threads against each other, the background weighing as much as the innocent threads.

    The limit lies so far above the innocent threads, and above every background post.
    """
    threads, background = (np.concatenate(some) for some in forms)
    target = np.concatenate([offers, offers, np.zeros(len(background), np.bool_)])
    share = 2 * (~offers).sum() / max(1, len(background))
    model = LogisticRegression(C=STRENGTH, max_iter=1000)
    weights = np.concatenate([np.ones(len(threads)), np.full(len(background), share)])
    model.fit(np.concatenate([threads, background]), target, sample_weight=weights)
    innocents = model.decision_function(forms[0][0][~offers])
    limit = innocents.mean() + DEVIATIONS * innocents.std()
    if len(background):
        limit = max(limit, model.decision_function(background).max())
    return Step(
        tuple(np.round(model.coef_[0], 4).tolist()), round(float(model.intercept_[0]), 4), round(float(limit), 4)
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """An engine that keeps what it encoded, so that fitting and measuring read each text once."""

    engine: str
    base_sha256: str
    encode: Callable[[Sequence[str]], NDArray[np.float32]]
    lengths: Callable[[Sequence[str]], Sequence[int]]


def open_classifier(options: argparse.Namespace) -> Classifier:
    """Open the artefact on the engine in f32, with its features kept."""
    heads = load_heads(options.artefact)
    plain = Classifier.load(options.artefact, options.cache, options.base, Running(F32))
    cache = FeatureCache(options.features / f"{F32}-context-{heads.digest[:12]}", plain.features)
    return Classifier(heads, Kept(F32, plain.base_sha256, cache.features, plain.lengths))


def read_ground(options: argparse.Namespace, classifier: Classifier) -> Ground:
    """Read threads, and background posts that the heads were not trained on, in simulated channels."""
    threads = read_threads(options.threads)
    sample = sample_background(options.background, _TRAINED_ON + 2 * options.posts, _SEED)[_TRAINED_ON:]
    posts = simulate([post for post in sample if post.is_post][: options.posts], threads, _SEED)
    print(f"reading {len(threads)} threads and {len(posts)} background posts", file=sys.stderr)
    rows = read_rows(threads, classifier.read, FLOOR), read_rows(posts, classifier.read, FLOOR)
    halves = np.array([one.fits for one in threads]), np.arange(len(posts)) % 2 == 0
    return Ground(*rows, *halves)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that fitting and measuring share."""
    parser.add_argument("--background", type=Path, required=True, help="JSON lines, gzipped: text, lang, source")
    parser.add_argument("--posts", type=int, default=10_000, help="background posts to use (beyond those trained on)")
    parser.add_argument("--threads", type=Path, default=THREADS)
    parser.add_argument("--artefact", type=Path, default=ARTEFACT)
    parser.add_argument("--base", help="the base encoder, as the setting model.base names one")
    parser.add_argument("--cache", type=Path, help="where the base encoder is kept")
    parser.add_argument("--features", type=Path, default=_FEATURES, help="where features are kept")


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit from the command line and write the weights beside the artefact."""
    parser = argparse.ArgumentParser(prog="python -m models.context_fit", description=__doc__)
    add_options(parser)
    options = parser.parse_args(arguments)
    classifier = open_classifier(options)
    weights = fit_weights(read_ground(options, classifier), classifier.heads_digest)
    save_weights(weights, options.artefact)
    print(f"weights of context written to {options.artefact}")


if __name__ == "__main__":
    main()
