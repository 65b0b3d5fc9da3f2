"""Read the packed 4-bit form (E5S1) in which the base weights are published.

Layout, little-endian: the magic and a version; nine numbers; the unigram pieces with their scores; a map of code points
to their normal form; a directory of tensors; the tensors. A matrix is a run of Q4_0 blocks, each an fp16 scale and 32
four-bit weights (low nibbles are weights 0 to 15, high nibbles 16 to 31, each less 8); all else is fp32.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError

_BLOCK = 32
_BLOCK_TYPE = np.dtype([("scale", "<f2"), ("nibbles", "u1", (_BLOCK // 2,))])
_QUANTISED = 1


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of the encoder: width, layers, heads, inner width, longest position, and the epsilon of its norms."""

    hidden: int
    layers: int
    heads: int
    inner: int
    positions: int
    epsilon: float

    @property
    def pooled(self) -> tuple[int, int, int]:
        """Name the layers whose means are the features: half-way, two thirds up, and the last."""
        return self.layers // 2, 2 * self.layers // 3, self.layers


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where one tensor lies in the packed file."""

    quantised: bool
    count: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Packed:
    """The packed file taken apart: its shape, tokenizer data and the places of its tensors."""

    raw: memoryview
    shape: Shape
    pieces: list[tuple[str, float]]
    normal_forms: dict[int, str]
    tensors: dict[str, Tensor]

    def tensor(self, name: str, columns: int | None = None) -> NDArray[np.float32]:
        """Give the tensor as fp32, flat or with so many columns."""
        tensor = self.tensors[name]
        if tensor.quantised:
            values = unpack(np.frombuffer(self.raw, np.uint8, tensor.size, tensor.offset))
        else:
            values = np.frombuffer(self.raw, "<f4", tensor.count, tensor.offset).astype(np.float32)
        return values if columns is None else values.reshape(-1, columns)

    def packed_rows(self, name: str, columns: int) -> NDArray[np.uint8]:
        """Give a quantised tensor still packed, a row of bytes for so many columns."""
        tensor = self.tensors[name]
        size = columns // _BLOCK * _BLOCK_TYPE.itemsize
        return np.frombuffer(self.raw, np.uint8, tensor.size, tensor.offset).reshape(-1, size)


def unpack(packed: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn Q4_0 bytes [..., 18 * blocks] into the fp32 weights [..., 32 * blocks] that they stand for."""
    blocks = np.ascontiguousarray(packed).view(_BLOCK_TYPE)
    nibbles = blocks["nibbles"]
    weights = np.concatenate([nibbles & 0x0F, nibbles >> 4], axis=-1).astype(np.float32) - np.float32(8)
    scaled: NDArray[np.float32] = weights * blocks["scale"].astype(np.float32)[..., None]
    return scaled.reshape(*packed.shape[:-1], -1)


class _Cursor:
    """A place in the packed file that moves on as values are read."""

    def __init__(self, raw: memoryview) -> None:
        self.raw = raw
        self.at = 0

    def take(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from("<" + layout, self.raw, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def array(self, dtype: str, count: int) -> NDArray[np.generic]:
        values = np.frombuffer(self.raw, dtype, count, self.at)
        self.at += values.nbytes
        return values

    def text(self, size: int) -> bytes:
        self.at += size
        return bytes(self.raw[self.at - size : self.at])


def read_packed(raw: bytes) -> Packed:
    """Take the packed file apart; a file that is not one, or ends early, is a `ModelError`."""
    if raw[:4] != b"E5S1":
        raise ModelError("the base weights are not in the packed format E5S1")
    cursor = _Cursor(memoryview(raw))
    cursor.at = 8
    try:
        hidden, layers, heads, inner, _, positions, _ = cursor.take("7i")
        epsilon = float(cursor.take("f")[0])
        cursor.take("i")
        pieces = _pieces(cursor)
        forms = _normal_forms(cursor)
        tensors = _directory(cursor)
    except (struct.error, ValueError, UnicodeDecodeError) as error:
        raise ModelError(f"the packed base weights end early or are damaged: {error}") from error
    shape = Shape(hidden, layers, heads, inner, positions, epsilon)
    return Packed(cursor.raw, shape, pieces, forms, tensors)


def _pieces(cursor: _Cursor) -> list[tuple[str, float]]:
    count, *_, size = cursor.take("5iQ")
    offsets = cursor.array("<u4", count + 1).tolist()
    scores = cursor.array("<f4", count).tolist()
    blob = cursor.text(size)
    return [(blob[offsets[i] : offsets[i + 1]].decode(), scores[i]) for i in range(count)]


def _normal_forms(cursor: _Cursor) -> dict[int, str]:
    count, _ = cursor.take("iI")
    forms: dict[int, str] = {}
    for _ in range(count):
        point, length = cursor.take("IB")
        forms[point] = "".join(map(chr, cursor.take(f"{length}I")))
    return forms


def _directory(cursor: _Cursor) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    (count,) = cursor.take("i")
    for _ in range(count):
        (length,) = cursor.take("H")
        name = cursor.text(length).decode()
        kind, values, offset, size = cursor.take("BIQQ")
        if offset + size > len(cursor.raw):
            raise ValueError(f"tensor {name} lies beyond the end")
        tensors[name] = Tensor(kind == _QUANTISED, values, offset, size)
    return tensors
