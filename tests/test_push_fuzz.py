"""Whatever is handed in, on a line or in an array: each line is an event, bytes whole, and no neighbour is lost."""

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline.codec import MAX_LINE, MAX_TEXT, decode_erasure, decode_post, encode
from pipeline.posts import Erasure, Post, Rejected
from pipeline.sources.bodies import Body, BodyTooLarge, BodyUnreadable, read_events
from pipeline.sources.connector import Event
from pipeline.sources.events import read_event
from pipeline.sources.nesting import is_too_deep
from pipeline.sources.pushed import Pushed
from pipeline.sources.stamping import Stamp
from tests.fakes import NOW, post
from tests.fakes_push import NDJSON, SOURCE, line

LIMIT = 16 << 20
GOOD = [line(n) for n in range(4)]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
FIELDS = ["platform", "native_id", "text", "created_at", "erase", "terms", "media", "hashtags", "counts", "extra"]
ODD = st.dictionaries(st.sampled_from(FIELDS), JSON).map(lambda odd: {**json.loads(GOOD[0]), **odd})
FUZZ = hypothesis_settings(deadline=None, max_examples=50)
BAD = st.one_of(
    st.binary(max_size=60),
    st.integers(0, len(GOOD[0])).map(lambda cut: GOOD[0][:cut]),
    st.integers(0, len(GOOD[0])).map(lambda at: GOOD[0][:at] + b"\0\xc3" + GOOD[0][at:]),
    ODD.map(lambda odd: json.dumps(odd, allow_nan=True).encode()),
    JSON.map(lambda value: json.dumps({"erase": value}).encode()),
).map(lambda raw: raw.replace(b"\n", b""))


def ids(events: list[Event]) -> list[str]:
    return [event.native_id for event in events if isinstance(event, Post)]


def sent(events: list[Event]) -> tuple[list[Post], list[Erasure], list[bytes]]:
    """What goes to the broker, read back."""
    stamp = Stamp(Pushed(SOURCE))
    ready = [stamp(event, NOW) for event in events]
    on = {sort: [one.value for one in ready if one.sort == sort] for sort in ("post", "erasure", "rejected")}
    posts = [found for raw in on["post"] if isinstance(found := decode_post(raw), Post)]
    return posts, [decode_erasure(raw) for raw in on["erasure"]], on["rejected"]


def check_sent(events: list[Event]) -> None:
    posts, erasures, rejected = sent(events)
    assert len(posts) + len(erasures) + len(rejected) == len(events)
    assert rejected == [event.raw for event in events if isinstance(event, Rejected)]


@FUZZ
@given(st.lists(BAD, min_size=1, max_size=4))
def test_bad_lines_leave_their_neighbours_alone_and_all_can_be_sent(bad: list[bytes]) -> None:
    pairs = list(zip(GOOD, bad, strict=False))
    body = b"\n".join(one for pair in pairs for one in pair)
    events = read_events(Body(body, NDJSON), LIMIT, SOURCE.read)
    assert len(events) == len(pairs) + sum(bool(one.strip()) for _, one in pairs)
    assert [one for one in ids(events) if one in {f"n-{n}" for n in range(4)}][: len(pairs)]
    assert {f"n-{n}" for n in range(len(pairs))} <= set(ids(events))
    check_sent(events)


@FUZZ
@given(st.lists(BAD, max_size=4))
def test_an_array_with_bad_elements_is_never_an_exception_and_begins_whole(bad: list[bytes]) -> None:
    body = b"[" + b",".join([GOOD[0], *bad, GOOD[1]]) + b"]"
    events = read_events(Body(body, "application/json"), LIMIT, SOURCE.read)
    assert ids(events)[0] == "n-0"
    check_sent(events)


@FUZZ
@given(ODD)
def test_an_array_of_whole_elements_loses_none_whatever_their_types(odd: dict[str, Any]) -> None:
    body = json.dumps([json.loads(GOOD[1]), odd, 7, "[{", json.loads(GOOD[2])], allow_nan=True).encode()
    events = read_events(Body(body, "application/json"), LIMIT, SOURCE.read)
    assert len(events) == 5
    assert {"n-1", "n-2"} <= set(ids(events))


@FUZZ
@given(st.integers(0, 400))
def test_an_array_that_is_torn_gives_all_that_stands_whole_and_the_rest_as_it_came(cut: int) -> None:
    whole = b"[" + b", ".join(GOOD) + b"]"
    cut = min(cut, len(whole) - 1)
    try:
        events = read_events(Body(whole[:cut], "application/json"), LIMIT, SOURCE.read)
    except BodyUnreadable:
        assert cut == 0
        return
    ends = [len(b", ".join(GOOD[:n])) + 1 for n in range(1, 5)]
    assert ids(events) == [f"n-{n}" for n, end in enumerate(ends) if end <= cut]
    rest = b"".join(event.raw for event in events if isinstance(event, Rejected))
    assert whole[:cut].endswith(rest)


