"""The collector as a child process of the kill test."""

import asyncio
import subprocess
import sys
from pathlib import Path

from pipeline.local.server import tethered
from pipeline.settings import Settings
from tests.connected.pipelines import ROOT, environment

STOP_S = 30.0


class Collecting:
    """The collector as a child process, started again at once whenever it dies."""

    def __init__(self, settings: Settings, config: Path) -> None:
        self._port_file = settings.data / "collector.port"
        self._command = [sys.executable, "-m", "tests.chaos.collecting", str(config), str(self._port_file)]
        self._environment = environment(settings)
        self._log = (settings.data / "collector.log").open("ab")
        self.ends = 0
        self._process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        self._port_file.unlink(missing_ok=True)
        command = [*tethered(), *self._command]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=self._log, cwd=ROOT, env=self._environment)

    @property
    def pid(self) -> int:
        """The process as it stands."""
        return self._process.pid

    async def keep(self) -> None:
        """Start it again whenever it ends by itself, for ever."""
        while True:
            await asyncio.sleep(0.1)
            if self._process.poll() is not None:
                self.ends += 1
                self._process = self._start()

    async def is_up(self) -> None:
        """Wait until it has announced its port: a moment later it reads."""
        while not self._port_file.exists():  # noqa: ASYNC110 - a process tells nobody
            await asyncio.sleep(0.02)

    def kill(self) -> None:
        """`kill -9`, and a new one."""
        self._process.kill()
        self._process.wait()
        self._process = self._start()

    async def stop(self) -> int:
        """Ask it to end; its exit code. It is killed where it does not end in time."""
        self._process.terminate()
        try:
            return await asyncio.to_thread(self._process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            self._log.close()
