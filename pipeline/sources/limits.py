"""What a platform says about its limits: how long to wait, and how much may still be asked. Pure.

`Retry-After` is seconds or a date (RFC 9110, 10.2.3). `x-ratelimit-reset` has three dialects: seconds left (Reddit), seconds
since 1970 (X), an ISO 8601 time (Mastodon).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_S = 86_400.0
"""No answer makes a source wait longer than a day."""
_EPOCH_FROM = 1_000_000_000.0
_MILLISECONDS_FROM = 100_000_000_000.0


@dataclass(frozen=True, slots=True)
class Budget:
    """What may still be asked in this window, and the seconds until it starts anew, where they are told."""

    left: int
    limit: int | None = None
    reset_s: float | None = None


def wait_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that the answer asks to wait, 0 to a day; None where it does not say, or says what cannot be read."""
    now = now or datetime.now(UTC)
    asked = _after(headers.get("retry-after", ""), now)
    return asked if asked is not None else reset_s(headers.get("x-ratelimit-reset", ""), now)


def budget(headers: Mapping[str, str], now: datetime | None = None) -> Budget | None:
    """The budget that the answer's headers tell, else None."""
    left = _number(headers.get("x-ratelimit-remaining", ""))
    if left is None:
        return None
    limit = _number(headers.get("x-ratelimit-limit", ""))
    reset = reset_s(headers.get("x-ratelimit-reset", ""), now or datetime.now(UTC))
    return Budget(int(left), None if limit is None else int(limit), reset)


def reset_s(text: str, now: datetime) -> float | None:
    """Read `x-ratelimit-reset` in any of its dialects: seconds from now."""
    number = _number(text)
    if number is None:
        return _until(text, now)
    if number >= _MILLISECONDS_FROM:
        number /= 1000
    return _bounded(number - now.timestamp() if number >= _EPOCH_FROM else number)


def _after(text: str, now: datetime) -> float | None:
    number = _number(text)
    if number is not None:
        return _bounded(number)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return _seconds(moment, now)


def _until(text: str, now: datetime) -> float | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return _seconds(moment, now)


def _seconds(moment: datetime, now: datetime) -> float:
    """A time without its zone is meant as UTC."""
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _bounded((moment - now).total_seconds())


def _bounded(seconds: float) -> float:
    return min(LONGEST_S, max(0.0, seconds))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
