"""Holding a data folder against a second start, from before the first server starts until after the last one ends.

A second broker on the same data damages the *running* one (it acts on the metadata log before it looks at Kafka's own
lock), so the folder is claimed by `flock` first, and the descriptor is handed to the servers: the claim outlives a
killed parent for as long as a server of it still runs.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import LocalStackError
from pipeline.local.machine import started_at

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


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that wrote its name into a claim, with its start time so that a reused pid is not taken for it."""

    pid: int
    started: float

    @property
    def alive(self) -> bool:
        """Whether that very process still runs."""
        return started_at(self.pid) == self.started


def claim(data: Path) -> Claim:
    """Claim the data folder for this process, or raise `LocalStackError` with the pid of who holds it.

    Servers whose parent was killed are given time to end: their claim is on its way out.
    """
    descriptor = os.open(_path(data), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    begin = time.monotonic()
    while not _try_lock(descriptor):
        holder = read_holder(data)
        patience = _READERS_GONE_S if holder and holder.alive else _ORPHANS_GONE_S
        if time.monotonic() - begin > patience:
            os.close(descriptor)
            raise LocalStackError(_refusal(data, holder))
        time.sleep(_LOOK_AGAIN_S)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "started": started_at(os.getpid())}).encode(), 0)
    return Claim(descriptor)


def claimed(data: Path) -> bool:
    """Whether some process holds the folder now. (It looks by locking for an instant; `claim` allows for that.)"""
    try:
        descriptor = os.open(_path(data), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def read_holder(data: Path) -> Holder | None:
    """Who wrote its name into the claim last; meaningful only while the folder is `claimed`."""
    try:
        written = json.loads(_path(data).read_bytes())
        return Holder(int(written["pid"]), float(written["started"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


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


def _try_lock(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _refusal(data: Path, holder: Holder | None) -> str:
    if holder and holder.alive:
        return f"already running on {data} (pid {holder.pid}): stop it with fanal local down, or choose another --data"
    return f"servers of an earlier run still hold {data}: wait for them to end, or see fanal local status"


def _path(data: Path) -> Path:
    return data / "lock"
