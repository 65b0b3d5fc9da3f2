"""Waiting for servers together, stopping them together, and when one that ended by itself may be started again."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.errors import LocalStackError
from pipeline.local.report import Report
from pipeline.local.server import Server, last_errors

READY_S = 90.0
"""How long a server may take until it is ready."""

_LONGEST_PAUSE_S = 60.0
_HEALTHY_S = 60.0
_LOOK_AGAIN_S = 0.1


@dataclass(slots=True)
class Attempts:
    """How often a server was started again in a row, and when it may be next: 1, 2, 4 ... 60 s after the last time."""

    in_a_row: int = 0
    last: float = field(default=-_HEALTHY_S)

    def due(self, now: float) -> bool:
        """Whether the pause after the last start is over. A server that then ran for a minute starts afresh."""
        if now - self.last > _HEALTHY_S:
            self.in_a_row = 0
        return now - self.last >= self.pause()

    def pause(self) -> float:
        """Seconds to wait after the last start."""
        return 0.0 if self.in_a_row == 0 else min(_LONGEST_PAUSE_S, 2.0 ** (self.in_a_row - 1))

    def note(self, now: float) -> None:
        """Count one more start."""
        self.in_a_row += 1
        self.last = now


def wait_ready(servers: Sequence[Server], given_up: threading.Event, seconds: float = READY_S) -> None:
    """Wait until all of them are ready.

    Raises `LocalStackError`, with what its log says, when one ends or is not ready in time. Returns early, and
    silently, when `given_up` is set: somebody is stopping the stack.
    """
    waiting = list(servers)
    end = time.monotonic() + seconds
    while waiting and not given_up.is_set():
        for server in tuple(waiting):
            if not server.alive:
                raise LocalStackError(_fault(server, "ended while it started"))
            if server.recipe.ready():
                waiting.remove(server)
        if waiting and time.monotonic() > end:
            raise LocalStackError(_fault(waiting[0], f"was not ready within {seconds:.0f} s"))
        given_up.wait(_LOOK_AGAIN_S)


def stop_all(servers: Sequence[Server], report: Report) -> None:
    """Ask all to stop, then wait for each; one that had to be killed is reported."""
    for server in servers:
        server.ask_to_stop()
    for server in servers:
        if not server.wait_stopped():
            report(f"{server.recipe.name} did not stop cleanly; see {server.recipe.log}")


def _fault(server: Server, what: str) -> str:
    return f"{server.recipe.name} {what}; its log {server.recipe.log} says: {last_errors(server.recipe.log)}"
