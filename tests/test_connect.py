"""Records of Kafka Connect's sources: whichever converter wrote them, a post, an erasure, or a rejected record comes out."""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline.codec import encode
from pipeline.errors import ConfigurationError
from pipeline.posts import Erasure, Post, Rejected
from pipeline.sources.connect import ConnectTopic, Offsets
from pipeline.sources.connect_mapping import mapping
from pipeline.sources.connect_records import ConnectRecord, read_record
from pipeline.sources.connector import Connector, Cursor, Event, SourceAway, SourceRefused, Step

WRITTEN_MS = 1_795_521_600_000
FIELDS = {
    "native_id": "id",
    "text": "status.content",
    "author_id": "account.id",
    "created_at": "created",
    "hashtags": "tags.name",
    "counts.likes": "favourites",
}
TOOTS = mapping("mastodon", FIELDS)
KEYED = mapping("mastodon", {"text": "text"})
VALUE: dict[str, Any] = {
    "id": 115_432_109_876_543_210,
    "status": {"content": "good morning", "note": 7},
    "account": {"id": "42"},
    "created": "2026-11-24T12:00:00Z",
    "tags": [{"name": "harbour"}, {"name": "ship", "url": "https://example.org"}, {}],
    "favourites": 3,
    "language": "en",
}


def record(value: Any, key: bytes | None = b"k-1", offset: int = 7) -> ConnectRecord:
    raw = value if isinstance(value, bytes | None) else json.dumps(value).encode()
    return ConnectRecord("toots", 2, offset, WRITTEN_MS, key, raw)


def post_of(value: Any, how: Any = TOOTS, key: bytes | None = b"k-1") -> Post:
    event = read_record(record(value, key), how, "toots-source")
    assert isinstance(event, Post), event
    return event


def refused(value: Any, how: Any = TOOTS, key: bytes | None = b"k-1") -> Rejected:
    event = read_record(record(value, key), how, "toots-source")
    assert isinstance(event, Rejected), event
    assert event.detail.startswith("record toots/2/7: ")
    return event


def enveloped(payload: Any) -> dict[str, Any]:
    return {"schema": {"type": "struct", "fields": [], "optional": True}, "payload": payload}


def test_a_record_without_schema_becomes_a_post_by_the_mapping() -> None:
    post = post_of(VALUE)
    assert (post.platform, post.native_id, post.text) == ("mastodon", "115432109876543210", "good morning")
    assert (post.author_id, post.hashtags, post.counts) == ("42", ("harbour", "ship"), {"likes": 3})
    assert post.created_at == datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_what_the_mapping_does_not_name_stays_under_extra() -> None:
    tags = VALUE["tags"]
    assert post_of(VALUE).extra == {"status": {"note": 7}, "language": "en", "tags": tags}


def test_a_post_says_where_it_came_from() -> None:
    post = post_of(VALUE)
    assert (post.source_id, post.transport, post.parser_version, post.raw_ref) == (
        "toots-source",
        "live",
        "connect-1",
        "toots/2/7",
    )
    assert post.raw_sha256 == hashlib.sha256(json.dumps(VALUE).encode()).hexdigest()
    assert post.observed_at == datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_the_envelope_with_a_schema_is_opened() -> None:
    assert post_of(enveloped(VALUE)).text == post_of(VALUE).text


SEEN = [
    b'{"schema":{"type":"struct","fields":[{"type":"int64","optional":false,"field":"id"},{"type":"string","optional":false,'
    b'"field":"text"},{"type":"int64","optional":false,"name":"org.apache.kafka.connect.data.Timestamp","version":1,"field":'
    b'"created"}],"optional":false,"name":"toot"},"payload":{"id":9007199254740993,"text":"bonjour \xe2\x9b\xb5","created":'
    b"1795521600000}}",
    b'{"id":9007199254740993,"text":"bonjour \xe2\x9b\xb5","created":1795521600000}',
]
"""What JsonConverter 4.3.1 wrote of a struct with a 64-bit id and a Timestamp, with schemas and without."""


