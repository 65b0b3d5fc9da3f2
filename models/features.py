"""Keep the features of posts on disk, so that training again reads only what is new."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

Encode = Callable[[Sequence[str]], NDArray[np.float32]]

Report = Callable[[float], None]

_SHARD = 2048


def last_layer(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give what the last layer has in features [n, width]: their last third. What posts mean stands there, in any language."""
    return features[:, -(features.shape[1] // 3) :]


class FeatureCache:
    """Features by text, in shards of safetensors (fp16) under a folder that belongs to one engine and base."""

    def __init__(self, folder: Path, encode: Encode) -> None:
        self._folder = folder
        self._encode = encode
        self._places: dict[bytes, tuple[int, int]] = {}
        self._shards: list[NDArray[np.float16]] = []
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.glob("*.safetensors")):
            shard = load_file(path)
            self._add(shard["keys"], shard["rows"])

    def features(self, texts: Sequence[str], progress: Report = lambda share: None) -> NDArray[np.float32]:
        """Give the features of the texts in order, encoding and keeping those that are not yet known."""
        keys = [_key(text) for text in texts]
        missing = [text for key, text in dict(zip(keys, texts, strict=True)).items() if key not in self._places]
        for first in range(0, len(missing), _SHARD):
            self._keep(missing[first : first + _SHARD])
            progress(min(1.0, (first + _SHARD) / len(missing)))
        if not keys:
            return self._encode([])
        places = [self._places[key] for key in keys]
        return np.stack([self._shards[shard][row] for shard, row in places]).astype(np.float32)

    def _keep(self, texts: list[str]) -> None:
        keys = np.array([list(_key(text)) for text in texts], np.uint8)
        rows = self._encode(texts).astype(np.float16)
        path = self._folder / f"{len(self._shards):05d}.safetensors"
        save_file({"keys": keys, "rows": rows}, path)
        self._add(keys, rows)

    def _add(self, keys: NDArray[np.uint8], rows: NDArray[np.float16]) -> None:
        for row, key in enumerate(keys):
            self._places[key.tobytes()] = (len(self._shards), row)
        self._shards.append(rows)


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]
