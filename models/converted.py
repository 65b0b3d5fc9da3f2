"""The form in which a base encoder is kept: written once, checked whenever it is opened.

A folder holds `encoder.safetensors` (fp32), `words.npy` (the embedding table as it was published, looked up row by row
on disk), `tokenizer.json` and `normal_forms.json`. `base.json` is written last and holds each file's size and sha256: a
folder without it, or one that does not match it, is not used.
"""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from models.contents import About, Contents
from models.errors import ModelError
from models.packed import Shape
from models.progress import Progress

STAMP = "base.json"
LAYERS = "encoder.safetensors"
WORDS = "words.npy"

_FORM = 3
_FILES = (LAYERS, WORDS, "tokenizer.json", "normal_forms.json")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A whole folder and what its `base.json` says: what the base is, the checksum of its weights, and its shape."""

    folder: Path
    about: About
    sha256: str
    shape: Shape


def read_stamp(folder: Path) -> Stamp | None:
    """Give the folder's stamp if its files are those that it describes, else none."""
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
        whole = stamp["form"] == _FORM and all(_describe(folder / name) == stamp["files"][name] for name in _FILES)
        return Stamp(folder, About(**stamp["about"]), stamp["sha256"], Shape(**stamp["shape"])) if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find_converted(cache: Path, identity: str) -> Stamp | None:
    """Find the whole folder that was made from a source, by the source's identity."""
    stamps = map(read_stamp, sorted(cache.glob(f"*{_ending(identity)}")))
    return next((stamp for stamp in stamps if stamp), None)


def write_converted(cache: Path, identity: str, contents: Contents, progress: Progress) -> Stamp:
    """Write the folder, under a name that holds the first digits of the checksum; nothing half-written is left."""
    label = re.sub(r"[^\w.@-]+", "-", contents.about.name).strip("-")[:60]
    folder = cache / f"{label}-{contents.sha256[:12]}{_ending(identity)}"
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=cache))
    draft.chmod(0o755)
    try:
        _write(draft, contents, progress)
        shutil.rmtree(folder, ignore_errors=True)
        draft.replace(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    progress("base encoder ready", 1.0)
    return Stamp(folder, contents.about, contents.sha256, contents.shape)


@contextmanager
def locked(cache: Path) -> Iterator[None]:
    """Hold the cache's lock, so that of several workers that start at once one converts and the others wait."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        file = (cache / "lock").open("w")
    except OSError as error:
        raise ModelError(f"the cache {cache} cannot be written: {error.strerror}") from error
    with file:
        flock(file, LOCK_EX)
        yield


def _ending(identity: str) -> str:
    return f"-{hashlib.sha256(identity.encode()).hexdigest()[:8]}-{_FORM}"


def _describe(path: Path) -> dict[str, int | str]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _write(draft: Path, contents: Contents, progress: Progress) -> None:
    """Write the converted files, then the stamp that makes them valid."""
    progress("writing the tokenizer", 0.1)
    (draft / "tokenizer.json").write_text(contents.tokenizer, encoding="utf-8")
    (draft / "normal_forms.json").write_text(json.dumps(dict(contents.normal_forms)), encoding="utf-8")
    progress("writing the layers", 0.3)
    save_file(dict(contents.layers), draft / LAYERS)
    progress("writing the embedding table", 0.6)
    np.save(draft / WORDS, contents.words)
    files = {name: _describe(draft / name) for name in _FILES}
    stamp = {
        "form": _FORM,
        "sha256": contents.sha256,
        "about": asdict(contents.about),
        "shape": asdict(contents.shape),
        "files": files,
    }
    for name in _FILES:
        (draft / name).chmod(0o644)
    (draft / STAMP).write_text(json.dumps(stamp, indent=1), encoding="utf-8")
