"""The official client, set up once: one try a call (the store decides what to try again), no sniffing, plain errors."""

from dataclasses import dataclass
from typing import Any

from elastic_transport import ObjectApiResponse, TransportError
from elasticsearch import ApiError, AsyncElasticsearch

from pipeline.errors import ConfigurationError, IndexUnavailable
from pipeline.index.login import login, ssl_context
from pipeline.settings import ElasticsearchSettings

__all__ = [
    "ApiError",
    "AsyncElasticsearch",
    "ObjectApiResponse",
    "TransportError",
    "Trouble",
    "open_client",
    "trouble",
    "unavailable",
]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a call, for logs and messages: a status (0 without an answer) and the error's name."""

    status: int
    kind: str


def open_client(url: str, settings: ElasticsearchSettings) -> AsyncElasticsearch:
    """A client; no connection is made before the first call.

    Raises:
        ConfigurationError: the address, the login or the CA file cannot be used.
    """
    options: dict[str, Any] = {"request_timeout": settings.timeout_s, "max_retries": 0, "retry_on_timeout": False}
    who = login(settings)
    if who.api_key:
        options["api_key"] = who.api_key
    elif who.basic:
        options["basic_auth"] = who.basic
    if context := ssl_context(url, settings):
        options["ssl_context"] = context
    try:
        return AsyncElasticsearch(url, **options)
    except (ValueError, OSError) as error:
        raise ConfigurationError(f"elasticsearch.url cannot be used: {type(error).__name__}: {error}") from None


def trouble(error: Exception) -> Trouble:
    """Name an exception of the client."""
    if isinstance(error, ApiError):
        cause = error.body.get("error") if isinstance(error.body, dict) else None
        kind = cause.get("type") if isinstance(cause, dict) else None
        return Trouble(error.meta.status, str(kind or f"http_{error.meta.status}"))
    return Trouble(0, type(error).__name__)


def unavailable(error: ApiError | TransportError) -> IndexUnavailable:
    """An exception of the client as one of ours, in a line."""
    found = trouble(error)
    what = f"it answers {found.status}" if found.status else "it cannot be reached"
    return IndexUnavailable(f"Elasticsearch: {what} ({found.kind})")
