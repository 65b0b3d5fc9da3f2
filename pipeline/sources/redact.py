"""Keeps secrets out of what is logged: of an address, its user, its password and the values of its query go."""

import logging

import httpx

_QUOTING = (
    "httpx",
    "httpcore",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)


def redacted(url: str | httpx.URL) -> str:
    """An address that may be shown: scheme, host, path, and the names in the query.

    >>> redacted("https://me:pass@example.org/a?key=1&page=2")
    'https://example.org/a?key=…&page=…'
    """
    try:
        parsed = httpx.URL(url)
        query = "&".join(f"{name}=…" for name in parsed.params)
        shown = f"{parsed.scheme}://{parsed.host}{f':{parsed.port}' if parsed.port else ''}{parsed.path}"
    except (httpx.InvalidURL, TypeError, ValueError):
        return "(not an address)"
    return shown + (f"?{query}" if query else "")


class Redacting(logging.Filter):
    """Shows the addresses in a record's arguments redacted, and lets nothing below a warning of the wire itself pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record in place; whether to log it."""
        if record.name.startswith("httpcore"):
            return record.levelno >= logging.WARNING
        if isinstance(record.args, tuple):
            record.args = tuple(redacted(one) if isinstance(one, httpx.URL) else one for one in record.args)
        return True


def redact_logs() -> None:
    """See to it that httpx and what it stands on log no secret: once for the process, repeated without effect."""
    for name in _QUOTING:
        logger = logging.getLogger(name)
        if not any(isinstance(one, Redacting) for one in logger.filters):
            logger.addFilter(Redacting())
