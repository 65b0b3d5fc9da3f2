"""Tokens for OAUTHBEARER: asked for by the grant `client_credentials` (RFC 6749, 4.4), kept until shortly before they end."""

import asyncio
import json
import re
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from aiokafka.abc import AbstractTokenProvider as AiokafkaProvider
from kafka.net.sasl.oauth import AbstractTokenProvider as KafkaPythonProvider

from pipeline.errors import BrokerUnavailable, ConfigurationError, FanalError
from pipeline.tls import Trust, certificate_fault, context

PATIENCE_S = 10.0
LIVES_S = 300.0
"""Of a token whose server does not say how long it lives."""
RENEWED_AT = 0.8
_MOST_BYTES = 1 << 20

SETTINGS = "see FANAL_KAFKA_OAUTH_CLIENT_ID, FANAL_KAFKA_OAUTH_CLIENT_SECRET_FILE and FANAL_KAFKA_OAUTH_SCOPE"


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Where tokens are asked for, and as whom. The secret never shows."""

    url: str
    client_id: str
    client_secret: str
    scope: str | None
    trust: Trust

    def __repr__(self) -> str:
        return f"TokenEndpoint({urlsplit(self.url).hostname})"


class Tokens:
    """The token of one client, for all connections and threads of a process."""

    def __init__(self, endpoint: TokenEndpoint, clock: Callable[[], float] = time.monotonic) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0.0

    def token(self) -> str:
        """A token that is good for a fifth of its life or more. Blocks for ten seconds at most.

        Raises:
            BrokerUnavailable: the endpoint does not answer.
            ConfigurationError: it refuses the client, or is none.
        """
        with self._lock:
            if not self._token or self._clock() >= self._renew_at:
                answer = _ask(self._endpoint)
                self._token = answer["access_token"]
                self._renew_at = self._clock() + RENEWED_AT * _lives_s(answer.get("expires_in"))
            return self._token


class AsyncTokens(AiokafkaProvider):  # type: ignore[misc] # aiokafka is not typed
    """The same for aiokafka and for Faust. A fault is an `OSError`: they try again after one, and end on others."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def token(self) -> str:
        """See `Tokens.token`."""
        return await asyncio.to_thread(_or_connection_error, self._tokens)


class BlockingTokens(KafkaPythonProvider):  # type: ignore[misc] # kafka-python is not typed
    """The same for kafka-python."""

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self._tokens = tokens

    def token(self) -> str:
        """See `Tokens.token`."""
        return _or_connection_error(self._tokens)


def _or_connection_error(tokens: Tokens) -> str:
    try:
        return tokens.token()
    except FanalError as error:
        raise ConnectionError(str(error)) from None


class _NoRedirects(HTTPRedirectHandler):
    """The client's secret goes to the host that the settings name, and to no other."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none."""


def _ask(endpoint: TokenEndpoint) -> dict[str, Any]:
    form = {
        "grant_type": "client_credentials",
        "client_id": endpoint.client_id,
        "client_secret": endpoint.client_secret,
    } | ({"scope": endpoint.scope} if endpoint.scope else {})
    where = f"the token endpoint at {urlsplit(endpoint.url).netloc}"
    request = Request(endpoint.url, urlencode(form).encode(), {"Accept": "application/json"})  # noqa: S310 - settled by `Login`
    opener = build_opener(_NoRedirects, HTTPSHandler(context=context(endpoint.trust)))
    try:
        with opener.open(request, timeout=PATIENCE_S) as answer:
            return _read(answer.read(_MOST_BYTES), where)
    except HTTPError as error:
        with error:
            raise _refused(error.code, error.read(_MOST_BYTES), where) from None
    except OSError as error:
        raise _away(error, endpoint, where) from None


def _read(body: bytes, where: str) -> dict[str, Any]:
    answer = _json(body)
    token = answer.get("access_token")
    if not isinstance(token, str) or not re.fullmatch(r"[!-~]+", token):
        raise ConfigurationError(f"{where} gives no token: is FANAL_KAFKA_OAUTH_TOKEN_URL right?")
    return answer


def _refused(status: int, body: bytes, where: str) -> FanalError:
    """OAuth's own error names are repeated (RFC 6749, 5.2), and nothing else of what the server says."""
    name = _json(body).get("error")
    why = f"{status} {name}" if isinstance(name, str) and re.fullmatch(r"[a-z_]{1,40}", name) else str(status)
    if status >= 500 or status == 429:
        return BrokerUnavailable(f"{where} answers {why}; trying again later may help")
    if status in {400, 401, 403}:
        return ConfigurationError(f"{where} refuses the client ({why}): {SETTINGS}")
    return ConfigurationError(f"{where} answers {why}: is FANAL_KAFKA_OAUTH_TOKEN_URL right?")


def _away(error: OSError, endpoint: TokenEndpoint, where: str) -> FanalError:
    cause = getattr(error, "reason", error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        at = urlsplit(endpoint.url)
        return ConfigurationError(
            f"{where}: {certificate_fault(cause, endpoint.trust, at.hostname or '', at.port or 443)}"
        )
    name = type(cause).__name__
    return BrokerUnavailable(f"{where} does not answer ({name}): is it up, and is FANAL_KAFKA_OAUTH_TOKEN_URL right?")


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _lives_s(said: Any) -> float:
    try:
        return max(1.0, float(said))
    except (TypeError, ValueError):
        return LIVES_S
