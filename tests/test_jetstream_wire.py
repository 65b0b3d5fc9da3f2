"""Frames of both wires: what they tell, and what a hostile one cannot do."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.benchmarks.jetstream import frames_of, measure
from pipeline.codec import decode_erasure, decode_post, encode
from pipeline.posts import Erasure, Post, Rejected
from pipeline.sources.jetstream_wire import MAX_EVENT, Heard, Wire, hear
from tests.fakes_jetstream import Synthetic

DID = "did:plc:eygmaihciaxprqvxpfvl6flk"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOW_US = int(NOW.timestamp()) * 10**6
URI = f"at://{DID}/app.bsky.feed.post/3l3qo2vuowo2b"
COMMIT: dict[str, Any] = {
    "rev": "3l3qo2vutsw2b",
    "operation": "create",
    "collection": "app.bsky.feed.post",
    "rkey": "3l3qo2vuowo2b",
    "cid": "bafyrei",
    "record": {"$type": "app.bsky.feed.post", "text": "hello", "createdAt": "2026-11-20T11:59:59.5Z", "langs": ["en"]},
}
WIRES: tuple[Wire, ...] = ("v1", "v2")


def frame(wire: Wire, kind: str, body: dict[str, Any], **own: Any) -> bytes:
    """An event as the wire frames it."""
    if wire == "v1":
        return json.dumps({"did": DID, "time_us": NOW_US, "kind": kind, kind: body} | own).encode()
    rest = body if kind == "commit" else {kind: body}
    payload = {"$type": f"network.bsky.jetstream.subscribeEvents#{kind}", "did": DID, "seq": 42}
    payload |= {"time": "2026-11-20T12:00:00.000000Z"} | rest | own
    return json.dumps({"$type": "message", "payload": payload}).encode()


def told(wire: Wire, raw: bytes) -> Heard:
    return hear(wire, raw, "sky", NOW_US)


def without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


@pytest.fixture(params=WIRES)
def wire(request: pytest.FixtureRequest) -> Wire:
    found: Wire = request.param
    return found


def test_a_post_is_read_alike_from_both_wires() -> None:
    posts = {wire: told(wire, frame(wire, "commit", COMMIT)).event for wire in WIRES}
    one, two = posts["v1"], posts["v2"]
    assert isinstance(one, Post)
    assert isinstance(two, Post)
    assert one.native_id == two.native_id == URI
    own = {"raw_sha256", "cursor_at_read"}
    assert without(json.loads(encode(one)), *own) == without(json.loads(encode(two)), *own)
    assert (one.cursor_at_read, two.cursor_at_read) == (str(NOW_US), "42")


def test_what_is_kept_of_where_a_post_came_from(wire: Wire) -> None:
    raw = frame(wire, "commit", COMMIT)
    post = told(wire, raw).event
    assert isinstance(post, Post)
    assert (post.platform, post.source_id, post.transport) == ("bluesky", "sky", "live")
    assert (post.version, post.author_id, post.observed_at) == ("bafyrei", DID, NOW)
    assert post.raw_sha256 == sha256(raw).hexdigest()


def test_the_time_of_a_frame_on_v2_is_when_the_host_saw_it_and_not_what_it_shows() -> None:
    raw = frame("v2", "commit", COMMIT, witnessedAt="2026-11-20T11:00:00.000001Z", time="2022-01-01T00:00:00Z")
    assert told("v2", raw).time_us == NOW_US - 3_600_000_000 + 1


def test_a_deleted_post_is_an_erasure_of_its_id(wire: Wire) -> None:
    gone = without(COMMIT, "cid", "record") | {"operation": "delete"}
    assert told(wire, frame(wire, "commit", gone)).event == Erasure(platform="bluesky", erased_at=NOW, native_id=URI)


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        ("deleted", "account_deleted"),
        ("deactivated", "account_deleted"),
        ("takendown", "taken_down"),
        ("suspended", "taken_down"),
        (None, "account_deleted"),
        ("something new", "account_deleted"),
        ("desynchronized", None),
        ("throttled", None),
    ],
)
def test_an_account_that_may_not_be_shown_is_erased(wire: Wire, status: str | None, cause: str | None) -> None:
    found = told(wire, frame(wire, "account", {"active": False, "did": DID, "status": status})).event
    assert (found.cause if isinstance(found, Erasure) else None) == cause
    assert not isinstance(found, Erasure) or (found.author_id, found.native_id) == (DID, None)


def test_an_active_account_and_a_change_of_handle_move_the_cursor_and_say_nothing(wire: Wire) -> None:
    for kind, body in (("account", {"active": True}), ("identity", {"did": DID, "handle": "a_example"})):
        heard = told(wire, frame(wire, kind, body))
        assert (heard.event, heard.time_us) == (None, NOW_US)


def test_a_broken_history_erases_what_was_read_before_it() -> None:
    found = told("v2", frame("v2", "sync", {"did": DID, "rev": "3l3qo2vutsw2b", "blocks": "AAAA"})).event
    assert found == Erasure(platform="bluesky", erased_at=NOW, author_id=DID)


def test_another_collection_is_none_of_our_business(wire: Wire) -> None:
    for operation in ("create", "delete"):
        body = COMMIT | {"collection": "app.bsky.feed.like", "operation": operation}
        assert told(wire, frame(wire, "commit", body)).event is None


def test_notices_and_last_words_are_told_by_name() -> None:
    info = (
        b'{"$type":"message","payload":{"$type":"network.bsky.jetstream.subscribeEvents#info","name":"OutdatedCursor"}}'
    )
    assert told("v2", info) == Heard(notice="OutdatedCursor")
    assert told("v2", b'{"$type":"error","error":"ConsumerTooSlow"}') == Heard(error="ConsumerTooSlow")
    assert told("v2", b'{"$type":"error"}') == Heard(error="unnamed")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"[]", "wrong_type"),
        (b'{"did":1}', "wrong_type"),
        (b"[" * 100_000, "wrong_type"),
        (b'{"x":' * 100_000, "too_deep"),
        (b'{"did":"\xff"}', "bad_text"),
        (b" " * (MAX_EVENT + 1), "too_large"),
    ],
)
def test_a_frame_that_cannot_be_read_is_rejected_whole(wire: Wire, raw: bytes, reason: str) -> None:
    found = told(wire, raw).event
    assert isinstance(found, Rejected)
    assert (found.raw, found.reason) in ((raw, reason), (raw, "missing_field"))


@pytest.mark.parametrize("time_us", [0, -1, 1, 2**63 - 1, 2**63, 10**40, NOW_US + 90_000_000_000])
def test_a_time_that_cannot_be_never_moves_the_cursor(time_us: int) -> None:
    heard = told("v1", frame("v1", "commit", COMMIT, time_us=time_us))
    assert isinstance(heard.event, Rejected)
    assert heard.time_us is None


@pytest.mark.parametrize("seq", [-1, 2**63, 10**15, None, "7", 1.5])
def test_a_number_that_cannot_be_never_moves_the_cursor(seq: Any) -> None:
    heard = told("v2", frame("v2", "commit", COMMIT, seq=seq))
    assert isinstance(heard.event, Rejected)
    assert heard.seq is None


@pytest.mark.parametrize(
    "own",
    [{"rkey": "a/b"}, {"rkey": ""}, {"rkey": "x" * 600}, {"rkey": "a\n"}, {"rkey": 5}, {"rev": None}, {"record": [1]}],
)
def test_a_commit_without_a_key_that_can_be_one_is_rejected(wire: Wire, own: dict[str, Any]) -> None:
    assert isinstance(told(wire, frame(wire, "commit", COMMIT | own)).event, Rejected)


@pytest.mark.parametrize("did", ["", "plc:x", "did:plc:a/app.bsky.feed.post/b", "did:plc:" + "x" * 300, "did:plc:x\n"])
def test_whoever_is_no_did_is_rejected(wire: Wire, did: str) -> None:
    for kind, body in (
        ("commit", COMMIT),
        ("account", {"active": False}),
        ("commit", COMMIT | {"operation": "delete"}),
    ):
        assert isinstance(told(wire, frame(wire, kind, body, did=did)).event, Rejected)


def test_the_frames_that_are_measured_are_those_of_the_wire(wire: Wire) -> None:
    heard = [hear(wire, raw, "sky", NOW_US) for raw in frames_of(wire, 300)]
    assert not [one.event for one in heard if isinstance(one.event, Rejected)]
    kinds = Counter(type(one.event).__name__ for one in heard)
    assert kinds["Post"] > 200
    assert kinds["Erasure"] > 20
    assert measure(wire, 300, 1)["events_per_cpu_s"] > 0


def test_synthetic_events_are_those_of_their_seed_and_jittered_as_recorded() -> None:
    start = NOW - timedelta(seconds=5)
    events = Synthetic(3000, seed=4, start=start)
    assert list(events) == list(Synthetic(3000, seed=4, start=start))
    assert events[7] != Synthetic(3000, seed=5, start=start)[7]
    shown = [json.loads(one.v1())["time_us"] - one.time_us for one in events]
    assert (min(shown) < -6000, max(shown) > 8000, min(shown) >= -6500, max(shown) <= 8900) == (True,) * 4
    heard = [told("v2", one.v2(number)).event for number, one in enumerate(events)]
    assert not [one for one in heard if isinstance(one, Rejected)]
    assert {one.native_id for one in heard if isinstance(one, Erasure)} & {
        one.native_id for one in heard if isinstance(one, Post)
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS = ("text", "createdAt", "langs", "facets", "tags", "embed", "reply", "labels", "via", "$type")
RECORDS = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), JSON, max_size=9)


def passes_on(event: object) -> None:
    """What a connector gives can be written to its topic and read from there."""
    if isinstance(event, Post):
        again = decode_post(encode(event), NOW)
        assert isinstance(again, Post), again
        assert again.native_id == event.native_id
    elif isinstance(event, Erasure):
        assert decode_erasure(encode(event)) == event


@settings(deadline=None)
@given(st.sampled_from(WIRES), st.binary(max_size=300))
def test_no_bytes_raise(wire: Wire, raw: bytes) -> None:
    found = told(wire, raw).event
    assert isinstance(found, Rejected)
    assert found.raw == raw


@settings(deadline=None)
@given(st.sampled_from(WIRES), RECORDS)
def test_no_record_raises_and_what_comes_of_it_can_be_passed_on(wire: Wire, record: dict[str, Any]) -> None:
    raw = frame(wire, "commit", COMMIT | {"record": {"text": "hello"} | record})
    event = told(wire, raw).event
    assert isinstance(event, Post | Rejected)
    passes_on(event)


@settings(deadline=None)
@given(st.sampled_from(WIRES), st.sampled_from(("commit", "account", "identity", "sync", "info", "x")), JSON)
def test_no_body_raises(wire: Wire, kind: str, body: Any) -> None:
    passes_on(told(wire, frame(wire, kind, body if isinstance(body, dict) else {"x": body})).event)


@settings(deadline=None)
@given(st.integers(0, 2000), st.sampled_from(WIRES), st.data())
def test_a_frame_cut_or_changed_anywhere_is_read_or_rejected_and_never_raises(
    index: int, wire: Wire, data: st.DataObject
) -> None:
    one = Synthetic(2001, start=NOW - timedelta(seconds=3))[index]
    whole = one.v1() if wire == "v1" else one.v2(index)
    at = data.draw(st.integers(0, len(whole) - 1))
    for raw in (whole[:at], whole[:at] + data.draw(st.binary(min_size=1, max_size=3)) + whole[at + 1 :]):
        event = told(wire, raw).event
        assert not isinstance(event, Rejected) or event.raw == raw
        passes_on(event)