@pytest.mark.parametrize("value", SEEN)
def test_what_connects_own_converter_wrote_is_read_exactly(value: bytes) -> None:
    post = post_of(value, mapping("mastodon", {"native_id": "id", "text": "text", "created_at": "created"}))
    assert (post.native_id, post.text, post.extra) == ("9007199254740993", "bonjour ⛵", {})
    assert post.created_at == datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_without_a_mapped_id_the_key_is_the_id_and_without_a_mapped_time_the_records() -> None:
    post = post_of({"text": "hello", "id": 1}, KEYED, "ключ".encode())
    assert (post.native_id, post.created_at, post.extra) == ("ключ", datetime(2026, 11, 24, 12, tzinfo=UTC), {"id": 1})


@pytest.mark.parametrize(
    ("key", "path", "native_id"),
    [
        (b"k-1", None, "k-1"),
        (b'"k-1"', "", "k-1"),
        (b"17", "", "17"),
        (b'{"id": 9007199254740993}', "id", "9007199254740993"),
        (b'{"schema":{"type":"string","optional":false},"payload":"k-1"}', "", "k-1"),
        (b'{"schema": null, "payload": {"a": {"b": "k-1"}}}', "a.b", "k-1"),
    ],
)
def test_a_tombstone_erases_what_its_key_names(key: bytes, path: str | None, native_id: str) -> None:
    how = mapping("mastodon", FIELDS, path)
    for value in (None, b"null", json.dumps(enveloped(None)).encode()):
        event = read_record(record(value, key), how, "s")
        assert event == Erasure(
            platform="mastodon", native_id=native_id, erased_at=datetime(2026, 11, 24, 12, tzinfo=UTC)
        )


@pytest.mark.parametrize(
    ("key", "path", "reason"),
    [
        (None, None, "missing_field"),
        (b"", None, "missing_field"),
        (b"\xff", None, "bad_text"),
        (b"k-1", "", "not_json"),
        (b'{"id": null}', "id", "wrong_type"),
        (b'{"other": 1}', "id", "wrong_type"),
        (b"true", "", "wrong_type"),
        (b"x" * 1025, None, "wrong_type"),
    ],
)
def test_a_tombstone_that_names_nothing_is_rejected(key: bytes | None, path: str | None, reason: str) -> None:
    assert refused(None, mapping("mastodon", FIELDS, path), key).reason == reason


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-24T12:00:00Z",
        "2026-11-24T13:00:00+01:00",
        1_795_521_600,
        1_795_521_600_000,
        1_795_521_600_000_000,
        "1795521600000",
        1_795_521_600.0,
    ],
)
def test_a_time_is_read_in_each_of_its_forms(written: Any) -> None:
    assert post_of({**VALUE, "created": written}).created_at == datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"created": "2026-11-24T12:00:00"}, "bad_time"),
        ({"created": "yesterday"}, "bad_time"),
        ({"created": "2126-11-24T12:00:00Z"}, "bad_time"),
        ({"created": None}, "missing_field"),
        ({"created": True}, "bad_time"),
        ({"status": {"content": " \0"}}, "empty_text"),
        ({"status": {"content": ["a"]}}, "wrong_type"),
        ({"status": "flat"}, "missing_field"),
        ({"id": None}, "missing_field"),
        ({"id": 1.5}, "wrong_type"),
        ({"id": True}, "wrong_type"),
        ({"favourites": "many"}, "wrong_type"),
    ],
)
def test_a_field_of_another_form_rejects_the_record_whole(change: dict[str, Any], reason: str) -> None:
    value = {**VALUE, **change}
    found = refused(value)
    assert (found.reason in {reason, "wrong_type"}, found.raw) == (True, json.dumps(value).encode())


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b'{"id": "1", "status"', "not_json"),
        (b'{"id": "\xff"}', "bad_text"),
        (b'{"id": "\\ud83d here"}', "bad_text"),
        (b"[1]", "wrong_type"),
        (b'"text"', "wrong_type"),
        (b"\0", "not_json"),
        (b"", "not_json"),
        (b'{"status": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep"),
        (b'{"text": "' + b"x" * (9 << 20) + b'"}', "too_large"),
    ],
)
def test_a_damaged_record_is_rejected_with_its_bytes(value: bytes, reason: str) -> None:
    found = refused(value)
    assert (found.reason, found.raw) == (reason, value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcid"), inner, max_size=4),
    max_leaves=6,
)
FUZZED = mapping(
    "push", {"native_id": "id", "text": "a.b", "hashtags": "a.c", "created_at": "d", "counts.n": "c"}, "id"
)


