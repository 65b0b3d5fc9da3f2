"""Where a running stack is reached: written by the process that has it, read by every other."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.local.claim import claimed


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Kafka as `127.0.0.1:PORT` and Elasticsearch as `http://127.0.0.1:PORT`."""

    kafka: str
    elasticsearch: str


@dataclass(frozen=True, slots=True)
class Running:
    """A running stack: its endpoints, the process that has it, and its servers' process ids by name."""

    endpoints: Endpoints
    pid: int
    servers: dict[str, int]


def read_endpoints(data: Path) -> Endpoints | None:
    """The endpoints of the stack that runs on this data folder now, or none."""
    running = read_running(data)
    return running.endpoints if running else None


def read_running(data: Path) -> Running | None:
    """The stack that runs on this data folder now, or none: what a dead process left behind does not count."""
    if not claimed(data):
        return None
    try:
        written = json.loads(_path(data).read_text(encoding="utf-8"))
        servers = {str(name): int(pid) for name, pid in written["servers"].items()}
        return Running(Endpoints(**written["endpoints"]), int(written["pid"]), servers)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def remember(data: Path, running: Running) -> None:
    """Write what others need to find the stack; a reader sees the old or the new, never half."""
    unfinished = data / "endpoints.json.new"
    unfinished.write_text(json.dumps(asdict(running)), encoding="utf-8")
    unfinished.replace(_path(data))


def forget(data: Path) -> None:
    """Remove it: the stack is not, or no longer, ready."""
    _path(data).unlink(missing_ok=True)


def _path(data: Path) -> Path:
    return data / "endpoints.json"
