"""What is wrong with the connection to Elasticsearch, in one line; its client names a class of errors and no more."""

import json
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import SplitResult, urlsplit

from pipeline import reach
from pipeline.errors import ConfigurationError, IndexUnavailable
from pipeline.index.login import SETTING, Login, is_well_formed, login, ssl_context, trust
from pipeline.settings import ElasticsearchSettings
from pipeline.tls import PATIENCE_S, Trust, certificate_fault, speaks_tls

PRIVILEGES = ("read", "write", "create_index", "view_index_metadata", "maintenance")
"""What workers, page and account do on Fanal's indices; `fanal setup` needs `manage` and `manage_index_templates` besides."""
_MOST_BYTES = 1 << 20
_HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: Mapping[str, Any]


def probe(url: str, settings: ElasticsearchSettings) -> None:
    """Ask the server who it is, with our login, and what that login may do. Blocks for five seconds a step at most.

    Raises:
        IndexUnavailable: nobody is there, or it is not ready.
        ConfigurationError: it is there, and something does not fit; the message says what, and what to change.
    """
    server = _Server(_address(url), login(settings), trust(settings), ssl_context(url, settings))
    where = f"{server.host}:{server.port}"
    try:
        _refuse(server.ask("GET", "/"), server.who)
        _require(server.ask("POST", "/_security/user/_has_privileges", _wanted(settings)), settings)
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from None
    except (OSError, HTTPException) as error:
        raise IndexUnavailable(f"{where}: the connection ends ({type(error).__name__})") from None


@dataclass(frozen=True, slots=True)
class _Server:
    at: SplitResult
    who: Login
    trust: Trust
    context: ssl.SSLContext | None

    @property
    def host(self) -> str:
        return str(self.at.hostname)

    @property
    def port(self) -> int:
        return self.at.port or 0

    def ask(self, method: str, path: str, body: Any = None) -> _Answer:
        headers = _HEADERS | ({"Authorization": self.who.header} if self.who.header else {})
        connection = HTTPConnection(self.host, self.port, timeout=PATIENCE_S)
        with closing(connection), reach.opened(self.host, self.port, IndexUnavailable) as opened:
            connection.sock = self._wrapped(opened)
            try:
                connection.request(method, self.at.path.rstrip("/") + path, json.dumps(body) if body else None, headers)
                answer = connection.getresponse()
                return _Answer(answer.status, _json(answer.read(_MOST_BYTES)))
            except (OSError, HTTPException) as error:
                raise self._unanswered(error) from None

    def _wrapped(self, opened: socket.socket) -> socket.socket:
        if self.context is None:
            return opened
        try:
            return self.context.wrap_socket(opened, server_hostname=self.host)
        except ssl.SSLCertVerificationError as error:
            raise ConfigurationError(certificate_fault(error, self.trust, self.host, self.port)) from None
        except OSError as error:
            if not speaks_tls(self.host, self.port):
                raise ConfigurationError(f"this port speaks no TLS: let {SETTING}_URL begin with http://") from None
            raise ConfigurationError(f"the TLS handshake fails ({type(error).__name__})") from None

    def _unanswered(self, error: Exception) -> Exception:
        if self.context is None and speaks_tls(self.host, self.port):
            return ConfigurationError(f"this port speaks TLS: let {SETTING}_URL begin with https://")
        return error


def _address(url: str) -> SplitResult:
    try:
        at = urlsplit(url)
        fits = at.scheme in {"http", "https"} and bool(at.hostname) and bool(at.port)
    except ValueError:
        fits = False
    if not fits:
        raise ConfigurationError(f"{SETTING}_URL is no address of the form https://HOST:PORT")
    return at


def _refuse(answer: _Answer, who: Login) -> None:
    if answer.status == 401:
        raise ConfigurationError(_unknown(who))
    if answer.status == 403:
        raise ConfigurationError(
            "it knows this login, but gives it nothing (403): it lacks the cluster privilege `monitor`"
        )
    if answer.status in {429, 502, 503, 504}:
        raise IndexUnavailable(f"it is not ready, or what stands before it cannot reach it ({answer.status})")
    version = answer.body.get("version")
    if answer.status != 200 or not isinstance(version, dict) or "number" not in version:
        raise ConfigurationError(f"what answers is no Elasticsearch ({answer.status}): is {SETTING}_URL right?")


def _unknown(who: Login) -> str:
    if who.api_key and not is_well_formed(who.api_key):
        return f"the API key is malformed (401): {SETTING}_API_KEY_FILE must hold what the server calls `encoded`, base64 of ID:KEY"
    if who.api_key:
        return f"the API key is not accepted (401): make one anew, or check {SETTING}_API_KEY_FILE"
    if who.basic:
        return f"wrong user or password (401): check {SETTING}_USERNAME and {SETTING}_PASSWORD_FILE"
    return f"it asks for a login (401): set {SETTING}_API_KEY_FILE, or {SETTING}_USERNAME and {SETTING}_PASSWORD_FILE"


def _wanted(settings: ElasticsearchSettings) -> Any:
    return {"cluster": ["monitor"], "index": [{"names": [f"{settings.prefix}-*"], "privileges": list(PRIVILEGES)}]}


def _require(answer: _Answer, settings: ElasticsearchSettings) -> None:
    """A server without security has no such question, and forbids nothing."""
    if answer.status != 200 or answer.body.get("has_all_requested") is not False:
        return
    names = f"{settings.prefix}-*"
    index = answer.body.get("index")
    held = index.get(names) if isinstance(index, dict) else None
    lacked = [name for name in PRIVILEGES if isinstance(held, dict) and held.get(name) is False]
    if lacked:
        raise ConfigurationError(
            f"this login lacks on {names}: {', '.join(lacked)} (403 later): add them to its role or API key"
        )
    raise ConfigurationError("this login lacks the cluster privilege `monitor`: add it to its role or API key")


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
