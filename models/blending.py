"""Fit heads that blend two views of a post: regressions on the frozen layers, and layers tuned for the task.

The regressions are steady on wording and sources that were not seen, and take much for an offer that only resembles
one; the tuned layers tell lures from their honest twins. Held out, the mean of both, each in its own deviations over
the background, finds a third more offers than either at the same false hits (measured on one fold: 0.58 against 0.40
and 0.41 of offers at 1e-4, and 6 % of hard benign posts against 12 %). It costs nothing: both are linear in the features.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from models.base import Progress, silent
from models.dataset import FOLDS, Row
from models.examples import KINDS, LANES
from models.fitting import Features, Fit, fit
from models.heads import Logits
from models.linear import Linear
from models.tuned import TunedLayers
from models.tuning import Material, Places, TunedFit, read_tuned, tune

BACKGROUND = 12_000  # posts of it that the layers are tuned on, beside all examples
HARDEST = 0.6  # of those, the share that the regressions score highest; the rest is drawn at random
_RECIPE = 1  # change it where the way of training changes: what was kept of it is then trained again
_SCALED_BY = 3000  # background posts, not tuned on, whose deviation sets the scale


@dataclass(frozen=True, slots=True)
class Blend:
    """Tuned layers, and the heads on the features that the base gives with them."""

    layers: TunedLayers
    heads: Fit


def fit_blend(
    material: Material, places: Places, noise: Features | None, seed: int, progress: Progress = silent
) -> Blend:
    """Fit on the rows at `places`; `noise` is what `models.fitting.fit` takes, for the frozen features."""
    rows = [material.rows[place] for place in places.tolist()]
    plain = fit(material.frozen[places], rows, noise)
    background = places[[row.is_background for row in rows]]
    chosen, rest = _chosen(plain, material.frozen, background, seed)
    own = places[[not row.is_background for row in rows]]
    tuned = tune(material, np.concatenate([own, chosen]), seed, progress)
    scaled_by = (rest if len(rest) else chosen)[:_SCALED_BY]
    return Blend(tuned.layers, _blended(plain, tuned, read_tuned(material, tuned.layers, scaled_by)))


def cross_blend(
    material: Material, noise: Features | None, seed: int, kept: Path, progress: Callable[[int], Progress]
) -> Logits:
    """Give each row's logits from layers and heads that saw neither its author or article nor its source.

    A fold that was trained before from the same inputs is read from the folder `kept`.
    """
    folds = np.array([row.fold for row in material.rows])
    found = Logits(np.zeros((len(folds), len(LANES))), np.zeros((len(folds), len(KINDS))))
    for fold in range(FOLDS):
        held = np.flatnonzero(folds == fold)
        path = kept / f"fold-{fold}-{_digest(material, noise, seed)}.safetensors"
        if not path.is_file():
            blend = fit_blend(material, np.flatnonzero(folds != fold), noise, seed, progress(fold))
            logits = blend.heads(read_tuned(material, blend.layers, held))
            kept.mkdir(parents=True, exist_ok=True)
            save_file({"stream": logits.stream, "near": np.ascontiguousarray(logits.near)}, path)
        part = load_file(path)
        found.stream[held], found.near[held] = part["stream"], part["near"]
    return found


def _chosen(plain: Fit, frozen: Features, background: Places, seed: int) -> tuple[Places, Places]:
    """Choose background posts to tune on, the hardest and some of the others; and give those that are left."""
    scores = plain(frozen[background]).stream.max(axis=1)
    order = background[np.argsort(-scores, kind="stable")]
    hardest = int(BACKGROUND * HARDEST)
    others = np.random.default_rng(seed).permutation(order[hardest:])
    return np.concatenate([order[:hardest], others[: BACKGROUND - hardest]]), others[BACKGROUND - hardest :]


def _blended(plain: Fit, tuned: TunedFit, features: Features) -> Fit:
    """Give the mean of both, the lanes brought to the regressions' deviation over the background's features."""
    width = plain.stream.weight.shape[1]
    ours = plain.stream(features[:, :width]).std(axis=0)
    pace = (ours / (tuned.stream(features).std(axis=0) + 1e-6)).astype(np.float32)
    scaled = Linear(tuned.stream.weight * pace[:, None], tuned.stream.bias * pace)
    return Fit(_mean(plain.stream, scaled), _mean(plain.near, tuned.near))


def _mean(narrow: Linear, wide: Linear) -> Linear:
    """Give the mean of two maps, the first of which reads only the first features."""
    weight = wide.weight.astype(np.float32)
    weight[:, : narrow.weight.shape[1]] += narrow.weight
    return Linear(weight * np.float32(0.5), ((narrow.bias + wide.bias) * 0.5).astype(np.float32))


def _digest(material: Material, noise: NDArray[np.float32] | None, seed: int) -> str:
    """Name the inputs of a training."""
    parts = [str(_RECIPE), str(seed), material.base.sha256, "" if noise is None else str(len(noise))]
    return hashlib.sha256("\0".join([*parts, *map(_line, material.rows)]).encode("utf-8", "surrogatepass")).hexdigest()[
        :16
    ]


def _line(row: Row) -> str:
    return f"{row.fold} {row.kind} {row.lang} {row.text}"


def frozen_width(width: int) -> int:
    """Give how many of the features [width] come from layers that stay as they are: all but the last third."""
    return width * 2 // 3


def some_rows(rows: Sequence[Row], count: int) -> list[int]:
    """Give the places of all examples and of so many background posts, evenly spread: by them engines are compared."""
    background = [place for place, row in enumerate(rows) if row.is_background and row.measured]
    every = max(1, len(background) // count)
    return [place for place, row in enumerate(rows) if not row.is_background] + background[::every]
