"""Read safetensors without torch: fp32, fp16 and bf16, mapped from disk.

The library checks the file; its numpy side does not know bf16, so the tensors are mapped here by the file's own header
(eight bytes of length, JSON, data: https://github.com/safetensors/safetensors#format).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from models.errors import ModelError

_KINDS = ("F32", "F16", "BF16")


@dataclass(frozen=True, slots=True)
class Mapped:
    """A tensor as it lies in its file, little-endian as the machine."""

    kind: str
    shape: tuple[int, ...]
    data: NDArray[np.uint8]

    def as_f32(self) -> NDArray[np.float32]:
        """Give the values in fp32, which holds all three kinds exactly; bf16 is the upper half of fp32."""
        if self.kind == "BF16":
            return (self.data.view(np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(self.shape)
        if self.kind == "F16":
            return self.data.view(np.float16).astype(np.float32).reshape(self.shape)
        return self.data.view(np.float32).reshape(self.shape)

    def exact(self) -> NDArray[np.float16] | NDArray[np.float32]:
        """Give the values in fp16 if they are stored so, else in fp32."""
        return self.data.view(np.float16).reshape(self.shape) if self.kind == "F16" else self.as_f32()


def map_tensors(path: Path) -> dict[str, Mapped]:
    """Map the floating-point tensors of a file by their names; a file that is damaged is a `ModelError`."""
    try:
        with safe_open(path, "np"):
            pass
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(size))
        data = np.memmap(path, np.uint8, "r", offset=8 + size)
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelError(f"{path.name} is damaged or cut short: {error}") from error
    header.pop("__metadata__", None)
    return {name: _map(data, one) for name, one in header.items() if one["dtype"] in _KINDS}


def _map(data: NDArray[np.uint8], one: Mapping[str, Any]) -> Mapped:
    first, end = one["data_offsets"]
    return Mapped(one["dtype"], tuple(one["shape"]), data[first:end])
