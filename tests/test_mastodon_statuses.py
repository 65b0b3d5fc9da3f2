import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.codec import decode_post, encode
from pipeline.posts import Media, Post, Rejected
from pipeline.sources.mastodon_ids import Known, native_id, order, rewound
from pipeline.sources.mastodon_statuses import Arrival, Reading, read
from tests.fakes_mastodon import status
from tests.fakes_mastodon.statuses import HOST, snowflake

NOW = datetime(2026, 11, 2, tzinfo=UTC)


def reading(host: str = HOST, skip_noindex: bool = True) -> Reading:
    return Reading(source_id="fedi", known=Known(host), collected_by="#jobs", skip_noindex=skip_noindex)


def post(fields: dict[str, Any], how: Reading | None = None) -> Post:
    event = read(Arrival(json.dumps(fields).encode(), NOW, "live", "1"), how or reading()).event
    assert isinstance(event, Post)
    return event


@pytest.mark.parametrize(
    ("uri", "native"),
    [
        ("https://M.example.org/users/ana_example/statuses/12", "m.example.org/12"),
        ("https://m.example.org/ap/users/99/statuses/12", "m.example.org/12"),
        ("https://p.example.org/objects/6f9a-12", "https://p.example.org/objects/6f9a-12"),
        (
            "https://m.example.org/users/ana_example/statuses/12/activity",
            "https://m.example.org/users/ana_example/statuses/12/activity",
        ),
        ("http://m.example.org/users/ana_example/statuses/12", "http://m.example.org/users/ana_example/statuses/12"),
    ],
)
def test_a_post_is_named_by_its_uri_alone(uri: str, native: str) -> None:
    assert native_id(uri) == native


def test_a_post_seen_via_two_instances_is_one_post_in_one_version() -> None:
    here = post(status(1, edited_at="2026-11-01T13:00:00.123Z"))
    acct = {"acct": f"ana_example@{HOST}", "uri": f"https://{HOST}/users/ana_example"}
    there = post(status(1, id="777", account=acct, edited_at="2026-11-01T13:00:00.000Z"), reading("other.example.com"))
    assert (here.native_id, here.version) == (there.native_id, there.version)


def test_two_posts_of_a_server_that_gives_one_id_twice_are_two_versions() -> None:
    one, two = (post(status(1, uri=f"https://evil.example.com/users/{name}/statuses/5")) for name in "ab")
    assert one.native_id == two.native_id
    assert one.version != two.version


def test_the_fields_of_a_status_arrive() -> None:
    found = post(
        status(
            1,
            spoiler_text="Work abroad",
            poll={"options": [{"title": "Yes"}, {"title": "No"}]},
            tags=[{"name": "jobs"}, {"name": "jobs"}],
            mentions=[{"acct": "ion_example@other.example.com"}],
            media_attachments=[
                {
                    "id": 5,
                    "type": "video",
                    "url": "https://m.example.org/v",
                    "description": "A room",
                    "meta": {"original": {"duration": 2.5}},
                }
            ],
            in_reply_to_id=snowflake(0),
            quote={"state": "accepted", "quoted_status": {"uri": "https://p.example.org/objects/1"}},
            account={
                "acct": "ana_example",
                "uri": "https://m.example.org/users/1",
                "bot": True,
                "indexable": False,
                "created_at": "2026-10-01T00:00:00Z",
            },
            reblogs_count=3,
            quote_approval={"automatic": []},
            sensitive=True,
        )
    )
    assert found.text == "Work abroad\n\nGood morning, number 1 & all — ça va?\n\nYes\n\nNo"
    assert found.extra["spoiler_text"] == "Work abroad"
    assert found.extra["quote_approval"] == {"automatic": []}
    assert (found.hashtags, found.mentions) == (("jobs",), ("ion_example@other.example.com",))
    assert found.media == (Media(kind="video", id="5", url="https://m.example.org/v", alt="A room", seconds=2.5),)
    assert (found.in_reply_to, found.quote_of) == (f"{HOST}/{snowflake(0)}", "https://p.example.org/objects/1")
    assert (found.author_handle, found.author_id) == (f"ana_example@{HOST}", "https://m.example.org/users/1")
    assert found.author_hints == {"bot": True, "indexable": False, "created_at": "2026-10-01T00:00:00Z"}
    assert (found.counts, found.sensitivity, found.lang_hint) == ({"reblogs": 3}, ("sensitive",), ("en",))
    assert (found.container, found.visibility, found.collected_by) == (HOST, "public", "#jobs")
    assert found.terms.recheck_by == NOW + timedelta(hours=24)
    assert decode_post(encode(found), NOW) == found


def test_a_post_of_a_picture_alone_says_what_the_picture_is_said_to_show() -> None:
    assert (
        post(status(1, content="", media_attachments=[{"description": "A poster: jobs abroad"}])).text
        == "A poster: jobs abroad"
    )
    assert read(Arrival(json.dumps(status(1, content="<p></p>")).encode(), NOW, "live"), reading()).event is None


def test_what_its_author_keeps_out_of_indexes_is_passed_over_unless_configured() -> None:
    hidden = status(1, account={"acct": "ana_example", "noindex": True})
    assert read(Arrival(json.dumps(hidden).encode(), NOW, "live"), reading()).event is None
    assert post(hidden, reading(skip_noindex=False)).author_hints == {"noindex": True}


def test_the_instance_goes_by_the_name_that_its_own_posts_bear() -> None:
    how = reading("127.0.0.1:8080")
    post(status(1), how)
    assert how.known.native("12") == f"{HOST}/12"


def test_posts_of_other_servers_are_remembered_while_there_is_room() -> None:
    known = Known("m.example.org", room=2)
    for number in range(3):
        known.note(str(number), f"https://p.example.org/{number}")
    assert [known.native(str(number)) for number in range(3)] == [
        "m.example.org/0",
        "https://p.example.org/1",
        "https://p.example.org/2",
    ]


def test_ids_sort_by_age_and_tell_the_time() -> None:
    assert sorted(["100", "99", "0"], key=order) == ["0", "99", "100"]
    assert rewound(snowflake(400), 300) == str(int(snowflake(100)) + 300)
    assert rewound("01HXYZ", 300) == "01HXYZ"
    assert rewound("12", 300) == "12"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from([*status(1), "poll", "quote", "reblog", "card", "in_reply_to_id", "reblogs_count"]), ANYTHING
    )
)
def test_no_value_of_any_type_in_any_field_raises(changed: dict[str, Any]) -> None:
    raw = json.dumps(status(1) | changed).encode()
    event = read(Arrival(raw, NOW, "live"), reading()).event
    if isinstance(event, Post):
        assert isinstance(decode_post(encode(event), NOW), Post)
    if isinstance(event, Rejected):
        assert event.raw == raw


@given(st.binary(max_size=300))
def test_no_bytes_raise(raw: bytes) -> None:
    assert not isinstance(read(Arrival(raw, NOW, "live"), reading()).event, Post)


def test_ids_of_64_bits_keep_every_digit() -> None:
    big = 2**63 + 3
    raw = msgspec.json.encode(status(1) | {"id": big, "in_reply_to_id": big + 1})
    found = read(Arrival(raw, NOW, "live"), reading())
    assert found.status_id == str(big)
    assert isinstance(found.event, Post)
    assert found.event.in_reply_to == f"{HOST}/{big + 1}"
