"""The heads: one linear map from features to the kinds, and what the artefact says about it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from models.calibration import Array, Calibration, calibration_from_json
from models.errors import ModelError

ARTEFACT = Path(__file__).parent / "artefact"

_FORM = 1
_WEIGHTS = "heads.safetensors"
_CARD = "artefact.json"


@dataclass(frozen=True, slots=True)
class Heads:
    """The linear heads with their labels, lanes, the base that they were trained on, and a calibration an engine."""

    version: str
    labels: tuple[str, ...]
    lanes: Mapping[str, tuple[str, ...]]
    base_sha256: str
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    calibrations: Mapping[str, Calibration]

    def logits(self, features: NDArray[np.float32]) -> Array:
        """Give a logit for each text and label, [n, labels]."""
        found: Array = (features @ self.weight.T + self.bias).astype(np.float64)
        return found

    def odds(self, logits: Array) -> Array:
        """Give each lane's log-odds against all other kinds, [n, lanes]."""
        return lane_odds(logits, self.labels, self.lanes)


def probabilities(logits: Array) -> Array:
    """Turn logits into probabilities that sum to one over the labels."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Array = shifted / shifted.sum(axis=1, keepdims=True)
    return shares


def lane_odds(logits: Array, labels: Sequence[str], lanes: Mapping[str, Sequence[str]]) -> Array:
    """Give the log-odds of each lane's kinds together against all other kinds, [n, lanes]."""
    columns = []
    for kinds in lanes.values():
        inside = np.isin(labels, list(kinds))
        columns.append(log_sum(logits[:, inside]) - log_sum(logits[:, ~inside]))
    return np.stack(columns, axis=1)


def log_sum(logits: Array) -> Array:
    """Give the logarithm of the summed exponentials of each row."""
    top = logits.max(axis=1)
    total: Array = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return total


def save_heads(heads: Heads, folder: Path, training: Mapping[str, Any]) -> None:
    """Write the artefact: `heads.safetensors`, and `artefact.json` with labels, calibrations and counts."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({"weight": heads.weight, "bias": heads.bias}, folder / _WEIGHTS)
    (folder / _WEIGHTS).chmod(0o644)
    card = {
        "form": _FORM,
        "version": heads.version,
        "labels": heads.labels,
        "lanes": heads.lanes,
        "base_sha256": heads.base_sha256,
        "calibrations": {engine: one.as_json() for engine, one in heads.calibrations.items()},
        "training": training,
    }
    (folder / _CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load_heads(folder: Path = ARTEFACT) -> Heads:
    """Read the artefact; one that is missing, damaged or of another form is a `ModelError`."""
    try:
        card = json.loads((folder / _CARD).read_text(encoding="utf-8"))
        tensors = load_file(folder / _WEIGHTS)
        heads = _from_card(card, tensors["weight"], tensors["bias"])
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ModelError(f"the classifier in {folder} cannot be read: {type(error).__name__}: {error}") from error
    if card["form"] != _FORM or heads.weight.shape[0] != len(heads.labels):
        raise ModelError(f"the classifier in {folder} is of another form than this version reads")
    return heads


def _from_card(card: Mapping[str, Any], weight: NDArray[np.float32], bias: NDArray[np.float32]) -> Heads:
    return Heads(
        version=card["version"],
        labels=tuple(card["labels"]),
        lanes={lane: tuple(kinds) for lane, kinds in card["lanes"].items()},
        base_sha256=card["base_sha256"],
        weight=weight,
        bias=bias,
        calibrations={engine: calibration_from_json(one) for engine, one in card["calibrations"].items()},
    )