@hypothesis_settings(deadline=None, max_examples=60)
@given(st.none() | st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()), st.binary(max_size=20))
def test_whatever_a_record_holds_it_is_an_event_that_can_be_sent(value: bytes | None, key: bytes) -> None:
    for how in (FUZZED, KEYED):
        event = read_record(record(value, key), how, "s")
        if isinstance(event, Rejected):
            assert event.raw == (value or b"")
        else:
            assert encode(event)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"text": "a", "hashtag": "b"}, "did you mean hashtags?"),
        ({"text": "a", "platform": "b"}, "no field of a post that can be mapped"),
        ({"text": "a..b"}, "is no path"),
        ({"text": ""}, "is no path"),
        ({"native_id": "id"}, "say where the text stands"),
        ({"text": "a", "counts.": "b"}, "name the count"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_in_a_line(fields: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said.replace("?", r"\?")):
        mapping("mastodon", fields)


@dataclass
class Held:
    """A topic in memory. A batch may be an error."""

    held: dict[int, tuple[int, int]]
    script: Sequence[Sequence[ConnectRecord] | Exception] = ()
    asked: list[Offsets] = field(default_factory=list)

    async def spans(self) -> Mapping[int, tuple[int, int]]:
        return self.held

    async def batches(self, starts: Offsets) -> AsyncIterator[tuple[Sequence[ConnectRecord], Offsets]]:
        self.asked.append(starts)
        behind = dict(starts)
        for one in self.script:
            if isinstance(one, Exception):
                raise one
            behind |= {each.partition: each.offset + 1 for each in one}
            yield one, behind


def source_of(topic: Held) -> Connector:
    @asynccontextmanager
    async def opened(name: str) -> AsyncIterator[Held]:
        assert name == "toots"
        yield topic

    return ConnectTopic("toots-source", "toots", TOOTS, opened)


async def read(topic: Held, cursor: Cursor | None = None) -> list[Step]:
    found: list[Step] = []
    with pytest.raises(SourceAway):
        async for step in source_of(topic).steps(cursor):
            found.append(step)  # noqa: PERF401 - what came before the end is looked at
    return found


async def test_the_cursor_holds_the_offset_behind_each_partition() -> None:
    topic = Held({0: (3, 9), 2: (0, 8)}, [[record(VALUE)], [record(None, offset=8)]])
    found = await read(topic)
    assert topic.asked == [{0: 3, 2: 0}]
    assert [step.cursor for step in found] == [{"0": "3", "2": "8"}, {"0": "3", "2": "9"}]
    kinds: list[type[Event]] = [type(event) for step in found for event in step.events]
    assert kinds == [Post, Erasure]


async def test_a_bad_record_does_not_hide_its_neighbours() -> None:
    topic = Held({2: (0, 9)}, [[record(VALUE), record(b"\xff", offset=8), record(VALUE, offset=9)]])
    [step] = await read(topic)
    assert [type(event) for event in step.events] == [Post, Rejected, Post]


async def test_reading_goes_on_at_the_cursor_and_new_partitions_from_their_first() -> None:
    topic = Held({0: (3, 9), 1: (0, 4)})
    await read(topic, {"0": "7"})
    assert topic.asked == [{0: 7, 1: 0}]


@pytest.mark.parametrize("offset", ["2", "10"])
async def test_an_offset_that_is_not_on_the_topic_is_said_and_read_from_the_first(
    offset: str, caplog: pytest.LogCaptureFixture
) -> None:
    topic = Held({0: (3, 9)})
    await read(topic, {"0": offset})
    assert topic.asked == [{0: 3}]
    assert "not on the topic" in caplog.text


async def test_a_broker_that_is_away_is_a_source_that_is_away() -> None:
    topic = Held({2: (0, 9)}, [[record(VALUE)], KafkaConnectionError("host and port")])
    assert len(await read(topic)) == 1


async def test_a_topic_that_is_not_there_and_a_cursor_of_something_else_are_refused() -> None:
    for topic, cursor in ((Held({}), None), (Held({0: (0, 1)}), {"0": "x"})):
        with pytest.raises(SourceRefused, match="source toots-source: "):
            async for _ in source_of(topic).steps(cursor):
                pass
