"""The embedded stack as one thing: `LocalStack` starts, watches and stops Kafka and Elasticsearch for a data folder.

    with LocalStack(Path(".fanal")) as stack:
        connect(stack.endpoints.kafka, stack.endpoints.elasticsearch)

Other processes find a running stack with `read_endpoints`.
"""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from pipeline.errors import LocalStackError
from pipeline.local import broker, folder, java, machine, ports, search
from pipeline.local.build import build
from pipeline.local.claim import Claim, claim
from pipeline.local.endpoints import Endpoints, Running, forget, read_endpoints, remember
from pipeline.local.fetch import DEFAULT_CACHE, fetch
from pipeline.local.folder import reset
from pipeline.local.report import Report, to_stderr
from pipeline.local.server import Recipe, Server
from pipeline.local.supervise import Attempts, stop_all, wait_ready

__all__ = ["Endpoints", "LocalStack", "fetch", "read_endpoints", "reset"]

_LOOK_EVERY_S = 0.5


class LocalStack:
    """Kafka and Elasticsearch as child processes, with their data under `data` and their programs in `cache`.

    One process at a time may have the stack for a data folder. The servers end with this process, however it ends. Both
    keep their ports when they are started again, so that clients reconnect by themselves.
    """

    def __init__(
        self,
        data: Path,
        cache: Path = DEFAULT_CACHE,
        report: Report = to_stderr,
        *,
        kafka_port: int | None = None,
        search_port: int | None = None,
    ) -> None:
        self.data = folder.usable(data)
        self._cache = folder.usable(cache)
        self._report = report
        self._fixed = (kafka_port, search_port)
        self._claim: Claim | None = None
        self._servers: dict[str, Server] = {}
        self._attempts: dict[str, Attempts] = {}
        self._guard = threading.RLock()
        self._stopping = threading.Event()
        # Linux ends a child with the *thread* that started it: this one lives as long as the process.
        self._launcher = ThreadPoolExecutor(1, thread_name_prefix="fanal-launcher")
        self._endpoints: Endpoints | None = None

    @property
    def endpoints(self) -> Endpoints:
        """Where the running stack is reached; `LocalStackError` before `start`."""
        if self._endpoints is None:
            raise LocalStackError("the embedded servers have not been started")
        return self._endpoints

    def start(self) -> Endpoints:
        """Start both servers, side by side, and return when both are ready.

        The first start fetches and compiles. Raises `LocalStackError` or `ConfigurationError` with one line; nothing is
        left running then.
        """
        with self._guard, ExitStack() as undo:
            if self._claim is not None:
                raise LocalStackError("the embedded servers have been started already")
            self._stopping.clear()
            folder.prepare(self.data)
            self._claim = claim(self.data)
            undo.callback(self.stop)
            self._start_claimed()
            undo.pop_all()
        return self.endpoints

    def _start_claimed(self) -> None:
        begin = time.monotonic()
        forget(self.data)
        machine.require_room(self.data)
        fetch(self._cache, self._report)
        chosen = ports.choose(self.data, self._report, *self._fixed)
        folder.drop_orphaned_tables(self.data, self._report)
        recipes = self._recipes(chosen)
        self._servers = {recipe.name: Server(recipe) for recipe in recipes}
        self._attempts = {recipe.name: Attempts() for recipe in recipes}
        self._launch(*self._servers.values())
        wait_ready(tuple(self._servers.values()), self._stopping)
        self._endpoints = Endpoints(f"{ports.HOST}:{chosen.kafka}", f"http://{ports.HOST}:{chosen.search}")
        self._remember()
        self._report(
            f"Kafka {self._endpoints.kafka}, Elasticsearch {self._endpoints.elasticsearch}, "
            f"ready after {time.monotonic() - begin:.1f} s"
        )

    def _recipes(self, chosen: ports.Ports) -> tuple[Recipe, Recipe]:
        runtime = java.find()
        built = build(self._cache, runtime, self._report)
        return (
            broker.recipe(self.data, self._cache, built, runtime, chosen),
            search.recipe(self.data, self._cache, built, runtime, chosen),
        )

    def _launch(self, *servers: Server) -> None:
        if self._claim is None:
            raise LocalStackError("the embedded servers are stopped")
        for server in servers:
            self._launcher.submit(server.start, self._claim.descriptor).result()

    def stop(self) -> None:
        """Stop both servers cleanly (SIGTERM, after 30 s SIGKILL) and give the data folder up. May be called twice."""
        self._stopping.set()
        with self._guard:
            stop_all(tuple(self._servers.values()), self._report)
            self._servers = {}
            self._endpoints = None
            if self._claim is not None:
                forget(self.data)
                self._claim.release()
                self._claim = None

    def check(self) -> tuple[str, ...]:
        """Start again, on the same ports, whatever has ended by itself; the names of those that are ready again.

        Never raises for a server's fault: it is reported, and tried again at a later call, after 1, 2, 4 ... 60 s.
        """
        with self._guard:
            now = time.monotonic()
            dead = [server for server in self._servers.values() if not server.alive]
            due = [server for server in dead if self._attempts[server.recipe.name].due(now)]
            return tuple(server.recipe.name for server in due if self._revive(server))

    def _revive(self, server: Server) -> bool:
        name = server.recipe.name
        self._report(f"{name} {server.how_it_ended}: starting it again ({server.recipe.log} says more)")
        self._attempts[name].note(time.monotonic())
        try:
            self._launch(server)
            wait_ready([server], self._stopping)
            self._remember()
        except (LocalStackError, OSError, RuntimeError) as fault:
            stop_all([server], self._report)
            self._report(f"{fault}; next attempt in {self._attempts[name].pause():.0f} s")
            return False
        return not self._stopping.is_set()

    def watch(self) -> None:
        """Call `check` twice a second until the stack is stopped: for a thread of its own, or an idle main one."""
        while not self._stopping.wait(_LOOK_EVERY_S):
            self.check()

    def pids(self) -> dict[str, int]:
        """The process ids of the servers that run now, by name (`kafka`, `search`)."""
        return {name: server.pid for name, server in self._servers.items() if server.pid is not None}

    def memory(self) -> dict[str, int]:
        """Resident memory in bytes of the servers that run now, by name."""
        pids = self.pids()
        used = machine.resident(pids.values())
        return {name: used[pid] for name, pid in pids.items() if pid in used}

    def _remember(self) -> None:
        if self._endpoints is not None:
            remember(self.data, Running(self._endpoints, os.getpid(), self.pids()))

    def __enter__(self) -> "LocalStack":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
