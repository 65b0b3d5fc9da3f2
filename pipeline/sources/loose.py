"""Reads what strangers sent: the value that was hoped for, or nothing. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from pipeline.codec import CLOCK_SKEW, EARLIEST, MAX_TEXT
from pipeline.posts import Identifier, Post, Reason, Rejected
from pipeline.sources.server_sent import KEPT_OF_OVERLONG

MAX_ITEMS = 100
"""Tags, mentions, links, media of a post that are kept."""
MAX_NAME = 1024
MAX_EXTRA = 8 * 1024
"""Bytes of unknown fields that are kept."""
MAX_MARKUP = 3 * MAX_TEXT


def text(value: object, most: int = MAX_NAME) -> str | None:
    """A string that is not empty, without NULs and shortened; a whole number as its digits."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 128:
        return str(value)
    if not isinstance(value, str):
        return None
    return carried(value[:most]).replace("\0", "").strip() or None


def carried(value: str) -> str:
    """The text without what UTF-8 cannot carry: halves of surrogate pairs."""
    return value.encode("utf-8", "replace").decode("utf-8")


def mapping(value: object) -> Mapping[str, Any]:
    """A JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: object, most: int = MAX_ITEMS) -> list[Mapping[str, Any]]:
    """The objects of a JSON array, up to a number."""
    return [one for one in value[:most] if isinstance(one, dict)] if isinstance(value, list) else []


def texts(values: Iterable[object]) -> tuple[str, ...]:
    """The strings among the values, each once, in order, up to a number."""
    found = dict.fromkeys(one for one in (text(value) for value in values) if one)
    return tuple(found)[:MAX_ITEMS]


def moment(value: object) -> datetime | None:
    """An ISO 8601 time; without a zone it is meant as UTC."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found and not found.tzinfo else found


def count(value: object) -> int | None:
    """A count that a 64-bit number can hold."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63 else None


def seconds(value: object) -> float | None:
    """A length in seconds, up to a month."""
    return float(value) if isinstance(value, int | float) and 0 <= value < 2_600_000 else None


def unknown(fields: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """The fields that this version does not know, as long as they are small."""
    left = {name: value for name, value in fields.items() if name not in known}
    return left if len(msgspec.json.encode(left)) <= MAX_EXTRA else {}


def sha256(raw: bytes) -> str:
    """The hash of the exact bytes that came, in hexadecimal."""
    return hashlib.sha256(raw).hexdigest()


def plausible_time(found: datetime, now: datetime) -> bool:
    """Whether a post can have been written then."""
    return EARLIEST <= found <= now + CLOCK_SKEW


def rejected(raw: bytes, reason: Reason, detail: str) -> Rejected:
    """What could not be read, its bytes whole, or the first MiB of one that is too large."""
    return Rejected(raw=raw[:KEPT_OF_OVERLONG] if reason == "too_large" else raw, reason=reason, detail=detail)


def json_fields(raw: bytes) -> Mapping[str, Any] | Rejected:
    """A JSON object's fields, or why it is none."""
    try:
        value = msgspec.json.decode(raw)
    except RecursionError:
        return rejected(raw, "too_deep", "the JSON is nested too deeply")
    except UnicodeDecodeError:
        return rejected(raw, "bad_text", "a string is not UTF-8")
    except msgspec.DecodeError as error:
        return rejected(raw, "bad_text" if "surrogate" in str(error) else "not_json", "the JSON is torn or damaged")
    return value if isinstance(value, dict) else rejected(raw, "wrong_type", "the JSON is not an object")


def shortened(post: Post) -> Post:
    """The post with its text cut at what is read, marked if so; markup that is too long goes."""
    if post.text_html is not None and len(post.text_html) > MAX_MARKUP:
        post = msgspec.structs.replace(post, text_html=None)
    if len(post.text) <= MAX_TEXT:
        return post
    return msgspec.structs.replace(post, text=post.text[:MAX_TEXT], text_html=None, truncated=True)


def identifier(value: object) -> Identifier | None:
    """An id of 1 to 1024 characters, whole: a longer one is none, since cutting would make two ids one."""
    found = text(value, MAX_NAME + 1)
    return found if found and len(found) <= MAX_NAME else None
