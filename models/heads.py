"""The heads on the encoder's features, and the artefact that holds them.

Two linear maps. `stream` has one output a lane, fitted against posts of every sort: does this stand out of the stream?
`near` has one output a kind, fitted only among posts that resemble offers: if it stands near, what is it? A post reaches
a lane where both agree.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from models.agreement import Agreement
from models.base import Base
from models.calibration import Array, Calibration, calibration_from_json
from models.errors import ModelError
from models.linear import Linear
from models.subtypes import Subtypes
from models.tuned import TunedLayers, with_tuned

ARTEFACT = Path(__file__).parent / "artefact"

_FORM = 1
_WEIGHTS = "heads.safetensors"
_CARD = "artefact.json"
_TUNED = "tuned."


@dataclass(frozen=True, slots=True)
class Logits:
    """What the heads say of n texts: log-odds of each lane in the stream [n, lanes], logits of each kind [n, kinds].

    And of each subtype [n, subtypes], where there is a head for them.
    """

    stream: Array
    near: Array
    subtypes: Array | None = None


@dataclass(frozen=True, slots=True)
class Heads:
    """The heads with their labels and lanes, the base that they were trained on, and a calibration an engine.

    `agreements` holds, by engine, how far it agrees with the one whose features the heads were trained on. `digest` is the
    sha256 of the artefact's files, empty where the heads were never written. `tuned` holds the layers of the base that were trained
    with the heads: the heads' features are those of `tune(base)`.
    """

    version: str
    labels: tuple[str, ...]
    lanes: Mapping[str, tuple[str, ...]]
    base_sha256: str
    stream: Linear
    near: Linear
    calibrations: Mapping[str, Calibration]
    agreements: Mapping[str, Agreement] = field(default_factory=dict)
    tuned: TunedLayers = field(default_factory=dict)
    subtypes: Subtypes | None = None
    digest: str = ""

    @property
    def trusted(self) -> list[str]:
        """Name the engines that are calibrated and were found to agree: `auto` takes no other in place of f32."""
        return [engine for engine, one in self.agreements.items() if engine in self.calibrations and one.holds]

    def __call__(self, features: NDArray[np.float32]) -> Logits:
        """Apply the maps to features [n, width]."""
        return Logits(self.stream(features), self.near(features), self.subtypes(features) if self.subtypes else None)

    def tune(self, base: Base) -> Base:
        """Give the base with the layers that were trained with the heads; another base than theirs is a `ModelError`."""
        self.refuse_other(base.sha256)
        return with_tuned(base, self.tuned)

    def refuse_other(self, base_sha256: str) -> None:
        """Raise a `ModelError` where this is not the base that the heads were trained on."""
        if base_sha256 != self.base_sha256:
            raise ModelError(
                f"the classifier was trained on other base weights ({self.base_sha256[:12]}…) than it is to run on "
                f"({base_sha256[:12]}…): unset model.base, or train it again on that base, "
                "python -m models.train --base ..., and name what comes out as model.artefact"
            )


def save_heads(heads: Heads, folder: Path, training: Mapping[str, Any]) -> None:
    """Write the artefact: `heads.safetensors`, and `artefact.json` with labels, calibrations and counts."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = _tensors(heads)
    # safetensors writes a buffer as it lies in memory: a transposed one would come back scrambled
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, folder / _WEIGHTS)
    (folder / _WEIGHTS).chmod(0o644)
    card: dict[str, Any] = {
        "form": _FORM,
        "version": heads.version,
        "labels": heads.labels,
        "lanes": heads.lanes,
        "base_sha256": heads.base_sha256,
        "calibrations": {engine: one.as_json() for engine, one in heads.calibrations.items()},
        "agreements": {engine: asdict(one) for engine, one in heads.agreements.items()},
        "training": training,
    }
    if heads.subtypes:
        card["subtypes"] = heads.subtypes.names
    (folder / _CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _tensors(heads: Heads) -> dict[str, NDArray[Any]]:
    maps = {"stream": heads.stream, "near": heads.near}
    if heads.subtypes:
        maps["subtypes"] = heads.subtypes.linear
    tensors: dict[str, NDArray[Any]] = {f"{name}.weight": one.weight for name, one in maps.items()}
    tensors |= {f"{name}.bias": one.bias for name, one in maps.items()}
    return tensors | {f"{_TUNED}{name}": one for name, one in heads.tuned.items()}


def load_heads(folder: Path = ARTEFACT) -> Heads:
    """Read the artefact; one that is missing, damaged or of another form is a `ModelError`."""
    try:
        raw = (folder / _CARD).read_bytes()
        card = json.loads(raw)
        tensors = load_file(folder / _WEIGHTS)
        if card["form"] != _FORM:
            raise ModelError(f"the classifier in {folder} is of another form than this version reads")
        heads = replace(_from_card(card, tensors), digest=sha256(raw + (folder / _WEIGHTS).read_bytes()).hexdigest())
        _refuse_unsound(heads)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        RecursionError,
        SafetensorError,
    ) as error:
        raise ModelError(f"the classifier in {folder} cannot be read: {type(error).__name__}: {error}") from error
    return heads


def _refuse_unsound(heads: Heads) -> None:
    """Raise a `ValueError` where sizes do not fit each other, or a weight, bias or limit is no number."""
    for name, one, outputs in (("stream", heads.stream, heads.lanes), ("near", heads.near, heads.labels)):
        if one.weight.ndim != 2 or one.weight.shape[0] != len(outputs) or one.bias.shape != one.weight.shape[:1]:
            raise ValueError(f"the map {name} is not one of {len(outputs)} outputs")
    if heads.stream.weight.shape[1] != heads.near.weight.shape[1]:
        raise ValueError("the two maps are of features of different width")
    if heads.subtypes:
        heads.subtypes.refuse_unsound()
        if heads.subtypes.linear.weight.shape[1] > heads.near.weight.shape[1]:
            raise ValueError("the map subtypes reads more features than there are")
    for name, tensor in _tensors(heads).items():
        if not np.issubdtype(tensor.dtype, np.floating) or not np.isfinite(tensor).all():
            raise ValueError(f"{name} holds what is no number")
    for calibration in heads.calibrations.values():
        calibration.refuse_unsound(list(heads.lanes))


def _from_card(card: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Heads:
    return Heads(
        version=card["version"],
        labels=tuple(card["labels"]),
        lanes={lane: tuple(kinds) for lane, kinds in card["lanes"].items()},
        base_sha256=card["base_sha256"],
        stream=Linear(tensors["stream.weight"], tensors["stream.bias"]),
        near=Linear(tensors["near.weight"], tensors["near.bias"]),
        subtypes=_subtypes(card["subtypes"], tensors) if "subtypes" in card else None,
        calibrations={engine: calibration_from_json(one) for engine, one in card["calibrations"].items()},
        agreements={engine: Agreement(**one) for engine, one in card.get("agreements", {}).items()},
        tuned={name.removeprefix(_TUNED): one for name, one in tensors.items() if name.startswith(_TUNED)},
    )


def _subtypes(names: Mapping[str, list[str]], tensors: Mapping[str, NDArray[Any]]) -> Subtypes:
    linear = Linear(tensors["subtypes.weight"], tensors["subtypes.bias"])
    return Subtypes({kind: tuple(own) for kind, own in names.items()}, linear)
