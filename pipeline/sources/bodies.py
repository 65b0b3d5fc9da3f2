"""Pushed bodies as events: NDJSON or a JSON array, gzip or plain, bounded whatever they hold."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from pipeline.sources.connector import Event
from pipeline.sources.nesting import CLOSED, MAX_TOKENS, OPEN, TOKEN

MAX_EVENTS = 10_000
"""Posts and erasures in a body."""
NDJSON = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
ARRAY = "application/json"
MAX_MEMBERS = 64
MAX_COMMAS = 400_000
"""Above so many commas an array's elements are told apart one by one: a hostile one has millions."""

_array = msgspec.json.Decoder(list[msgspec.Raw])


class BodyTooLarge(Exception):
    """The body holds more bytes or more events than are taken at once. The message is a line that says which."""


class BodyUnreadable(Exception):
    """The body as a whole is not what its headers say. The message is a line that says how."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body as it came, and what its headers say of it."""

    raw: bytes
    content_type: str
    gzipped: bool = False


def read_events(body: Body, max_bytes: int, read: Callable[[bytes, str], Event]) -> list[Event]:
    """The events of a body in their order; `read` is given each line and where it stood (lines and elements count from 1).

    Raises:
        BodyTooLarge: unpacked it has more than `max_bytes`, or it holds more than 10,000 events.
        BodyUnreadable: it is not gzip, is torn off, or is no JSON array.
    """
    raw = gunzip(body.raw, max_bytes) if body.gzipped else body.raw
    if body.content_type == ARRAY:
        return [read(one, f"element {number}") for number, one in enumerate(_elements(raw), 1)]
    if raw.count(b"\n") > 2 * MAX_EVENTS:
        raise BodyTooLarge(f"the body holds more than {MAX_EVENTS} lines")
    lines = ((number, line.strip(b"\r")) for number, line in enumerate(raw.split(b"\n"), 1))
    return _bounded([read(line, f"line {number}") for number, line in lines if line.strip()])


def gunzip(packed: bytes, max_bytes: int) -> bytes:
    """Unpack one or more gzip members, at most `max_bytes` of content.

    Raises:
        BodyTooLarge: it would be more.
        BodyUnreadable: it is not gzip, or is torn off.
    """
    parts: list[bytes] = []
    size = 0
    for _ in range(MAX_MEMBERS):
        member = zlib.decompressobj(31)
        try:
            parts.append(member.decompress(packed, max_bytes - size + 1))
        except zlib.error:
            raise BodyUnreadable("the body is not gzip as Content-Encoding says") from None
        size += len(parts[-1])
        if size > max_bytes:
            raise BodyTooLarge(f"unpacked the body has more than {max_bytes} bytes")
        if not member.eof:
            raise BodyUnreadable("the gzip body is torn off")
        packed = member.unused_data
        if not packed:
            return b"".join(parts)
    raise BodyUnreadable(f"the gzip body has more than {MAX_MEMBERS} members")


def _bounded(events: list[Event]) -> list[Event]:
    if len(events) > MAX_EVENTS:
        raise BodyTooLarge(f"the body holds more than {MAX_EVENTS} events")
    return events


def _elements(raw: bytes) -> list[bytes]:
    """The elements of an array; where it is damaged, those that stand whole, and the rest as the last."""
    if raw.count(b",") <= MAX_COMMAS:
        try:
            found = [bytes(one) for one in _array.decode(raw)]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found = []
        if found:
            return _few(found)
    return _few(list(_told_apart(raw)))


def _few(found: list[bytes]) -> list[bytes]:
    if len(found) > MAX_EVENTS:
        raise BodyTooLarge(f"the body holds more than {MAX_EVENTS} events")
    return found


def _told_apart(raw: bytes) -> Iterator[bytes]:
    """The elements of an array by brackets and commas outside strings, until there are too many; behind a torn string the rest."""
    opening = raw.find(b"[")
    if opening < 0 or raw[:opening].strip():
        raise BodyUnreadable("the body is no JSON array; send NDJSON as application/x-ndjson")
    start, depth, count = opening + 1, 0, 0
    for number, token in enumerate(TOKEN.finditer(raw, start)):
        what, at = token[0], token.end()
        depth += (what in OPEN) - (what in CLOSED)
        if what == b'"' or depth < 0 or count > MAX_EVENTS or number > MAX_TOKENS:
            break
        if depth == 0 and (what == b"," or what in CLOSED):
            if piece := raw[start : at - (what == b",")].strip():
                count += 1
                yield piece
            start = at
    last = raw[start:].lstrip()
    if depth < 0:
        last = last.rstrip().removesuffix(b"]").strip()
    if last:
        yield last
