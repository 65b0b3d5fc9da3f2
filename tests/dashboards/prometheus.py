"""A real Prometheus on loopback that scrapes the exporter each second, and how it is asked."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.dashboards.exporter import ROLES

READY_S = 60.0
SCRAPED_S = 12.0
"""Rates over five seconds need some scrapes, alerts an evaluation."""
_JOB = "fanal"


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Where it listens, and from when on its series are to be asked for."""

    url: str
    since: float

    def series(self, expr: str, *, instant: bool) -> list[dict[str, str]]:
        """The labels of the series that an expression gives, of those that hold a number.

        Raises:
            ValueError: Prometheus refuses the expression; its words.
        """
        now = time.time()
        asked = {"query": expr, "time": now} if instant else {"query": expr, "start": self.since, "end": now, "step": 1}
        found = self._ask("query" if instant else "query_range", asked)["result"]
        if not isinstance(found, list) or (found and not isinstance(found[0], dict)):
            return [{}]
        return [one["metric"] for one in found if _holds_a_number(one)]

    def values(self, selector: str, label: str) -> list[str]:
        """The values of a label of the series that a selector names."""
        found = self._ask(f"label/{label}/values", {"match[]": selector})
        return list(found)

    def _ask(self, path: str, asked: dict[str, Any]) -> Any:
        said = httpx.get(f"{self.url}/api/v1/{path}", params=asked, timeout=30)
        if said.status_code != 200:
            raise ValueError(said.json()["error"])
        return said.json()["data"]


def _holds_a_number(series: dict[str, Any]) -> bool:
    values = series.get("values") or [series["value"]]
    return any(value != "NaN" for _, value in values)


@contextmanager
def scraping(program: Path, folder: Path) -> Iterator[Prometheus]:
    """Prometheus and an exporter of each role, from when there is something to ask for until the end of the block."""
    with ExitStack() as children:
        targets = [children.enter_context(_exporting(role, folder / role)) for role in ROLES]
        yield children.enter_context(_serving(program, folder, targets))


@contextmanager
def _exporting(role: str, port_file: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.dashboards.exporter", role, str(port_file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as child:
        try:
            _until(lambda: port_file.is_file() and bool(port_file.read_text(encoding="utf-8")), child)
            yield f"127.0.0.1:{port_file.read_text(encoding='utf-8')}"
        finally:
            assert child.stdin is not None
            child.stdin.close()
            child.wait(timeout=20)


@contextmanager
def _serving(program: Path, folder: Path, targets: list[str]) -> Iterator[Prometheus]:
    port = _free_port()
    (folder / "rules.yml").write_text(yaml.safe_dump(_always_firing()), encoding="utf-8")
    (folder / "prometheus.yml").write_text(yaml.safe_dump(_configuration(targets)), encoding="utf-8")
    command = [
        *(str(program), f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'series'}"),
        *(f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"),
    ]
    with subprocess.Popen(command) as child:
        try:
            url = f"http://127.0.0.1:{port}"
            _until(lambda: _is_ready(url), child)
            since = time.time()
            time.sleep(SCRAPED_S)
            yield Prometheus(url, since)
        finally:
            child.terminate()
            child.wait(timeout=30)


def _configuration(targets: list[str]) -> dict[str, Any]:
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [{"job_name": _JOB, "static_configs": [{"targets": targets}]}],
    }


def _always_firing() -> dict[str, Any]:
    rule = {"alert": "FanalAlways", "expr": "vector(1)", "labels": {"severity": "page", "team": "on-call"}}
    return {"groups": [{"name": "always", "rules": [rule]}]}


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def _until(done: Callable[[], bool], child: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + READY_S
    while not done():
        if child.poll() is not None:
            raise RuntimeError(f"{child.args!r} ended with {child.returncode}")
        if time.monotonic() > until:
            raise TimeoutError(f"{child.args!r} is not ready after {READY_S:.0f} s")
        time.sleep(0.1)
