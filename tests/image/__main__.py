"""Build the Dockerfile with buildah, say how large the image is, and run it as any user on a root that cannot be written to.

`PYTHON_IMAGE` names the base by digest, as for `make image`; without it a **stand-in** is made of Debian's own packages, which is
not the image that is released, and is said to be none. Where buildah cannot be had or we are not root, it says so and ends with 0.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.image.base import STAND_IN, stand_in
from tests.image.buildah import Buildah
from tests.image.running import run_read_only
from tests.tools.debian import TOOLS, Unobtainable, root_of

ROOT = Path(__file__).resolve().parents[2]
MOST_MB = 900
NAME = "fanal:tried"
UID = 23456
TRIED = (
    (["version"], 0),
    (["check"], 1),
    (["cues", "explain", "Leaving Tirana for Dover on Friday"], 0),
    (["model", "verify"], 0),
)
"""What is started, and how it must end: `check` finds no servers, and must find keys and model well."""
NO_RELEASE = " (a STAND-IN of Debian's packages, not the image that is released)"


def main() -> int:
    """The exit code: 1 where the image is too large or does not start."""
    if os.geteuid() != 0:
        return skipped("buildah's chroot needs root")
    try:
        tools = root_of("buildah")
    except Unobtainable as why:
        return skipped(str(why))
    work = TOOLS / "image"
    named = os.environ.get("PYTHON_IMAGE")
    builder = Buildah(tools, work, pulls=bool(named))
    base = named or stand_in(tools, builder, TOOLS / "base-bookworm")
    print(f"base: {base}" + (NO_RELEASE if base == STAND_IN else ""), flush=True)
    started = time.monotonic()
    builder.build(ROOT, NAME, {"PYTHON_IMAGE": base, "REQUIREMENTS": os.environ.get("REQUIREMENTS", "run")})
    print(f"built in {time.monotonic() - started:.0f} s", flush=True)
    return tried(builder, base)


def tried(builder: Buildah, base: str) -> int:
    """Measure and start what was built."""
    with builder.mounted(base) as below, builder.mounted(NAME) as root:
        under, size = megabytes(below), megabytes(root)
        print(f"size: {size} MB on disk, of which the base is {under} MB")
        faults = (
            [f"larger than {MOST_MB} MB"] if size > MOST_MB and os.environ.get("REQUIREMENTS", "run") == "run" else []
        )
        for arguments, expected in TRIED:
            started = time.monotonic()
            done = run_read_only(root, UID, arguments)
            print(
                f"--- fanal {' '.join(arguments)} as uid {UID}: exit {done.returncode} in {time.monotonic() - started:.1f} s"
            )
            print(done.stdout + done.stderr, flush=True)
            if arguments == ["check"] and "ok     model" not in done.stdout:
                faults.append("the model does not load")
            if done.returncode != expected or "Traceback" in done.stderr:
                faults.append(f"fanal {arguments[0]} ends with {done.returncode}, not {expected}")
    for fault in faults:
        print(f"FAILS: {fault}", file=sys.stderr)
    return 1 if faults else 0


def megabytes(folder: Path) -> int:
    """What a folder takes on disk, in units of a million bytes."""
    done = subprocess.run(["du", "-sxB1", str(folder)], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[0]) // 1_000_000


def skipped(why: str) -> int:
    """Say that nothing was built, where everybody sees it."""
    print(f"SKIPPED: the image was not built: {why}", file=sys.stderr)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(f"**image: skipped** ({why})\n")
    return 0


if __name__ == "__main__":
    shutil.rmtree(TOOLS / "image", ignore_errors=True)
    code = main()
    if code == 0:
        shutil.rmtree(TOOLS / "image", ignore_errors=True)
    sys.exit(code)
