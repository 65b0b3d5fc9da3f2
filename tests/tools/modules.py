"""Sources that only Go modules carry: the operators' own resource definitions. Pinned, compared with a committed checksum."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.tools.debian import Unobtainable

PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Module:
    """A Go module at a version, and the checksum that `go.sum` would hold."""

    path: str
    version: str
    checksum: str


KEDA = Module("github.com/kedacore/keda/v2", "v2.21.0", "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps=")
PROMETHEUS_OPERATOR = Module(
    "github.com/prometheus-operator/prometheus-operator", "v0.85.0", "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s="
)


def folder_of(module: Module) -> Path:
    """The folder of a module's files, fetched by `go` into its own cache at the first need.

    Raises:
        Unobtainable: there is no `go`, or the module cannot be had or is not what is listed.
    """
    command = ["go", "mod", "download", "-json", f"{module.path}@{module.version}"]
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
    try:
        done = subprocess.run(
            command, cwd="/", env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        found = json.loads(done.stdout or "{}")
    except (OSError, ValueError, subprocess.SubprocessError) as fault:
        raise Unobtainable(f"go did not run: {type(fault).__name__}") from None
    if "Dir" not in found:
        raise Unobtainable(
            f"{module.path} {module.version} cannot be had: {str(found.get('Error', 'no answer'))[:120]}"
        )
    if found["Sum"] != module.checksum:
        raise Unobtainable(f"{module.path} {module.version} is not what is listed")
    return Path(found["Dir"])
