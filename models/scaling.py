"""From what the heads say to probabilities: vector scaling (Guo et al. 2017, On Calibration of Modern Neural Networks).

Fitted on posts that the heads had not seen, half of them ordinary and half of them examples. So a score is the probability that a
post from such a mixture is of a kind; in a stream, where offers are far rarer, it is a rank and not a rate.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_FARTHEST = 6.0  # standard deviations from a threshold, beyond which nothing more is said
_LEAST = -12.0  # log-probability of a kind, likewise


@dataclass(frozen=True, slots=True)
class Scaling:
    """A multinomial regression on `inputs`: weights by kind [kinds][lanes + kinds], and biases [kinds]."""

    weight: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]

    def __call__(self, above: Array, near: Array) -> Array:
        """Give a probability for each text and kind, [n, kinds], from what `inputs` takes; a row sums to one."""
        return np.exp(_log_shares(inputs(above, near) @ np.array(self.weight).T + np.array(self.bias)))

    def refuse_unsound(self, lanes: int) -> None:
        """Raise a `ValueError` where it is not of so many lanes, or holds what is no number."""
        kinds = len(self.bias)
        if len(self.weight) != kinds or any(len(row) != lanes + kinds for row in self.weight):
            raise ValueError("a scaling has other kinds or lanes than the classifier")
        if not all(map(math.isfinite, (*self.bias, *(one for row in self.weight for one in row)))):
            raise ValueError("a scaling holds what is no number")

    def as_json(self) -> dict[str, Any]:
        """Give it as it is written in the artefact."""
        return {"weight": [list(row) for row in self.weight], "bias": list(self.bias)}


def inputs(above: Array, near: Array) -> Array:
    """Give what is scaled, [n, lanes + kinds].

    `above` [n, lanes] is how far each lane's score lies above its lowest threshold, `near` [n, kinds] the near head's logits.
    """
    return np.concatenate([above.clip(-_FARTHEST, _FARTHEST), _log_shares(near).clip(_LEAST)], axis=1)


def scaling_from_json(data: Mapping[str, Any]) -> Scaling:
    """Read it from the artefact's form of it."""
    return Scaling(tuple(map(_floats, data["weight"])), _floats(data["bias"]))


def _floats(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _log_shares(logits: Array) -> Array:
    shifted = logits - logits.max(axis=1, keepdims=True)
    shares: Array = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shares
