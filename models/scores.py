"""Arithmetic on logits: probabilities of kinds, and odds of lanes."""

from collections.abc import Mapping, Sequence

import numpy as np

from models.calibration import Array
from models.heads import Logits

Lanes = Mapping[str, Sequence[str]]


def kind_probabilities(logits: Logits, labels: Sequence[str], lanes: Lanes) -> Array:
    """Give a probability for each text and kind, [n, labels]; a row sums to one.

    A kind is as likely as its lane is to stand out of the stream, times its share among the posts that stand near; the
    rest is benign. So a post that resembles nothing is benign, whatever the near head makes of it.
    """
    near = _softmax(logits.near)
    out = np.exp(-np.logaddexp(0.0, -logits.stream))
    nowhere = np.prod(1.0 - out, axis=1)
    shares = near.copy()
    for column, kind in enumerate(labels):
        places = [place for place, kinds in enumerate(lanes.values()) if kind in kinds]
        shares[:, column] *= out[:, places[0]] if places else 1.0 - nowhere
        shares[:, column] += 0.0 if places else nowhere
    normal: Array = shares / shares.sum(axis=1, keepdims=True)
    return normal


def near_odds(logits: Logits, labels: Sequence[str], lanes: Lanes) -> Array:
    """Give the near head's log-odds of each lane's kinds against all other kinds, [n, lanes]."""
    columns = []
    for kinds in lanes.values():
        inside = np.isin(labels, list(kinds))
        columns.append(_log_sum(logits.near[:, inside]) - _log_sum(logits.near[:, ~inside]))
    return np.stack(columns, axis=1)


def _softmax(logits: Array) -> Array:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Array = shifted / shifted.sum(axis=1, keepdims=True)
    return shares


def _log_sum(logits: Array) -> Array:
    top = logits.max(axis=1)
    total: Array = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return total
