"""What a host of Jetstream is like, and what it answers before the upgrade to a websocket."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

V1, V2 = "/subscribe", "/xrpc/network.bsky.jetstream.subscribeEvents"
SEQS = 10**15
_NAMES = {V1: {"wantedCollections", "cursor"}, V2: {"collections", "kinds", "cursor"}}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the host is: event i has the number `first_seq + i` and is seen `shift_us` later than elsewhere; those before
    `floor` are gone. What it does wrong: it cuts the line after every `cut_every`-th event (once at each place: half of them
    torn off, half closed), falls silent before event `stall_at`, sends `inserted[i]` before event i, drops a reader that has
    taken nothing for `slow_s`, closes the line after the last event if it `ends`, and answers every request with `refusal`
    (status, body, headers). It waits `pace_s` before each event.
    """

    first_seq: int = 1
    shift_us: int = 0
    floor: int = 0
    cut_every: int = 0
    stall_at: int | None = None
    slow_s: float | None = None
    pace_s: float = 0.0
    ends: bool = False
    inserted: Mapping[int, Sequence[bytes]] = field(default_factory=dict)
    refusal: tuple[int, bytes, Mapping[str, str]] | None = None


WELL = Behaviour()


def answer(request: Request, behaviour: Behaviour) -> Response | None:
    """Refuse what the host refuses; nothing if the line is to be opened."""
    if behaviour.refusal:
        return _response(*behaviour.refusal)
    path, query = urlsplit(request.path).path, query_of(request)
    if path not in _NAMES:
        return _response(404, b"not found", {})
    if path == V1:
        return None
    if not query.keys() <= _NAMES[path]:
        return _response(400, as_json(error="InvalidRequest", message="unknown parameter"), {})
    floor = behaviour.first_seq + behaviour.floor
    if "cursor" in query and (cursor := int(query["cursor"][0])) < min(floor, SEQS):
        message = f"cursor {cursor} below lookback floor {floor}"
        return _response(400, as_json(error="CursorTooOld", message=message), {})
    return None


def query_of(request: Request) -> dict[str, list[str]]:
    """A request's parameters, each with all its values."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(urlsplit(request.path).query):
        found.setdefault(name, []).append(value)
    return found


def as_json(**fields: str) -> bytes:
    """An object of JSON."""
    return json.dumps(fields).encode()


def _response(status: int, body: bytes, headers: Mapping[str, str]) -> Response:
    fields = Headers({"Content-Length": str(len(body)), "Connection": "close"} | dict(headers))
    return Response(status, HTTPStatus(status).phrase, fields, body)
