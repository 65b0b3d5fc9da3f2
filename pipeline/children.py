"""Workers as child processes: started, started again when they die, ended with their parent, stopped in order."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from pipeline.local.server import ended, tethered

STOP_S = 20.0
LOOK_EVERY_S = 0.3
FIRST_PAUSE_S = 0.5
CAP_S = 30.0
HEALTHY_S = 30.0


@dataclass(slots=True)
class Child:
    """A process, how it was started, and how often it died."""

    command: list[str]
    process: "subprocess.Popen[bytes]"
    started_at: float
    pause_s: float = FIRST_PAUSE_S
    due_at: float | None = None
    deaths: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)


class Children:
    """The children of this process. A child that dies is started again, after a pause that doubles up to 30 s."""

    def __init__(
        self, logs: Path, *, to_terminal: bool = False, report: Callable[[str], None] = lambda _: None
    ) -> None:
        self._logs = logs
        self._to_terminal = to_terminal
        self._report = report
        self._children: dict[str, Child] = {}

    def start(self, name: str, command: list[str], environment: Mapping[str, str] | None = None) -> None:
        """Start a child; its standard error goes to `logs/NAME.log`, or to ours."""
        extra = dict(environment or {})
        self._children[name] = Child(command, self._spawn(name, command, extra), time.monotonic(), environment=extra)

    def pids(self) -> dict[str, int]:
        """The process ids of those that run."""
        return {name: child.process.pid for name, child in self._children.items() if child.process.poll() is None}

    def look(self) -> None:
        """Start again whoever died and has waited long enough."""
        now = time.monotonic()
        for name, child in self._children.items():
            if child.process.poll() is None:
                continue
            if child.due_at is None:
                self._note_death(name, child, now)
            elif now >= child.due_at:
                self._start_again(name, child, now)

    def watch(self) -> None:
        """Look for ever; a signal's exception ends it."""
        while True:
            self.look()
            time.sleep(LOOK_EVERY_S)

    def stop(self) -> None:
        """Ask all to end (SIGTERM), wait, then end them (SIGKILL)."""
        alive = [child for child in self._children.values() if child.process.poll() is None]
        for child in alive:
            child.process.terminate()
        deadline = time.monotonic() + STOP_S
        for child in alive:
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
        self._children.clear()

    def _start_again(self, name: str, child: Child, now: float) -> None:
        try:
            child.process = self._spawn(name, child.command, child.environment)
        except OSError as error:
            child.due_at = now + child.pause_s
            self._report(f"the {name} worker cannot be started ({error.strerror}); trying again")
        else:
            child.started_at, child.due_at = now, None

    def _note_death(self, name: str, child: Child, now: float) -> None:
        if now - child.started_at > HEALTHY_S:
            child.pause_s = FIRST_PAUSE_S
        child.deaths += 1
        child.due_at = now + child.pause_s
        child.pause_s = min(CAP_S, child.pause_s * 2)
        how = ended(child.process.returncode)
        self._report(f"the {name} worker {how}; starting it again ({self._logs / name}.log says more)")

    def _spawn(self, name: str, command: list[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        self._logs.mkdir(parents=True, exist_ok=True)
        log = None if self._to_terminal else (self._logs / f"{name}.log").open("ab")
        try:
            return subprocess.Popen(
                [*tethered(), *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if log else None,
                stderr=log,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        finally:
            if log:
                log.close()

    def __enter__(self) -> "Children":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
