"""Bytes to values and back: JSON, one value a line, one or more lines a record.

A line that is no post becomes a `Rejected` with its bytes whole; its neighbours in the record go on.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from pipeline.posts import Erasure, Hit, Outcome, Post, Reason, Rejected, Screened

MAX_TEXT = 20_000
"""Characters of a post's text that are read; a longer text is cut and the post marked `truncated`."""
MAX_LINE = 8 * 1024 * 1024
"""Bytes of a line that are parsed at all; sealed as evidence it must still fit in a record."""
MAX_LINES = 4096
"""Lines of a record that are told apart (the index version keeps the line number in 12 bits); the rest is the last line."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
CLOCK_SKEW = timedelta(days=2)

LETTERS: dict[Outcome, str] = {"benign": "b", "hit": "h", "rejected": "r", "duplicate": "d", "erased": "e"}
"""How `Fate.outcomes` spells an outcome."""


class _Enveloped(msgspec.Struct, frozen=True):
    payload: Hit


_posts = msgspec.json.Decoder(Post)
_hits = msgspec.json.Decoder(Hit)
_enveloped = msgspec.json.Decoder(_Enveloped)
_screened = msgspec.json.Decoder(Screened)
_erasures = msgspec.json.Decoder(Erasure)
_encoder = msgspec.json.Encoder()
_T = TypeVar("_T")

_UNKNOWN_VALUE = re.compile("^Invalid enum value .*(?= - at )", re.DOTALL)


def lines(value: bytes) -> list[bytes]:
    """Split a record's value into at most 4096 lines; a final newline ends the last line and starts no other."""
    found = value.split(b"\n", MAX_LINES - 1)
    if len(found) > 1 and not found[-1]:
        found.pop()
    return found


def encode(value: Post | Hit | Screened | Erasure) -> bytes:
    """One line of JSON, without its newline."""
    return _encoder.encode(value)


def pack(posts: Iterable[bytes]) -> bytes:
    """Join encoded posts to one record's value."""
    return b"\n".join(posts)


def decode_post(raw: bytes, now: datetime | None = None) -> Post | Rejected:
    """Read one line of `posts`. Never raises for what a line holds."""
    if len(raw) > MAX_LINE:
        return _reject(raw, "too_large", f"the line has {len(raw)} bytes, the limit is {MAX_LINE}")
    try:
        post = _posts.decode(raw)
    except msgspec.ValidationError as error:
        return _invalid(raw, str(error))
    except RecursionError:
        return _reject(raw, "too_deep", "the JSON is nested too deeply")
    except UnicodeDecodeError:
        return _reject(raw, "bad_text", "a string is not UTF-8")
    except msgspec.DecodeError as error:
        return _reject(raw, "bad_text" if "surrogate" in str(error) else "not_json", str(error))
    return _plausible(raw, post, now or datetime.now(UTC))


def decode_hit(raw: bytes) -> Hit:
    """Read one line of `hits`, with Kafka Connect's envelope or without.

    Raises:
        msgspec.DecodeError: the line is not a hit that this version can read.
    """
    return _decode(_enveloped, raw).payload if raw.startswith(b'{"schema":') else _decode(_hits, raw)


def decode_screened(raw: bytes) -> Screened:
    """Read one line of `screened`.

    Raises:
        msgspec.DecodeError: the line is not a record of `screened`.
    """
    return _decode(_screened, raw)


def decode_erasure(raw: bytes, received_at: datetime | None = None) -> Erasure:
    """Read one line of `erasures`. None is later than its arrival, where that is given: it would swallow what an account has yet
    to write.

    Raises:
        msgspec.DecodeError: the line is not an erasure.
    """
    erasure = _decode(_erasures, raw)
    if received_at is None or erasure.erased_at <= received_at:
        return erasure
    return msgspec.structs.replace(erasure, erased_at=received_at)


def _decode(decoder: "msgspec.json.Decoder[_T]", raw: bytes) -> _T:
    """Decode; what msgspec lets through of other errors (their text quotes the bytes) becomes its own."""
    try:
        return decoder.decode(raw)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(f"the line cannot be decoded ({type(error).__name__})") from None


def _plausible(raw: bytes, post: Post, now: datetime) -> Post | Rejected:
    """What JSON Schema cannot say: a text that is there, a time that can be, text that UTF-8 can carry."""
    if not post.text.strip(" \t\r\n\0"):
        return _reject(raw, "empty_text", "the text is empty")
    for name, moment in (("created_at", post.created_at), ("dated_at", post.dated_at)):
        if moment is not None and not EARLIEST <= moment <= now + CLOCK_SKEW:
            return _reject(raw, "bad_time", f"{name} lies before the year 2000 or more than two days ahead")
    if len(post.text) > MAX_TEXT:
        return msgspec.structs.replace(post, text=post.text[:MAX_TEXT], text_html=None, truncated=True)
    return post


def _invalid(raw: bytes, message: str) -> Rejected:
    """Sort msgspec's validation messages: they name fields and types (keys as `[...]`), never the content but for one."""
    message = _UNKNOWN_VALUE.sub("Invalid enum value", message)
    reason: Reason = "wrong_type"
    if "missing required field" in message:
        reason = "missing_field"
    elif "RFC3339" in message or "timezone" in message or "datetime" in message:
        reason = "bad_time"
    return _reject(raw, reason, message)


def _reject(raw: bytes, reason: Reason, detail: str) -> Rejected:
    return Rejected(raw=raw, reason=reason, detail=detail)
