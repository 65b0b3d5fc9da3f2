"""Stamping: every post says whence it came, and what cannot be written becomes a letter, never an exception."""

from typing import Any

import msgspec
import pytest

from pipeline.codec import MAX_LINE, MAX_TEXT, decode_erasure, decode_post
from pipeline.posts import Erasure, Post, Rejected
from pipeline.sources.stamping import KEPT_OF_OVERLONG, MAX_RAW, Ready, Stamp
from pipeline.version import VERSION
from tests.fakes import NOW, post
from tests.fakes_sources import Numbered


def stamped(event: Any, *, live: bool = True) -> Ready:
    return Stamp(Numbered(0, name="a-source", live=live))(event, NOW)


def read(ready: Ready) -> Post:
    found = decode_post(ready.value, NOW)
    assert isinstance(found, Post)
    return found


def test_a_post_gets_what_its_connector_left_open() -> None:
    found = read(stamped(post(1)))
    assert (found.source_id, found.transport, found.observed_at) == ("a-source", "live", NOW)
    assert found.parser_version == f"push-{VERSION}"
    assert read(stamped(post(1), live=False)).transport == "replay"


def test_what_its_connector_said_stays() -> None:
    said = {"source_id": "s", "transport": "backfill", "ingest_id": "i", "parser_version": "jetstream-2"}
    found = read(stamped(post(1, **said)))
    assert {name: getattr(found, name) for name in said} == said


def test_no_two_posts_have_the_same_ingest_id() -> None:
    stamps = [Stamp(Numbered(0)), Stamp(Numbered(0))]
    ids = [read(stamp(post(1), NOW)).ingest_id for stamp in stamps for _ in range(50)]
    assert len(set(ids)) == 100


def test_a_long_text_is_cut_and_marked() -> None:
    found = read(stamped(post(1, "x" * (MAX_TEXT + 1), text_html="<p>long</p>")))
    assert (len(found.text), found.truncated, found.text_html) == (MAX_TEXT, True, None)
    assert read(stamped(post(1, "x" * MAX_TEXT))).truncated is False


def test_a_post_has_the_key_of_all_its_versions() -> None:
    assert stamped(post(1)).key == b"push|n-1"


def test_an_erasure_has_the_key_of_its_post_or_of_its_author() -> None:
    of_post = stamped(Erasure(platform="push", erased_at=NOW, native_id="n-1"))
    of_author = stamped(Erasure(platform="push", erased_at=NOW, author_id="a-1", cause="account_deleted"))
    assert (of_post.sort, of_post.key, of_author.key) == ("erasure", b"push|n-1", b"push|author|a-1")
    assert decode_erasure(of_author.value).cause == "account_deleted"


def test_what_was_rejected_keeps_its_bytes_whole_and_says_whence_it_came() -> None:
    ready = stamped(Rejected(raw=b"two\nlines", reason="not_json", detail="line 7"))
    assert (ready.sort, ready.value) == ("rejected", b"two\nlines")
    assert dict(ready.headers) == {
        "reason": b"not_json",
        "detail": b"line 7",
        "stage": b"collecting",
        "whence": b"a-source",
    }


def test_rejected_bytes_that_would_read_as_a_post_are_no_post() -> None:
    raw = msgspec.json.encode(post(1))
    assert stamped(Rejected(raw=raw, reason="bad_time", detail="")).sort == "rejected"


def test_rejected_bytes_beyond_what_a_record_can_carry_are_cut() -> None:
    ready = stamped(Rejected(raw=b"x" * (MAX_RAW + 1), reason="too_large", detail="a frame"))
    assert len(ready.value) == KEPT_OF_OVERLONG
    assert dict(ready.headers)["detail"] == b"a frame; cut: it has %d bytes" % (MAX_RAW + 1)


def test_a_post_that_is_larger_than_screening_reads_is_rejected() -> None:
    ready = stamped(post(1, extra={"blob": "x" * MAX_LINE}))
    assert (ready.sort, dict(ready.headers)["reason"]) == ("rejected", b"too_large")


def nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {"in": found}
    return found


@pytest.mark.parametrize(
    "event",
    [
        post(1, "half a pair \ud83d"),
        post(1, extra={"set": object()}),
        post(1, extra=nested(100_000)),
        Post(platform="push", native_id="\udc00", text="x", created_at=NOW),
        object(),
        None,
    ],
    ids=["surrogate", "no JSON", "deep", "surrogate in the id", "an object", "nothing"],
)
def test_what_cannot_be_written_is_a_letter(event: Any) -> None:
    ready = stamped(event)
    assert ready.sort == "rejected"
    assert dict(ready.headers)["reason"] in {b"bad_text", b"wrong_type"}
