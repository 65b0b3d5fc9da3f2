"""What the machine has: memory, disk, and which process is which."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import psutil

from pipeline.errors import LocalStackError

MEMORY_NEEDED = 1_500_000_000
DISK_NEEDED = 2_000_000_000

_CGROUP = Path("/sys/fs/cgroup")


def require_room(data: Path) -> None:
    """Raise `LocalStackError`, in one line, unless there is memory for both servers and disk for their data."""
    available = memory_available()
    if available < MEMORY_NEEDED:
        raise LocalStackError(
            f"{_gigabytes(available)} of memory available, {_gigabytes(MEMORY_NEEDED)} needed: close other programs"
        )
    free = shutil.disk_usage(data).free
    if free < DISK_NEEDED:
        raise LocalStackError(
            f"{_gigabytes(free)} of disk free under {data}, {_gigabytes(DISK_NEEDED)} needed: "
            "make room or choose another --data"
        )


def memory_available(cgroup: Path = _CGROUP) -> int:
    """Bytes that new processes may use: the machine's, or what a container's limit leaves where that is less."""
    machine = int(psutil.virtual_memory().available)
    try:
        limit = int((cgroup / "memory.max").read_text())
        used = int((cgroup / "memory.current").read_text())
    except (OSError, ValueError):  # no container limit: the file is missing, or says "max"
        return machine
    return min(machine, max(0, limit - used))


def resident(pids: Iterable[int]) -> dict[int, int]:
    """Resident memory in bytes of each of these processes that still runs."""
    found = {}
    for pid in pids:
        try:
            found[pid] = int(psutil.Process(pid).memory_info().rss)
        except psutil.Error:
            continue
    return found


def has_open(pid: int, path: Path) -> bool:
    """Whether this process has this file open."""
    try:
        return any(path.samefile(opened.path) for opened in psutil.Process(pid).open_files())
    except (psutil.Error, OSError):
        return False


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
