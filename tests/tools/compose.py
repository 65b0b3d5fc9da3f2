"""The real `docker compose`, which reads and resolves a file without an engine."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.tools.debian import FOLDER, Unobtainable, root_of

PLUGIN = Path("usr/libexec/docker/cli-plugins/docker-compose")


def compose_program() -> Path:
    """The program, fetched at the first need.

    Raises:
        Unobtainable: it cannot be had on this machine.
    """
    if given := os.environ.get(FOLDER):
        path = Path(given) / "docker-compose"
        if not os.access(path, os.X_OK):
            raise Unobtainable(f"{FOLDER} names {given}, which has no program docker-compose")
        return path
    return root_of("compose") / PLUGIN


def resolved(file: Path, variables: Mapping[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """`docker-compose config` of a file with these variables and nobody else's; no engine is asked."""
    command = [str(compose_program()), "--file", str(file), *options, "config", "--format", "json"]
    found = {"PATH": os.environ["PATH"], "HOME": str(file.parent), "DOCKER_HOST": "unix:///nonexistent", **variables}
    return subprocess.run(command, env=found, cwd=file.parent, capture_output=True, text=True, timeout=60, check=False)


def services(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The services of what was resolved."""
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["services"]
    return found
