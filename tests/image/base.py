"""A stand-in for the base image, where no registry can be asked: Debian's smallest system with its own Python."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.image.buildah import Buildah
from tests.tools.debian import mirror

STAND_IN = "localhost/stand-in-for-python:3.11"
HOLDS = "python3-minimal,python3-venv,ca-certificates"


def stand_in(tools: Path, builder: Buildah, folder: Path) -> str:
    """The name of the stand-in, made in `folder` at the first need and kept there."""
    if not (folder / "etc" / "debian_version").exists():
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        command = [str(tools / "usr" / "sbin" / "debootstrap"), "--variant=minbase", f"--include={HOLDS}"]
        found = os.environ | {"DEBOOTSTRAP_DIR": str(tools / "usr" / "share" / "debootstrap")}
        subprocess.run([*command, "bookworm", str(unfinished), mirror()], env=found, check=True, timeout=1200)
        shutil.rmtree(unfinished / "var" / "cache" / "apt", ignore_errors=True)
        shutil.rmtree(unfinished / "var" / "lib" / "apt" / "lists", ignore_errors=True)
        unfinished.rename(folder)
    builder.from_folder(folder, STAND_IN)
    return STAND_IN
