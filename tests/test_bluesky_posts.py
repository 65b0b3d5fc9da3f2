"""A Bluesky record as a post: every field of the lexicon, and what an author can do to it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.codec import MAX_TEXT, decode_post, encode
from pipeline.posts import Media, Post, Rejected
from pipeline.sources.bluesky_fields import LONGEST, MANY
from pipeline.sources.bluesky_times import born
from pipeline.sources.jetstream_wire import hear
from tests.fakes_jetstream.events import tid

DID = "did:plc:eygmaihciaxprqvxpfvl6flk"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOW_US = int(NOW.timestamp()) * 10**6
CID = "bafkreibjfgx2gprinfvicegelk5kosd6y2frmqpqzwqkg7usac74l3t2v4"
BLOB = {"$type": "blob", "ref": {"$link": CID}, "mimeType": "image/jpeg", "size": 5}
OLD = {"cid": "old", "mimeType": "image/png"}
KEY = tid(NOW_US - 1_000_000)


def read(record: Any, **own: Any) -> Post | Rejected:
    """What comes of a record; `own` replaces fields of its commit."""
    commit = {"rev": "r", "operation": "create", "collection": "app.bsky.feed.post", "rkey": KEY, "cid": "c"}
    commit |= {"record": record} | own
    raw = json.dumps({"did": DID, "time_us": NOW_US, "kind": "commit", "commit": commit}).encode()
    found = hear("v1", raw, "sky", NOW_US).event
    assert isinstance(found, Post | Rejected)
    return found


def post(record: dict[str, Any], **own: Any) -> Post:
    found = read({"text": "hello", "createdAt": "2026-11-20T11:59:00Z"} | record, **own)
    assert isinstance(found, Post), found
    return found


def facet(text: str, marked: str, **feature: str) -> dict[str, Any]:
    """A facet over a stretch of a text, counted in bytes."""
    start = len(text[: text.index(marked)].encode())
    return {"index": {"byteStart": start, "byteEnd": start + len(marked.encode())}, "features": [feature]}


TEXT = "şehir 🌊 #liman @kaptan_example example.org/yol"


def test_facets_are_counted_in_bytes_of_utf8() -> None:
    found = post(
        {
            "text": TEXT,
            "facets": [
                facet(TEXT, "#liman", **{"$type": "app.bsky.richtext.facet#tag"}),
                facet(TEXT, "@kaptan_example", **{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:kaptan"}),
                facet(
                    TEXT,
                    "example.org/yol",
                    **{"$type": "app.bsky.richtext.facet#link", "uri": "https://example.org/yol"},
                ),
            ],
        }
    )
    assert (found.hashtags, found.mentions, found.links) == (
        ("liman",),
        ("did:plc:kaptan",),
        ("https://example.org/yol",),
    )


def test_a_hashtag_that_is_named_needs_no_text_and_one_that_is_not_takes_its_own() -> None:
    tag = "app.bsky.richtext.facet#tag"
    named = facet(TEXT, "🌊", **{"$type": tag, "tag": "Dalga"})
    split = {
        "index": {"byteStart": 8, "byteEnd": 10},
        "features": [{"$type": tag}],
    }  # inside the four bytes of the wave
    assert post({"text": TEXT, "facets": [named, split]}).hashtags == ("Dalga",)


@pytest.mark.parametrize(
    ("start", "end"), [(-1, 3), (3, 3), (4, 2), (0, 10**6), (10**6, 10**6 + 1), (0, -1), (2**70, 2**71)]
)
def test_a_facet_outside_the_text_marks_nothing(start: int, end: int) -> None:
    marks = {"index": {"byteStart": start, "byteEnd": end}, "features": [{"uri": "https://example.org"}]}
    assert post({"facets": [marks]}).links == ()


def test_a_faulty_facet_costs_itself_alone() -> None:
    good = facet("hello", "hello", uri="https://example.org")
    found = post({"facets": [{"index": "x"}, good, 5, None]})
    assert found.links == ("https://example.org",)
    assert "facets" in found.extra


def test_tags_stand_beside_the_hashtags_of_the_text_once() -> None:
    marked = facet("hello", "hello", **{"$type": "app.bsky.richtext.facet#tag", "tag": "sea"})
    assert post({"facets": [marked], "tags": ["sea", "quay", ""]}).hashtags == ("sea", "quay")


def test_pictures_are_references() -> None:
    embed = {
        "$type": "app.bsky.embed.images",
        "images": [{"alt": "a quay", "image": BLOB}, {"image": {"cid": "old", "mimeType": "image/png"}}],
    }
    assert post({"embed": embed}).media == (
        Media(kind="image", id=CID, alt="a quay", mime="image/jpeg"),
        Media(kind="image", id="old", mime="image/png"),
    )


def test_a_film_is_a_reference() -> None:
    embed = {"$type": "app.bsky.embed.video", "video": BLOB | {"mimeType": "video/mp4"}, "alt": "waves"}
    assert post({"embed": embed}).media == (Media(kind="video", id=CID, alt="waves", mime="video/mp4"),)


def test_a_card_gives_its_link_and_what_it_says() -> None:
    external = {"uri": "https://example.org/a", "title": "Work", "description": "By the sea", "thumb": BLOB}
    found = post({"embed": {"$type": "app.bsky.embed.external", "external": external}})
    assert found.links == ("https://example.org/a",)
    assert found.extra == {"card": ["Work", "By the sea"]}
    assert found.media == ()


@pytest.mark.parametrize(
    "media", [{"images": [{"alt": "", "image": BLOB}]}, {"external": {"uri": "https://example.org/b"}}]
)
def test_a_quoted_post_is_named_alone_and_beside_media(media: dict[str, Any]) -> None:
    strong = {"uri": "at://did:plc:x/app.bsky.feed.post/y", "cid": "z"}
    assert post({"embed": {"record": strong}}).quote_of == strong["uri"]
    both = post({"embed": {"record": {"record": strong}, "media": media}})
    assert both.quote_of == strong["uri"]
    assert both.media or both.links


def test_a_reply_names_its_parent_and_the_root() -> None:
    found = post({"reply": {"parent": {"uri": "at://p", "cid": "1"}, "root": {"uri": "at://r", "cid": "2"}}})
    assert (found.in_reply_to, found.root) == ("at://p", "at://r")


def test_labels_of_the_author_are_kept() -> None:
    labels = {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "graphic-media"}]}
    assert post({"labels": labels}).sensitivity == ("graphic-media",)


def test_languages_are_hints() -> None:
    assert post({"langs": ["tr", "en-GB"]}).lang_hint == ("tr", "en-GB")


def test_what_is_not_known_is_kept_and_what_is_too_large_is_said() -> None:
    found = post({"via": "client", "bridgyOriginalUrl": "https://example.org", "blob": "x" * 5000})
    assert found.extra == {"via": "client", "bridgyOriginalUrl": "https://example.org", "cut": ["extra"]}


def test_a_field_nested_too_deeply_to_be_passed_on_is_left_out_and_said() -> None:
    found = post({"via": json.loads("[" * 800 + "]" * 800), "big": 10**30})
    assert found.extra == {"big": 10**30, "cut": ["extra"]}
    again = decode_post(encode(found), NOW)
    assert isinstance(again, Post)
    assert again.text == "hello"


def test_fifty_thousand_unknown_fields_are_bounded() -> None:
    found = post({f"f{n}": "y" for n in range(50_000)})
    assert len(found.extra) == 17
    assert found.extra["cut"] == ["extra"]


@pytest.mark.parametrize("field", ["createdAt", "langs", "facets", "tags", "embed", "reply", "labels"])
@pytest.mark.parametrize("value", [5, "x", [{}], {"a": 1}, True, {"images": "x", "parent": 5, "values": [1]}])
def test_a_field_of_the_wrong_kind_costs_that_field_and_not_the_post(field: str, value: Any) -> None:
    found = post({field: value})
    assert found.text == "hello"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({}, "missing_field"),
        (None, "missing_field"),
        ({"text": None}, "bad_text"),
        ({"text": 5}, "bad_text"),
        ({"text": " \0\n"}, "empty_text"),
    ],
)
def test_a_post_without_a_readable_text_is_rejected(record: Any, reason: str) -> None:
    found = read(record)
    assert isinstance(found, Rejected)
    assert found.reason == reason
    assert found.raw


def test_half_a_surrogate_pair_is_rejected() -> None:
    assert isinstance(read({"text": "\ud800 and on"}), Rejected)
    assert isinstance(read({"text": "\udc00"}), Rejected)


def test_nul_and_controls_in_a_text_stay_for_cleaning() -> None:
    assert post({"text": "a\0b\u202ec"}).text == "a\0b\u202ec"


def test_a_text_that_is_too_long_is_cut_and_marked() -> None:
    found = post({"text": "ж" * (MAX_TEXT + 1)})
    assert (len(found.text), found.truncated) == (MAX_TEXT, True)
    assert not post({"text": "ж" * MAX_TEXT}).truncated


def test_hashtags_without_end_are_bounded_and_marked() -> None:
    found = post({"tags": [f"t{n}" for n in range(200_000)]})
    assert len(found.hashtags) == MANY
    assert found.extra["cut"] == ["hashtags"]


def test_a_million_hashtags_are_rejected_unparsed() -> None:
    found = read({"text": "x", "tags": [str(n) for n in range(1_000_000)]})
    assert isinstance(found, Rejected)
    assert found.reason == "too_large"


def test_twenty_thousand_facets_are_bounded_and_marked() -> None:
    link = facet("hello", "hello", uri="https://example.org")
    found = post({"facets": [link] * 20_000})
    assert found.links == ("https://example.org",)
    assert found.extra["cut"] == ["facets"]


def test_a_link_without_end_is_left_out_and_marked() -> None:
    found = post({"facets": [facet("hello", "hello", uri="https://example.org/" + "x" * LONGEST)]})
    assert found.links == ()
    assert found.extra["cut"] == ["links"]


@pytest.mark.parametrize(
    ("said", "believed"),
    [
        ("2026-11-20T11:59:00Z", "2026-11-20T11:59:00+00:00"),
        ("2026-11-20T14:59:00+03:00", "2026-11-20T11:59:00+00:00"),
        ("2019-05-01T00:00:00Z", "2019-05-01T00:00:00+00:00"),
        ("2026-11-20T12:09:00Z", "2026-11-20T12:09:00+00:00"),
        ("2026-11-20T12:11:00Z", NOW.isoformat()),
        ("9999-12-31T23:59:59Z", NOW.isoformat()),
        ("1999-12-31T23:59:59Z", NOW.isoformat()),
        ("0001-01-01T00:00:00+14:00", NOW.isoformat()),
        ("yesterday", NOW.isoformat()),
    ],
)
def test_an_authors_time_is_believed_within_bounds(said: str, believed: str) -> None:
    found = post({"createdAt": said})
    assert found.created_at.isoformat() == believed
    assert found.observed_at == NOW
    assert ("createdAt" in found.extra) == (believed == NOW.isoformat())


def test_a_post_without_a_time_was_made_when_it_was_seen() -> None:
    found = read({"text": "hello"})
    assert isinstance(found, Post)
    assert found.created_at == NOW


def days(number: float) -> str:
    return tid(NOW_US - int(number * 86_400_000_000))


def test_a_post_is_filed_by_the_time_in_its_key_which_its_edits_share() -> None:
    made = post({}, rkey=days(3)).dated_at
    edited = post({"text": "hello again"}, rkey=days(3), operation="update").dated_at
    assert made == edited == NOW - timedelta(days=3)
    assert post({}, rkey=days(400), operation="update").dated_at == NOW - timedelta(days=400)


@pytest.mark.parametrize("rkey", ["self", days(31), days(9000), days(-1), "zzzzzzzzzzzzz", "2222222222222"])
def test_a_new_post_under_a_key_that_lies_is_filed_by_when_it_was_seen(rkey: str) -> None:
    assert post({}, rkey=rkey).dated_at == NOW


@settings(deadline=None)
@given(st.integers(0, 2**53 - 1))
def test_the_time_in_a_key_is_read_as_clients_write_it(time_us: int) -> None:
    assert born(tid(time_us)) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)


def test_the_version_is_the_cid_or_else_the_rev() -> None:
    assert post({}).version == "c"
    assert post({}, cid=None).version == "r"
    assert isinstance(read({"text": "x"}, cid=None, rev=""), Rejected)
    assert isinstance(read({"text": "x"}, cid="c" * 1025), Rejected)
