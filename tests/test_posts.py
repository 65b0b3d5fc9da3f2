"""What travels keeps its shape: an old reader reads what a new writer writes, and a new reader what an old one wrote.

The golden lines are what version 0.1.0 wrote. They are never changed: a field may be added, never renamed or retyped.
"""

import json
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
import pytest

from pipeline.codec import decode_erasure, decode_hit, decode_post, decode_screened, encode
from pipeline.posts import Erasure, Fate, Hit, Position, Post, Screened

POST = (
    b'{"platform":"bluesky","native_id":"at://1","text":"hello","created_at":"2026-11-01T00:00:00Z","version":"2",'
    b'"native_uri":"https://example.org/1","dated_at":"2026-10-01T00:00:00Z","observed_at":"2026-11-01T00:00:01Z",'
    b'"author_id":"did:1","author_handle":"a_example","author_hints":{"display_name":"A"},"text_html":"<p>hello</p>",'
    b'"truncated":true,"lang_hint":["en"],"in_reply_to":"at://0","root":"at://0","repost_of":"at://9","quote_of":"at://8",'
    b'"media":[{"kind":"image","id":"i","url":"https://example.org/i","alt":"a quay","mime":"image/png","seconds":1.5}],'
    b'"geo":{"latitude":1.5,"longitude":2.5,"place":"quay","country":"FR"},"hashtags":["h"],"mentions":["m"],'
    b'"links":["https://example.org"],"container":"c","reply_text":"r","container_name":"n","counts":{"likes":3},"sensitivity":["s"],"visibility":"public",'
    b'"source_id":"s1","ingest_id":"i1","collected_by":"w1","transport":"live","cursor_at_read":"99","raw_sha256":"ab",'
    b'"raw_ref":"r","parser_version":"1","terms":{"retain_until":"2027-01-01T00:00:00Z",'
    b'"recheck_by":"2026-12-01T00:00:00Z","may_link_actor":false,"may_train":true},"extra":{"x":1}}'
)
HIT = (
    b'{"id":"jpdv57hoj2zao5e2wwnsmawk5a","month":"2026.11","index_version":7354456473600000,"document":{"platform":"push",'
    b'"lang":"fr","created_at":"2026-11-24T12:00:00Z","screened_at":"2026-11-24T12:00:00Z","text":"offer",'
    b'"kind":"smuggling","lane":"offers","flagged":true,"level":"alert","scores":{"benign":0.1,"smuggling":0.9},'
    b'"model":"fake-1","version":"1","position":"0/5/0","received_at":"2026-11-24T12:00:00Z","key_id":"k1",'
    b'"author":"p","container":"q","lang_hint":["fr"],"hashtags":["h"],"contacts":["phone:abc"],'
    b'"contact_kinds":["phone"],"in_reply_to":"d","repost_of":"e","media_kinds":["image"],"country":"FR",'
    b'"transport":"live","source_id":"s1","truncated":true,"may_link_actor":false,"context":["reply"]},'
    b'"evidence":{"key_id":"k1","sealed":"gAAA"},"recheck_by":"2026-12-01T00:00:00Z",'
    b'"retain_until":"2027-01-01T00:00:00Z","schema_version":1}'
)
SCREENED = (
    b'{"partition":3,"start":5,"fates":[{"outcomes":"bhrde","hits":{"1":["jpdv57hoj2zao5e2wwnsmawk5a",7354456473600001]}},'
    b'{"outcomes":"b"}],"seen":"yKlA07kK8lI=","model":"fake-1","channels":"gAAA","live":{"rss":5}}'
)
ERASURE = b'{"platform":"rss","erased_at":"2026-11-01T00:00:00Z","native_id":"1","author_id":"a","cause":"taken_down"}'


LATER = datetime(2026, 11, 2, tzinfo=UTC)


def post(raw: bytes) -> Post:
    found = decode_post(raw)
    assert isinstance(found, Post)
    return found


KINDS: dict[str, tuple[bytes, Any]] = {
    "Post": (POST, post),
    "Hit": (HIT, decode_hit),
    "Screened": (SCREENED, decode_screened),
    "Erasure": (ERASURE, partial(decode_erasure, received_at=LATER)),
}


@pytest.fixture(params=KINDS)
def golden(request: pytest.FixtureRequest) -> tuple[bytes, Any]:
    """A golden line and what reads it."""
    return KINDS[request.param]


def test_a_golden_line_is_read_and_written_without_loss(golden: tuple[bytes, Any]) -> None:
    raw, decode = golden
    assert json.loads(encode(decode(raw))) == json.loads(raw)


def test_an_old_reader_passes_over_what_a_new_writer_adds(golden: tuple[bytes, Any]) -> None:
    raw, decode = golden
    assert decode(b'{"added_later":{"deep":[1,{"x":null}]},' + raw[1:]) == decode(raw)


def test_a_golden_line_names_every_field() -> None:
    for kind, raw in {Post: POST, Hit: HIT, Screened: SCREENED, Erasure: ERASURE}.items():
        assert set(kind.__struct_fields__) - set(json.loads(raw)) <= {"schema_version"}
    assert set(Hit.__struct_fields__) == set(json.loads(HIT))


def test_a_new_reader_fills_in_what_an_old_writer_did_not_know() -> None:
    found = post(b'{"platform":"rss","native_id":"1","text":"x","created_at":"2026-11-01T00:00:00Z"}')
    assert (found.version, found.schema_version, found.dated_at, found.media) == ("1", 1, None, ())
    assert found.terms.may_link_actor
    assert not found.terms.may_train


def test_a_hit_without_optional_facts_is_read() -> None:
    fields = json.loads(HIT)
    optional = {f.name for f in msgspec.structs.fields(type(decode_hit(HIT).document)) if not f.required}
    fields["document"] = {key: value for key, value in fields["document"].items() if key not in optional}
    assert decode_hit(json.dumps(fields).encode()).document.contacts == ()


def test_a_fate_without_hits_and_an_erasure_without_cause_are_read() -> None:
    assert decode_screened(SCREENED).fates[1] == Fate(outcomes="b", hits={})
    raw = b'{"platform":"rss","erased_at":"2026-11-01T00:00:00Z","author_id":"a"}'
    assert decode_erasure(raw, LATER).cause == "deleted"


def test_what_travels_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        post(POST).text = "other"  # type: ignore[misc] # that is the point


def test_positions_stand_in_the_order_of_the_broker() -> None:
    assert sorted([Position(1, 0, 0), Position(0, 10, 0), Position(0, 9, 2), Position(0, 9, 1)]) == [
        Position(0, 9, 1),
        Position(0, 9, 2),
        Position(0, 10, 0),
        Position(1, 0, 0),
    ]
