"""Programs that only Debian packages: pinned, compared with a committed sha256, unpacked into the user's cache. Needs no root.

They come from the package sources that the machine is configured for, through an apt configuration of our own that leaves the
machine's alone. Where they cannot be had, `Unobtainable` says why, and tests skip with that reason. `TEST_TOOLS` may name a folder
that holds the programs instead.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.local.claim import waiting_claim
from tests.conftest import CACHE

LIST = Path(__file__).with_name("debian.list")
TOOLS = CACHE / "tools"
SOURCES = Path("/etc/apt")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
FOLDER = "TEST_TOOLS"
ARCHITECTURE, MACHINE = "amd64", os.uname().machine
PATIENCE_S = 180.0


class Unobtainable(Exception):
    """A program cannot be had on this machine; the message says why, in a line."""


@dataclass(frozen=True, slots=True)
class Package:
    """A row of the list: the package of a tool in one suite."""

    tool: str
    suite: str
    name: str
    version: str
    sha256: str


def listed(tool: str) -> dict[str, list[Package]]:
    """The packages of a tool by suite, in the order of the list."""
    lines = (line for line in LIST.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    found: dict[str, list[Package]] = {}
    for package in (Package(*line.split()) for line in lines):
        if package.tool == tool:
            found.setdefault(package.suite, []).append(package)
    return found


def program(tool: str, name: str) -> Path:
    """A program of a tool, fetched at the first need.

    Raises:
        Unobtainable: it is in no suite that can be reached from here, or not in the folder that `TEST_TOOLS` names.
    """
    if given := os.environ.get(FOLDER):
        path = Path(given) / name
        if not os.access(path, os.X_OK):
            raise Unobtainable(f"{FOLDER} names {given}, which has no program {name}")
        return path
    return root_of(tool) / "usr" / "bin" / name


def root_of(tool: str) -> Path:
    """The folder in which the packages of a tool are unpacked, as if it were `/`.

    Raises:
        Unobtainable: they are in no suite that can be reached from here.
    """
    suites = listed(tool)
    if found := _unpacked(suites):
        return found
    TOOLS.mkdir(parents=True, exist_ok=True)
    with waiting_claim(TOOLS / "debian.lock", lambda: None):
        return _unpacked(suites) or _first(tool, suites)


def _unpacked(suites: dict[str, list[Package]]) -> Path | None:
    """What an earlier call left, of whichever suite."""
    return next((_root(packages) for packages in suites.values() if _root(packages).exists()), None)


def _first(tool: str, suites: dict[str, list[Package]]) -> Path:
    """Fetch from the first suite that has what the list names."""
    faults = []
    for suite, packages in suites.items():
        try:
            return _fetched(packages)
        except (OSError, subprocess.SubprocessError, Unobtainable) as fault:
            faults.append(f"{suite}: {_in_a_line(fault)}")
    raise Unobtainable(f"no package of {tool} could be had ({'; '.join(faults) or 'none is listed'})")


def _fetched(packages: Sequence[Package]) -> Path:
    """Download, compare and unpack the packages of one suite; moved into place when whole."""
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=TOOLS) as scratch:
        folder = Path(scratch)
        _download(packages, folder)
        for package in packages:
            [archive] = folder.glob(f"{package.name}_*.deb")
            if hashlib.sha256(archive.read_bytes()).hexdigest() != package.sha256:
                raise Unobtainable(f"{package.name} {package.version} is not what {LIST.name} names")
            _run(["dpkg-deb", "-x", str(archive), str(folder / "root")], folder)
        shutil.move(folder / "root", _root(packages))
    return _root(packages)


def _root(packages: Sequence[Package]) -> Path:
    """Named for what is in it: another version is another folder."""
    digest = hashlib.sha256(" ".join(package.sha256 for package in packages).encode()).hexdigest()
    return TOOLS / f"{packages[0].tool}-{packages[0].suite}-{digest[:12]}"


def _download(packages: Sequence[Package], folder: Path) -> None:
    for place in ("lists/partial", "cache/archives/partial", "parts"):
        (folder / place).mkdir(parents=True)
    suite = packages[0].suite
    (folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {suite} main\n", encoding="utf-8")
    settings = {
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": folder / "parts",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "root",
        "APT::Architecture": ARCHITECTURE,
    }
    text = "".join(f'{name} "{value}";\n' for name, value in settings.items())
    (folder / "apt.conf").write_text(text, encoding="utf-8")
    _run(["apt-get", "-qq", "update"], folder)
    _run(["apt-get", "-qq", "download", *(f"{package.name}={package.version}" for package in packages)], folder)


def mirror() -> str:
    """Where the machine takes Debian from.

    Raises:
        Unobtainable: it takes it from nowhere, or is of another kind.
    """
    if MACHINE != "x86_64" or shutil.which("apt-get") is None or not KEYRING.exists():
        raise Unobtainable("this is no Debian for amd64")
    for address in _addresses():
        if address.rstrip("/").endswith("/debian"):
            return address
    raise Unobtainable("the machine's apt sources name no Debian archive")


def _addresses() -> Iterator[str]:
    """The addresses of the machine's sources, of both forms."""
    for path in [SOURCES / "sources.list", *sorted((SOURCES / "sources.list.d").glob("*"))]:
        if path.suffix in {".list", ".sources"} and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            yield from re.findall(r"^(?:URIs: *|deb +(?:\[[^\]\n]*\] +)?)(\S+)", text, re.MULTILINE)


def _run(command: list[str], folder: Path) -> None:
    environment = {**os.environ, "APT_CONFIG": str(folder / "apt.conf"), "LC_ALL": "C"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise Unobtainable(f"{command[0]} ended with {done.returncode}: {said}")


def _in_a_line(fault: Exception) -> str:
    return re.sub(r"https?://\S+|/\S+/", "", " ".join(str(fault).split()))[:160]
