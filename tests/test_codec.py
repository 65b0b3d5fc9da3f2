"""Bytes to values and back: whatever comes in, a value comes out, and nothing of it is said aloud."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.codec import (
    MAX_LINE,
    MAX_LINES,
    MAX_TEXT,
    decode_erasure,
    decode_hit,
    decode_post,
    decode_screened,
    encode,
    lines,
    pack,
)
from pipeline.posts import Erasure, Post, Rejected, Screened
from tests.fakes import NOW

GOOD: dict[str, Any] = {"platform": "rss", "native_id": "1", "text": "hello", "created_at": "2026-11-01T00:00:00Z"}
TEXTS = st.text(st.characters(codec="utf-8"))
KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
erasure_of = partial(decode_erasure, received_at=NOW)
READABLE = TEXTS.filter(lambda text: bool(text.strip(" \t\r\n\0")))
POSTS = st.builds(
    Post,
    platform=KEYS,
    native_id=KEYS,
    text=READABLE,
    version=KEYS,
    created_at=st.datetimes(datetime(2000, 1, 1), datetime(2026, 11, 24), timezones=st.just(UTC)),
    author_handle=st.none() | TEXTS,
    hashtags=st.lists(TEXTS).map(tuple),
    counts=st.dictionaries(TEXTS, st.integers(-(2**63), 2**63 - 1)),
)


def line(**changes: Any) -> bytes:
    """A good line with some fields changed, None taking one out."""
    fields = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    return json.dumps(fields).encode()


def with_raw(field: bytes) -> bytes:
    """A good line with one more field, spelled out."""
    return line()[:-1] + b"," + field + b"}"


def rejected(raw: bytes) -> Rejected:
    """Decode what must be rejected, its bytes whole."""
    found = decode_post(raw, NOW)
    assert isinstance(found, Rejected)
    assert found.raw == raw
    assert found.detail
    return found


BAD = {
    "not JSON": (b"hello", "not_json"),
    "an empty line": (b"", "not_json"),
    "NUL bytes": (bytes(100), "not_json"),
    "a byte-order mark": (b"\xef\xbb\xbf" + line(), "not_json"),
    "UTF-16": (line().decode().encode("utf-16"), "not_json"),
    "two objects": (line() * 2, "not_json"),
    "half an object": (line()[:-10], "not_json"),
    "torn UTF-8": (line(text="TEXT").replace(b"TEXT", b"caf\xc3"), "bad_text"),
    "a surrogate in UTF-8": (line(text="TEXT").replace(b"TEXT", b"\xed\xa0\x80"), "bad_text"),
    "half a surrogate pair": (line(text="\ud800"), "bad_text"),
    "the other half": (line(text="\udc00 later"), "bad_text"),
    "an array": (b"[]", "wrong_type"),
    "a string": (b'"hello"', "wrong_type"),
    "null": (b"null", "wrong_type"),
    "no platform": (line(platform=None), "missing_field"),
    "no id": (line(native_id=None), "missing_field"),
    "no text": (line(text=None), "missing_field"),
    "no time": (line(created_at=None), "missing_field"),
    "an empty id": (line(native_id=""), "wrong_type"),
    "an endless id": (line(native_id="x" * 1025), "wrong_type"),
    "a number for a text": (line(text=7), "wrong_type"),
    "an unknown transport": (line(transport="pigeon"), "wrong_type"),
    "a transport that speaks of time": (line(transport="datetime timezone"), "wrong_type"),
    "a latitude beyond the pole": (line(geo={"latitude": 91}), "wrong_type"),
    "a number of 6000 digits": (with_raw(b'"counts": {"a": ' + b"9" * 6000 + b"}"), "wrong_type"),
    "an infinite number": (with_raw(b'"geo": {"latitude": 1e999}'), "wrong_type"),
    "an empty text": (line(text=""), "empty_text"),
    "white space": (line(text=" \n\t"), "empty_text"),
    "a text of NUL": (line(text="\0\0"), "empty_text"),
    "year 9999": (line(created_at="9999-12-31T23:59:59-14:00"), "bad_time"),
    "year 1": (line(created_at="0001-01-01T00:00:00+14:00"), "bad_time"),
    "1999": (line(created_at="1999-12-31T23:59:59Z"), "bad_time"),
    "a time without a zone": (line(created_at="2026-11-01T00:00:00"), "bad_time"),
    "no time at all": (line(created_at="yesterday"), "bad_time"),
    "a number for a time": (line(created_at=1793836800), "bad_time"),
    "filed in year 9999": (line(dated_at="9999-12-31T23:59:59-14:00"), "bad_time"),
    "filed in year 1": (line(dated_at="0001-01-01T00:00:00Z"), "bad_time"),
    "deep nesting": (with_raw(b'"extra": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "too_deep"),
    "deep nesting in an unknown field": (with_raw(b'"new": ' + b"[" * 100_000 + b"]" * 100_000), "too_deep"),
    "deep nesting and nothing else": (b"[" * 1_000_000, "wrong_type"),
    "more than can be read": (line(text="x" * MAX_LINE), "too_large"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_line_that_is_no_post_is_rejected_with_its_reason_and_its_bytes(name: str) -> None:
    raw, reason = BAD[name]
    assert rejected(raw).reason == reason


@given(st.binary())
def test_no_bytes_make_decoding_raise(raw: bytes) -> None:
    assert rejected(raw).raw == raw


@given(st.dictionaries(st.sampled_from(Post.__struct_fields__) | TEXTS, VALUES, max_size=4))
def test_no_json_makes_decoding_raise(fields: dict[str, Any]) -> None:
    assert isinstance(decode_post(json.dumps({**GOOD, **fields}).encode(), NOW), Post | Rejected)


@given(POSTS)
def test_what_is_encoded_is_decoded(post: Post) -> None:
    assert decode_post(encode(post), NOW) == post


MARKER = "Xq7marker"
FIELDS = [*Post.__struct_fields__, "unknown", MARKER]
SHAPES: list[Any] = [
    MARKER,
    f"{MARKER} - at `$.{MARKER}`",
    f"{MARKER}'\n - at `$.transport` {MARKER}",
    [MARKER],
    [{MARKER: MARKER, "kind": [MARKER]}],
    {MARKER: MARKER},
    {MARKER: {MARKER: [MARKER]}, "latitude": MARKER, "retain_until": MARKER},
]


@pytest.mark.parametrize("shape", SHAPES, ids=range(len(SHAPES)))
@pytest.mark.parametrize("field", FIELDS)
def test_no_content_stands_in_the_detail_of_a_rejection(field: str, shape: Any) -> None:
    found = decode_post(line(**{field: shape}), NOW)
    assert isinstance(found, Post) or MARKER not in found.detail


@given(field=st.sampled_from(FIELDS), before=TEXTS, after=TEXTS, cut=st.integers(0, 200))
def test_no_content_stands_in_the_detail_of_a_torn_line(field: str, before: str, after: str, cut: int) -> None:
    raw = line(**{field: f"{before}{MARKER}{after}"})
    found = decode_post(raw[: max(1, len(raw) - cut)], NOW)
    assert isinstance(found, Post) or MARKER not in found.detail


def test_a_rejection_names_the_field_at_fault() -> None:
    assert "`native_id`" in rejected(line(native_id=None)).detail
    assert "$.geo.latitude" in rejected(line(geo={"latitude": "north"})).detail


def test_a_bad_line_harms_no_neighbour() -> None:
    found = [decode_post(raw, NOW) for raw in lines(pack([line(), b"\xff\x00{", line(native_id="2")]))]
    assert [type(value) for value in found] == [Post, Rejected, Post]


def test_a_text_of_megabytes_is_cut_and_marked() -> None:
    found = decode_post(line(text="ä" * 1_000_000, text_html="<p>"), NOW)
    assert isinstance(found, Post)
    assert (len(found.text), found.truncated, found.text_html) == (MAX_TEXT, True, None)


def test_a_text_of_10_megabytes_is_rejected_whole() -> None:
    assert rejected(line(text="x" * 10_000_000)).reason == "too_large"


def test_a_clock_that_runs_a_day_ahead_is_forgiven() -> None:
    assert isinstance(decode_post(line(created_at=(NOW + timedelta(days=1)).isoformat()), NOW), Post)
    assert rejected(line(created_at=(NOW + timedelta(days=3)).isoformat())).reason == "bad_time"


def test_nul_within_a_text_is_kept() -> None:
    found = decode_post(line(text="a\0b"), NOW)
    assert isinstance(found, Post)
    assert found.text == "a\0b"


@given(st.lists(st.binary().filter(lambda raw: b"\n" not in raw and raw), min_size=1, max_size=50))
def test_packed_lines_come_apart_as_they_were(raws: list[bytes]) -> None:
    assert lines(pack(raws)) == raws
    assert lines(pack(raws) + b"\n") == raws


@given(st.binary())
def test_no_byte_of_a_record_is_lost_between_its_lines(value: bytes) -> None:
    assert pack(lines(value)) in {value, value[:-1]}


def test_an_empty_record_is_one_line() -> None:
    assert lines(b"") == [b""]


def test_a_record_of_endless_lines_has_a_bounded_number() -> None:
    found = lines(b"\n" * 1_000_000)
    assert len(found) == MAX_LINES
    assert isinstance(decode_post(found[-1], NOW), Rejected)


@pytest.mark.parametrize("decode", [decode_hit, decode_screened, erasure_of])
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"\xff",
        b'{"id": "\xc3", "cause": "\xc3", "model": "\xc3", "platform": "\xc3"}',
        b"[" * 100_000,
        b"null",
    ],
)
def test_our_own_topics_raise_one_kind_of_error(decode: Any, raw: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(raw)


@given(st.binary())
def test_no_bytes_make_our_own_topics_raise_another_error(raw: bytes) -> None:
    for decode in (decode_hit, decode_screened, erasure_of):
        with pytest.raises(msgspec.DecodeError):
            decode(raw)


def test_what_was_seen_goes_and_comes_as_bytes() -> None:
    screened = Screened(partition=1, start=7, fates=[], seen=bytes(range(16)), model="m")
    assert decode_screened(encode(screened)) == screened


def test_an_erasure_goes_and_comes() -> None:
    erasure = Erasure(platform="rss", erased_at=NOW, native_id="1", cause="taken_down")
    assert decode_erasure(encode(erasure), NOW) == erasure


def test_an_erasure_is_no_later_than_its_arrival() -> None:
    erasure = Erasure(platform="rss", erased_at=NOW + timedelta(days=400), author_id="a")
    assert decode_erasure(encode(erasure), NOW).erased_at == NOW


def test_an_erasure_of_neither_a_post_nor_an_account_is_none_and_the_error_quotes_nothing() -> None:
    with pytest.raises(msgspec.DecodeError) as caught:
        decode_erasure(b'{"platform":"secret","erased_at":"2026-11-01T00:00:00Z"}', NOW)
    assert "secret" not in str(caught.value)