@FUZZ
@given(st.binary(max_size=200), st.sampled_from([NDJSON, "application/json"]), st.booleans())
def test_any_body_at_all_is_events_or_said_to_be_unreadable(raw: bytes, content_type: str, gzipped: bool) -> None:
    try:
        events = read_events(Body(raw, content_type, gzipped), LIMIT, SOURCE.read)
    except (BodyUnreadable, BodyTooLarge) as error:
        assert "\n" not in str(error)
        return
    check_sent(events)


@FUZZ
@given(st.binary(max_size=80).filter(lambda raw: b"\n" not in raw))
def test_a_rejected_line_keeps_its_bytes_and_says_where_it_stood(raw: bytes) -> None:
    event = read_event(raw, "line 7")
    if isinstance(event, Rejected):
        assert (event.raw, event.detail[:8]) == (raw, "line 7: ")


def deep(levels: int) -> bytes:
    return GOOD[0][:-1] + b',"extra":{"a":' + b"[" * levels + b"]" * levels + b"}}"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (line(1, text="x" * (10 << 20)), "too_large"),
        (deep(1000), "too_deep"),
        (deep(300), "too_deep"),
        (line(1).replace(b"good", b"\xc3"), "bad_text"),
        (line(1).replace(b'"good morning"', b"7"), "wrong_type"),
        (line(1).replace(b"2026", b"2126"), "bad_time"),
        (b'{"erase": {"platform": "push", "native_id": "1", "cause": "because"}}', "wrong_type"),
        (b'{"erase": {"platform": "push", "native_id": 1}}', "wrong_type"),
        (b'{"erase": {"native_id": "1"}}', "missing_field"),
        (b'{"erase": {"platform": "push"}}', "missing_field"),
        (b'{"erase": {"platform": "push", "native_id": "1", "erased_at": "1999-01-01T00:00:00Z"}}', "bad_time"),
        (b'{"erase": {"platform": "push", "native_id": "1"}, "platform": "push"}', "wrong_type"),
        (b'{"erase": 7}', "wrong_type"),
    ],
)
def test_what_cannot_be_is_rejected_with_a_reason(raw: bytes, reason: str) -> None:
    event = read_event(raw, "line 1", NOW)
    assert isinstance(event, Rejected)
    assert (event.reason, event.raw) == (reason, raw)
    assert "because" not in event.detail


@pytest.mark.parametrize("levels", [100, 190])
def test_what_is_nested_less_deeply_can_be_sent(levels: int) -> None:
    event = read_event(deep(levels), "line 1", NOW)
    assert isinstance(event, Post)
    assert encode(event)


def test_brackets_in_a_text_are_no_depth() -> None:
    assert not is_too_deep(line(1, text="[" * 5000 + '"' + "{" * 5000))
    assert isinstance(read_event(line(1, text="[{" * 5000), "line 1", NOW), Post)


def test_a_text_of_megabytes_is_cut_and_marked_and_numbers_of_64_bits_stay() -> None:
    raw = encode(post(1, text="y" * 1_000_000, extra={"id": 2**64 - 1}, hashtags=("#a",) * 100_000))
    event = read_event(raw, "line 1", NOW)
    assert isinstance(event, Post)
    assert (len(event.text), event.truncated, event.extra) == (MAX_TEXT, True, {"id": 2**64 - 1})


@pytest.mark.parametrize(
    "raw",
    [
        b"[" + b'"\\"' * 500_000,
        b"[" + b"[" * 1_500_000,
        b'["' + b"\\" * 2_000_000,
        b"[" + b"{}" * 1_000_000,
        b"[" + b',"' * 1_000_000,
    ],
    ids=["escaped quotes", "brackets", "backslashes", "no commas", "torn strings"],
)
def test_a_hostile_array_takes_no_long_time(raw: bytes) -> None:
    started = time.monotonic()
    with suppress(BodyTooLarge):
        check_sent(read_events(Body(raw, "application/json"), LIMIT, SOURCE.read))
    assert time.monotonic() - started < 20  # quadratic, it would take hours


def test_what_a_body_may_hold_fits_in_a_record() -> None:
    assert LIMIT > MAX_LINE
    [event] = read_events(Body(b"x" * LIMIT, NDJSON), LIMIT, SOURCE.read)
    letter = Stamp(Pushed(SOURCE))(event, NOW)
    assert (letter.sort, len(letter.value)) == ("rejected", LIMIT)
    assert dict(letter.headers)["whence"] == b"forum"
    assert dict(letter.headers)["detail"].startswith(b"line 1: ")
