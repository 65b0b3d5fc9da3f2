"""Prometheus and Alertmanager as child processes on loopback."""

import os
import shlex
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from pipeline.local.server import tethered
from tests.connected.pipelines import get, until
from tests.tools import debian

READY_S = 60.0
STOP_S = 20.0
TEMPLATES = Path("/usr/share/prometheus/alertmanager")


def free_port() -> int:
    """A port that nobody has just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@asynccontextmanager
async def prometheus(config: Path, port: int) -> AsyncIterator[str]:
    """Prometheus with a configuration, from when it is ready until the end of the block; its address."""
    command = [
        str(debian.program("prometheus", "prometheus")),
        f"--config.file={config}",
        f"--storage.tsdb.path={config.parent / 'series'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    async with _running(command, f"http://127.0.0.1:{port}", config.with_suffix(".log")) as url:
        yield url


@asynccontextmanager
async def alertmanager(config: Path, port: int) -> AsyncIterator[str]:
    """The same for Alertmanager, alone."""
    command = [
        *_alertmanager(),
        f"--config.file={config}",
        f"--storage.path={config.parent / 'notified'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    async with _running(command, f"http://127.0.0.1:{port}", config.with_suffix(".log")) as url:
        yield url


def _alertmanager() -> list[str]:
    """Debian's reads its templates from a fixed place in `/usr/share`, whatever the configuration says.

    Where they are not there, the unpacked package is laid over it, for this process alone: a namespace of its own, no root.
    """
    if os.environ.get(debian.FOLDER):
        return [str(debian.program("alertmanager", "alertmanager"))]
    program = debian.program("alertmanager", "prometheus-alertmanager")
    if TEMPLATES.exists():
        return [str(program)]
    share = program.parents[1] / "share"
    layers = f"lowerdir={share}:/usr/share"
    script = f'mount -t overlay overlay -o {shlex.quote(layers)} /usr/share && exec "$@"'
    unshare = shutil.which("unshare")
    if unshare is None:
        raise debian.Unobtainable("Alertmanager's templates cannot be laid over /usr/share (there is no unshare)")
    entered = [unshare, "--map-root-user", "--mount"]
    _must_work([*entered, "sh", "-c", script, "sh", "true"])
    return [*entered, "sh", "-c", script, "sh", str(program)]


def _must_work(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise debian.Unobtainable(f"Alertmanager's templates cannot be laid over /usr/share ({said})")


@asynccontextmanager
async def _running(command: Sequence[str], url: str, log: Path) -> AsyncIterator[str]:
    child = _started(command, log)
    try:
        await until(lambda: _is_ready(child, url, log), READY_S)
        yield url
    finally:
        child.terminate()
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _started(command: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as into:
        return subprocess.Popen(
            [*tethered(), *command], stdin=subprocess.DEVNULL, stdout=into, stderr=subprocess.STDOUT
        )


def _is_ready(child: "subprocess.Popen[bytes]", url: str, log: Path) -> bool:
    assert child.poll() is None, log.read_text(encoding="utf-8")[-2000:]
    try:
        return get(f"{url}/-/ready")[0] == 200
    except OSError:
        return False
