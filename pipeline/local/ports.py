"""Free ports on loopback, chosen once and kept, so that clients find the servers again after any restart."""

import json
import secrets
import socket
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from pipeline.errors import ConfigurationError, LocalStackError
from pipeline.local.report import Report

HOST = "127.0.0.1"

# Below the range from which Linux, macOS and Windows take the near ends of outgoing connections. A client that keeps
# knocking at a port inside that range can be given that very port as its own near end, and then talks to itself while
# the restarted server finds its port taken.
_FIRST, _LAST = 20_000, 32_000


@dataclass(frozen=True, slots=True)
class Ports:
    """One port for each listener: Kafka's and Elasticsearch's for clients, and each one's own."""

    kafka: int
    controller: int
    search: int
    transport: int


def choose(data: Path, report: Report, kafka: int | None = None, search: int | None = None) -> Ports:
    """The ports to use: fixed ones as given, others as kept from the last start, or newly chosen where taken.

    Writes `data/ports.json`. A fixed port that is taken is a `ConfigurationError`; a kept one is replaced and reported.
    """
    for name, port in (("Kafka", kafka), ("Elasticsearch", search)):
        if port is not None and not is_free(port):
            raise ConfigurationError(f"port {port} for {name} is taken by another program: choose another, or none")
    ports = _free_or_kept(_read(data), report, kafka, search)
    (data / "ports.json").write_text(json.dumps(asdict(ports)), encoding="utf-8")
    return ports


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now; connections that still linger from a former one do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def listens(port: int) -> bool:
    """Whether something accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def new_port(taken: Collection[int]) -> int:
    """A free port that is none of `taken`."""
    for _attempt in range(1000):
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        if port not in taken and is_free(port):
            return port
    raise LocalStackError(f"no free port found between {_FIRST} and {_LAST} on {HOST}")


def _free_or_kept(kept: Ports | None, report: Report, kafka: int | None, search: int | None) -> Ports:
    ports = Ports(kafka or 0, 0, search or 0, 0)
    for field in fields(Ports):
        if getattr(ports, field.name):
            continue
        port = getattr(kept, field.name) if kept else None
        used = [getattr(ports, other.name) for other in fields(Ports)]
        if port is None or port in used or not is_free(port):
            chosen = new_port(used)
            if port is not None:
                report(f"port {port} ({field.name}) is taken by another program: using {chosen} from now on")
            port = chosen
        ports = replace(ports, **{field.name: port})
    return ports


def _read(data: Path) -> Ports | None:
    try:
        return Ports(**{name: int(port) for name, port in json.loads((data / "ports.json").read_text()).items()})
    except (OSError, ValueError, TypeError, AttributeError):
        return None
