"""Holding a data folder against a second start, from before the first server starts until after the last one ends.

A second broker on the same data damages the *running* one (it acts on the metadata log before it looks at Kafka's own
lock), so the folder is claimed by `flock` first, and the descriptor is handed to the servers: the claim outlives a
killed parent for as long as a server of it still runs.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ConfigurationError, LocalStackError
from pipeline.local.machine import has_open

_LOOK_AGAIN_S = 0.1
_READERS_GONE_S = 0.5
_ORPHANS_GONE_S = 30.0


@dataclass(frozen=True, slots=True)
class Claim:
    """A held claim: the descriptor that children must inherit. It ends when every holder of the descriptor is gone."""

    descriptor: int

    def release(self) -> None:
        """Give up this process's part of the claim."""
        os.close(self.descriptor)


def claim(data: Path) -> Claim:
    """Claim the data folder for this process, or raise `LocalStackError` with the pid of who holds it.

    Servers whose parent was killed are given time to end: their claim is on its way out.
    """
    descriptor = _open(data, os.O_RDWR | os.O_CREAT)
    begin = time.monotonic()
    while not _try_lock(descriptor):
        holder = holder_of(data)
        patience = _ORPHANS_GONE_S if holder is None else _READERS_GONE_S
        if time.monotonic() - begin > patience:
            os.close(descriptor)
            raise LocalStackError(_refusal(data, holder))
        time.sleep(_LOOK_AGAIN_S)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return Claim(descriptor)


def claimed(data: Path) -> bool:
    """Whether some process holds the folder now. (It looks by locking for an instant; `claim` allows for that.)"""
    try:
        descriptor = _open(data, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def holder_of(data: Path) -> int | None:
    """The process that has claimed the folder, if it still runs; its servers may hold the claim after it has ended.

    The lock file says the pid, and the process must have that file open: a pid that was given anew is not taken for it.
    """
    try:
        pid = int((data / "lock").read_bytes())
    except (OSError, ValueError):
        return None
    return pid if has_open(pid, data / "lock") else None


@contextmanager
def waiting_claim(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock file at `path`; where another process has it, call `on_wait` once and wait."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _try_lock(descriptor):
            on_wait()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open(data: Path, flags: int) -> int:
    try:
        return os.open(data / "lock", flags | os.O_CLOEXEC, 0o600)
    except PermissionError:
        raise ConfigurationError(f"{data} belongs to another user: choose another --data") from None


def _try_lock(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _refusal(data: Path, holder: int | None) -> str:
    if holder is None:
        return f"servers of an earlier run still hold {data}: wait for them to end, or see fanal local status"
    return f"already running on {data} (pid {holder}): stop it with fanal local down --data {data}"
