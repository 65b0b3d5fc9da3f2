"""Buildah without an engine, a registry or a storage of the machine's: everything in a folder of ours."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

BUILD_S = 1800.0
TRUSTED = Path("/etc/ssl/certs")
PIP = Path("/etc/pip.conf")
LIBRARIES = "usr/lib/x86_64-linux-gnu"
_WITH_LIBRARIES = 'mount -t overlay overlay -o "lowerdir=$1:$2" "$2" && shift 2 && exec "$@"'
"""Buildah starts itself anew with no variable kept: its libraries lie where all do, in a name space of its own."""


class Buildah:
    """The program as unpacked under `tools`, with its images under `work`. It asks a registry for a base if it `pulls`."""

    def __init__(self, tools: Path, work: Path, *, pulls: bool) -> None:
        self._tools = tools
        self._work = work
        self._pull = "--pull" if pulls else "--pull-never"
        self._own = {} if pulls else {"CONTAINERS_REGISTRIES_CONF": str(work / "registries.conf")}
        work.mkdir(parents=True, exist_ok=True)
        self._policy = work / "policy.json"
        self._policy.write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}), encoding="utf-8")
        (work / "registries.conf").write_text("", encoding="utf-8")

    def build(self, context: Path, name: str, arguments: Mapping[str, str]) -> None:
        """Build a context's Dockerfile. Steps that install see the machine's package index and its authorities."""
        given = [word for key, value in arguments.items() for word in ("--build-arg", f"{key}={value}")]
        seen = [word for path in (TRUSTED, PIP) if path.exists() for word in ("-v", f"{path}:{path}:ro")]
        how = ["--isolation", "chroot", "--network", "host", self._pull, "--format", "docker", "--layers=false"]
        self._run("bud", *how, "--signature-policy", str(self._policy), *seen, *given, "-t", name, str(context))

    def from_folder(self, folder: Path, name: str) -> None:
        """An image of one layer that holds a folder."""
        container = self._run("from", "scratch").strip()
        self._run("add", "--quiet", container, str(folder), "/")
        self._run("commit", "--quiet", "--signature-policy", str(self._policy), "--rm", container, name)

    @contextmanager
    def mounted(self, name: str) -> Iterator[Path]:
        """The file system of an image, in a folder of its own."""
        container = self._run("from", "--pull-never", "--signature-policy", str(self._policy), name).strip()
        try:
            yield Path(self._run("mount", container).strip())
        finally:
            self._run("rm", container)

    def _run(self, *arguments: str) -> str:
        held = ["--root", str(self._work / "root"), "--runroot", str(self._work / "run"), "--storage-driver", "vfs"]
        buildah = [str(self._tools / "usr" / "bin" / "buildah"), *held, *arguments]
        command = [
            "unshare",
            "--mount",
            "sh",
            "-c",
            _WITH_LIBRARIES,
            "sh",
            str(self._tools / LIBRARIES),
            f"/{LIBRARIES}",
        ]
        done = subprocess.run(
            [*command, *buildah],
            env=os.environ | self._own,
            stdout=subprocess.PIPE,
            timeout=BUILD_S,
            check=True,
            text=True,
        )
        return done.stdout
