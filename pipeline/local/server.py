"""One embedded server as a child process: started, found ready, stopped, and its log."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipeline.local.java import environment

_LOG_LIMIT = 20_000_000
_STOP_S = 30.0
_CLEAN_ENDS = (0, 128 + signal.SIGTERM)
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a server is run: its name for people, its command line, its log, and how to ask it whether it is ready."""

    name: str
    command: list[str]
    log: Path
    ready: Callable[[], bool]


class Server:
    """One child process. A server that has ended can be started again with the same recipe."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self.alive else None

    @property
    def alive(self) -> bool:
        """Whether the process runs; a dead one is reaped by asking."""
        return self._process is not None and self._process.poll() is None

    def start(self, claim: int) -> None:
        """Start the process with the claim's descriptor. Linux ends it when the *thread* that called this ends.

        It gets a session of its own, so that Ctrl-C in a terminal reaches only us, and a pipe as standard input whose
        end tells it, on every system, that we are gone.
        """
        trim(self.recipe.log)
        with self.recipe.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.recipe.command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment(),
                pass_fds=(claim,),
                start_new_session=True,
                preexec_fn=partial(_end_with_parent, os.getpid()),  # noqa: PLW1509  # two system calls, no lock
            )

    def ask_to_stop(self) -> None:
        """Send the signal for a clean stop; returns at once."""
        if self._process and self.alive:
            self._process.terminate()

    def wait_stopped(self, seconds: float = _STOP_S) -> bool:
        """Wait for the end, and kill where it does not come. True if it was a clean one."""
        if self._process is None:
            return True
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        self._process = None
        return code in _CLEAN_ENDS or code == -signal.SIGTERM


def trim(log: Path) -> None:
    """Put a log that has grown beyond 20 MB aside as `*.log.1`, in place of the one before it."""
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_name(log.name + ".1"))


def last_errors(log: Path, count: int = 3, window: int = 65_536) -> str:
    """The last lines of a log that speak of an error, or its very last line, joined into one line."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - window))
            lines = [line.strip() for line in stream.read().decode(errors="replace").splitlines() if line.strip()]
    except OSError:
        return "no log"
    telling = [line for line in lines if any(word in line for word in ("ERROR", "FATAL", "Exception", "Error:"))]
    return " | ".join(line[:250] for line in (telling[-count:] or lines[-1:])) or "an empty log"


def wait_until(condition: Callable[[], bool], seconds: float, pause: float = 0.1) -> bool:
    """Ask again and again until it holds (true) or the time is over (false)."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _end_with_parent(parent: int) -> None:
    """Runs in the child before the server does: have Linux send SIGTERM when the parent dies, and look if it has.

    Elsewhere the end of standard input, which the servers' start class waits for, is the only sign.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)
