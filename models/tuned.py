"""The base with its last layers as they were trained together with the heads: they ship in the artefact, in fp16."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.base import Base
from models.errors import ModelError

TunedLayers = Mapping[str, NDArray[np.float16]]
"""Tensors under the names that the base has for them, such as `l8.q.w`."""


def cut_of(base: Base) -> int:
    """Give how many layers stay as they are: those up to the second one whose mean is a feature."""
    return base.layers[1]


def tuned_names(base: Base) -> list[str]:
    """Name the tensors of all layers above the cut."""
    layers = [f"l{layer}." for layer in range(cut_of(base), max(base.layers))]
    return sorted(name for name in base.weights if name.startswith(tuple(layers)))


def with_tuned(base: Base, layers: TunedLayers) -> Base:
    """Put the tuned layers in the place of the base's own; the checksum stays that of the base.

    Raises:
        ModelError: a tensor that the base has not, or of another shape.
    """
    for name, tensor in layers.items():
        if name not in base.weights or base.weights[name].shape != tensor.shape:
            raise ModelError(f"the classifier's tuned layers do not fit the base encoder {base.name} ({name})")
    return replace(base, weights={**base.weights, **{name: one.astype(np.float32) for name, one in layers.items()}})


def same_layers(one: TunedLayers, other: TunedLayers) -> bool:
    """Tell whether two classifiers read the same features of the same base."""
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)
