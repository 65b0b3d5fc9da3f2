"""The held-out logits of the examples that an artefact was trained on, kept beside it: by them two artefacts compare fairly."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from models.dataset import Row
from models.errors import ModelError
from models.heads import Logits

FILE = "held-out.safetensors"


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Logits of examples by the digest of their texts, each from a training that saw neither its author nor its article."""

    places: Mapping[bytes, int]
    logits: Logits

    def knows(self, text: str) -> bool:
        """Whether the text was among the examples."""
        return _key(text) in self.places

    def of(self, texts: Sequence[str]) -> Logits:
        """Give the logits of texts that it knows, in their order."""
        places = [self.places[_key(text)] for text in texts]
        return Logits(self.logits.stream[places], self.logits.near[places])


def save_held_out(logits: Logits, rows: Sequence[Row], folder: Path) -> None:
    """Write the logits of the examples among the rows beside the artefact; of the posts only the digests of their texts."""
    own = [place for place, row in enumerate(rows) if not row.is_background]
    tensors: dict[str, NDArray[Any]] = {
        "keys": np.array([list(_key(rows[place].text)) for place in own], np.uint8).reshape(-1, 16),
        "stream": np.ascontiguousarray(logits.stream[own], np.float32),
        "near": np.ascontiguousarray(logits.near[own], np.float32),
    }
    save_file(tensors, folder / FILE)
    (folder / FILE).chmod(0o644)


def load_held_out(folder: Path) -> HeldOut | None:
    """Read the logits that an artefact brings, None where it brings none; damaged ones are a `ModelError`."""
    if not (folder / FILE).is_file():
        return None
    try:
        tensors = load_file(folder / FILE)
        places = {key.tobytes(): place for place, key in reversed(list(enumerate(tensors["keys"])))}
        logits = Logits(tensors["stream"].astype(np.float64), tensors["near"].astype(np.float64))
    except (OSError, KeyError, SafetensorError) as error:
        raise ModelError(
            f"{folder / FILE} cannot be read ({type(error).__name__}): delete it, or train again"
        ) from error
    return HeldOut(places, logits)


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]
