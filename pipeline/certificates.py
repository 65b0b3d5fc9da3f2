"""When certificates end, before they do: of servers that are spoken to over TLS, and of the authorities that are trusted for them.

Only dates are read. A server's certificate is fetched unchecked (an ended one must still be seen) and nothing is sent to it.
"""

import logging
import math
import ssl
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from pipeline import metrics

log = logging.getLogger("fanal.certificates")

EVERY_S = 3600.0
PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Target:
    """A server by the name of its metric, its address, and the files of certificates that it takes to reach it."""

    name: str
    host: str
    port: int
    files: tuple[Path, ...] = ()


def kafka_target(bootstrap: str, security_protocol: str, *files: Path | None) -> Target | None:
    """The broker, where it is spoken to over TLS: the first of its addresses."""
    if "SSL" not in security_protocol:
        return None
    first = urlsplit(f"//{bootstrap.partition(',')[0].strip()}")
    return Target("kafka", first.hostname or "", first.port or 9092, tuple(filter(None, files)))


def index_target(url: str, *files: Path | None) -> Target | None:
    """The index, where it is spoken to over TLS."""
    at = urlsplit(url)
    if at.scheme != "https" or not at.hostname:
        return None
    return Target("elasticsearch", at.hostname, at.port or 443, tuple(filter(None, files)))


def ends_at(target: Target) -> float:
    """Unix time at which the first of the server's certificate and the files' certificates ends.

    Of a file of several, the last to end counts: while an authority is replaced, the old one and the new one are both in it.

    Raises:
        OSError, ValueError: the server cannot be reached, or something is no certificate.
    """
    shown = ssl.get_server_certificate((target.host, target.port), timeout=PATIENCE_S)
    ends = [_last_end(shown.encode("ascii"))] + [_last_end(path.read_bytes()) for path in target.files]
    return min(ends).timestamp()


def _last_end(pem: bytes) -> datetime:
    return max(certificate.not_valid_after_utc for certificate in x509.load_pem_x509_certificates(pem))


def look(targets: Iterable[Target], read: Callable[[Target], float] = ends_at) -> None:
    """Set the gauge of each target; NaN, and a line in the log, where its end cannot be read."""
    for target in targets:
        try:
            end = read(target)
        except (OSError, ValueError) as error:
            end = math.nan
            log.warning("a certificate cannot be read", extra={"target": target.name, "why": type(error).__name__})
        metrics.CERTIFICATE_EXPIRY.labels(target.name).set(end)


def follow(targets: Sequence[Target | None]) -> None:
    """Look now and every hour, in a thread of its own that ends with the process; nothing where no target is over TLS."""
    wanted = [target for target in targets if target]
    if wanted:
        threading.Thread(target=_follow, args=(wanted,), name="fanal-certificates", daemon=True).start()


def _follow(targets: Sequence[Target]) -> None:
    pause = threading.Event()
    while True:
        look(targets)
        pause.wait(EVERY_S)
