"""One embedded server as a child process: started, found ready, stopped, and its log."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.local.java import environment

_LOG_LIMIT = 20_000_000
_STOP_S = 30.0
_CLEAN_ENDS = (0, 128 + signal.SIGTERM)


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

    @property
    def how_it_ended(self) -> str:
        """How the process ended, for people."""
        code = self._process.poll() if self._process else None
        return ended(code) if code is not None else "has not ended"

    def start(self, claim: int) -> None:
        """Start the process with the claim's descriptor. Linux ends it when the *thread* that called this ends.

        It gets a session of its own, so that Ctrl-C in a terminal reaches only us, and a pipe as standard input whose
        end tells it, on every system, that we are gone. Java leaves its crash reports beside the log.
        """
        self._let_go()
        trim(self.recipe.log)
        with self.recipe.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*tethered(), *self.recipe.command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment(),
                pass_fds=(claim,),
                start_new_session=True,
                cwd=self.recipe.log.parent,
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
        self._let_go()
        return code in _CLEAN_ENDS or code == -signal.SIGTERM

    def _let_go(self) -> None:
        """Close our end of an ended process's input."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
        self._process = None


def ended(code: int) -> str:
    """How a process ended by its return code, for people."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def trim(log: Path) -> None:
    """Put a log that has grown beyond 20 MB aside as `*.log.1`, in place of the one before it."""
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_name(log.name + ".1"))


def empty(folder: Path) -> None:
    """Have the folder, with nothing in it: a killed server leaves its unpacked libraries behind."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


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


def tethered() -> list[str]:
    """What precedes the command line. Elsewhere the end of standard input is the only sign that the parent is gone."""
    if sys.platform != "linux":
        return []
    return [sys.executable, "-I", "-S", str(Path(__file__).with_name("tether.py")), str(os.getpid())]
