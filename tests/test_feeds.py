import asyncio
import json
import time
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.posts import Post, Rejected
from pipeline.sources.connector import Cursor, Event, SourceAway, SourceRefused
from pipeline.sources.feed_entries import Fetched
from pipeline.sources.feed_outline import Outline, outline
from pipeline.sources.feed_pace import next_poll
from pipeline.sources.feeds import Asked, Feeds, read
from tests.fakes_feeds import Page, Site, atom, item, rss
from tests.fakes_feeds.documents import DATED


def asked(site: Site, *names: str, **changed: Any) -> Asked:
    urls = tuple(f"{site.url}/{name}" for name in names)
    quick = Asked(
        name="adverts", urls=urls, interval=timedelta(seconds=0.02), private=True, timeout_s=10.0, retry_cap_s=0.05
    )
    return replace(quick, **changed)


async def collected(feeds: Feeds, until: int, cursor: Cursor | None = None) -> tuple[list[Event], Cursor | None]:
    """The events of so many steps, and the last cursor."""
    events: list[Event] = []
    async with asyncio.timeout(60), aclosing(feeds.steps(cursor)) as steps:
        for _ in range(until):
            step = await anext(steps)
            events.extend(step.events)
            cursor = step.cursor
    return events, cursor


def posts(events: list[Event]) -> list[Post]:
    return [event for event in events if isinstance(event, Post)]


async def test_items_become_posts_oldest_first() -> None:
    more = (
        DATED + '<georss:point>45.5 -73.5</georss:point><enclosure url="http://x.example.org/a.mp4" type="video/mp4"/>'
    )
    async with Site(a=Page(rss(item(2), item(1, more=more)))).running() as site:
        events, _ = await collected(Feeds(asked(site, "a")), 1)
        url = site.url
    first, second = posts(events)
    assert first.text == "Advert 1\n\nRoom 1 to let & quiet"
    assert (first.native_id.rpartition("/")[2], second.native_id.rpartition("/")[2]) == ("n1", "n2")
    assert first.created_at == datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert (first.geo and (first.geo.latitude, first.geo.longitude)) == (45.5, -73.5)
    assert [(medium.kind, medium.url) for medium in first.media] == [("video", "http://x.example.org/a.mp4")]
    assert (first.container, first.container_name, first.lang_hint) == (f"{url}/a", "Adverts & more", ("en",))
    assert (first.transport, first.platform, first.source_id) == ("backfill", "rss", "adverts")
    assert first.raw_sha256 != second.raw_sha256


async def test_only_what_is_new_or_changed_comes_again() -> None:
    async with Site(a=Page(rss(item(1), item(2)))).running() as site:
        feeds = Feeds(asked(site, "a"))
        first, cursor = await collected(feeds, 1)
        again, cursor = await collected(feeds, 2, cursor)
        assert {"if-none-match", "if-modified-since"} <= set(site.asked("a")[-1])
        site.pages["a"].body = rss(item(3), item(1, "Room 1 is gone"), item(2))
        kept = json.loads(json.dumps(cursor))
        after, _ = await collected(Feeds(asked(site, "a")), 1, kept)
    assert (len(first), again) == (2, [])
    assert [post.text for post in posts(after)] == ["Advert 1\n\nRoom 1 is gone", "Advert 3\n\nRoom 3 to let & quiet"]
    assert {post.transport for post in posts(after)} == {"live"}
    edited = posts(after)[0]
    assert (edited.native_id, edited.created_at.replace(microsecond=0)) == (
        posts(first)[1].native_id,
        posts(first)[1].created_at.replace(microsecond=0),
    )
    assert edited.version != posts(first)[1].version


async def test_atom_entries_are_versions_by_their_time_of_change() -> None:
    async with Site(a=Page(atom(1, "2026-11-02T12:00:00Z"))).running() as site:
        events, _ = await collected(Feeds(asked(site, "a")), 1)
    (note,) = posts(events)
    assert (note.text, note.version.partition(".")[0]) == ("Note 1\n\nNoted", "2026-11-02T12:00:00Z")
    assert (note.author_handle, note.hashtags) == ("Ana", ("jobs",))


async def test_one_feed_that_fails_leaves_the_others() -> None:
    pages = {
        "a": Page(rss(item(1))),
        "hangs": Page(hang=True),
        "down": Page(status=503),
        "gone": Page(status=410),
        "torn": Page(rss(item(2)) * 100, cut=True),
        "junk": Page(b"\x00\xff<html><p>no feed" * 100),
        "large": Page(rss(item(3, "x" * 200_000))),
    }
    async with Site(**pages).running() as site:
        feeds = Feeds(asked(site, *pages, timeout_s=2.0, max_bytes=100_000))
        events: list[Event] = []
        async with asyncio.timeout(60), aclosing(feeds.steps(None)) as steps:
            while len(site.asked("a")) < 10:
                events.extend((await anext(steps)).events)
        assert len(site.asked("gone")) == 1
    assert [post.text for post in posts(events)] == ["Advert 1\n\nRoom 1 to let & quiet"]
    assert [event.reason for event in events if isinstance(event, Rejected)] == ["bad_text"]


async def test_where_no_feed_answers_the_source_is_away_as_long_as_it_was_asked_to() -> None:
    async with Site(a=Page(status=429, headers={"retry-after": "30"}), b=Page(status=410)).running() as site:
        with pytest.raises(SourceAway) as away:
            await collected(Feeds(asked(site, "a", "b")), 1)
    assert away.value.retry_after_s == 30


@pytest.mark.parametrize("code", [401, 403, 410])
async def test_where_every_feed_refuses_the_line_says_what_to_do(code: int) -> None:
    async with Site(a=Page(status=code)).running() as site:
        feeds = Feeds(asked(site, "a"))
        for _ in range(2):
            with pytest.raises(SourceRefused, match=f"{code}.*source"):
                await collected(feeds, 1)
        assert len(site.requests) == 1


async def test_redirects_stay_on_the_feeds_host_and_are_counted() -> None:
    moved = {"location": "/a"}
    async with Site(a=Page(rss(item(1)))).running() as other:
        pages = {
            "a": Page(rss(item(1))),
            "moved": Page(status=301, headers=moved),
            "round": Page(status=302, headers={"location": "/round"}),
            "away": Page(status=302, headers={"location": f"{other.url}/a"}),
            "file": Page(status=302, headers={"location": "file:///etc/hostname"}),
        }
        async with Site(**pages).running() as site:
            events, _ = await collected(Feeds(asked(site, "moved")), 1)
            assert len(events) == 1
            with pytest.raises(SourceAway):
                await collected(Feeds(asked(site, "round")), 1)
            assert len(site.asked("round")) == 4
            for name in ("away", "file"):
                with pytest.raises(SourceRefused, match="redirects"):
                    await collected(Feeds(asked(site, name)), 1)
            assert not other.requests
            followed, _ = await collected(Feeds(asked(site, "away", elsewhere=True)), 1)
            assert len(followed) == 1


async def test_private_addresses_are_refused_unless_configured() -> None:
    async with Site(a=Page(rss(item(1)))).running() as site:
        with pytest.raises(SourceRefused, match="private = true"):
            await collected(Feeds(asked(site, "a", private=False)), 1)
        assert not site.requests


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "'
    + b"&a;" * 100
    + b'"><!ENTITY c "'
    + b"&b;" * 100
    + b'">]><rss version="2.0"><channel><item><title>&c;</title></item></channel></rss>'
)
OUTSIDE = (
    b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    b'<rss version="2.0"><channel><item><title>&x; read</title></item></channel></rss>'
)
HOSTILE = {
    "laughs": LAUGHS,
    "outside": OUTSIDE,
    "hidden": LAUGHS.decode().replace('"1.0"', '"1.0" encoding="utf-16"', 1).encode("utf-16"),
    "utf7": b'<?xml version="1.0" encoding="utf-7"?><rss version="2.0"><channel/></rss>',
    "name": b"/etc/passwd",
    "address": b"http://127.0.0.1:1/feed",
    "nothing": b"",
    "nul": b"\x00" * 1000,
    "json": b'{"version": "https://jsonfeed.org/version/1", "items": [',
    "deep": b"<rss>" + b"<a>" * 20_000,
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_documents_are_rejected_once_and_reach_nothing(name: str) -> None:
    async with Site(a=Page(HOSTILE[name], validators=False)).running() as site:
        events, _ = await collected(Feeds(asked(site, "a", timeout_s=10)), 3)
        assert {path for path, _ in site.requests} == {"/a"}
    assert len([event for event in events if isinstance(event, Rejected)]) <= 1
    assert not [post for post in posts(events) if "root:" in post.text or "haha" in post.text]
    if name in {"laughs", "outside", "hidden", "utf7", "nothing"}:
        assert [type(event) for event in events] == [Rejected]


async def test_a_hostile_item_costs_no_neighbour() -> None:
    hostile = [
        item(1, more="<link>http://[</link>"),
        item(2, "&lt;script&gt;alert(1)&lt;/script&gt;Seen"),
        item(3, "word " * 50_000),
        item(4, more="<pubDate>Sun, 01 Nov 2999 12:00:00 GMT</pubDate>"),
        item(5, more="<category>tag</category>" * 5_000),
        item(6, more="<guid>" + "9" * 5000 + "</guid>"),
        item(7, more='<enclosure url="javascript:x" length="-1"/><georss:point>1e999 nan</georss:point>'),
        "<item/>",
        item(9),
    ]
    async with Site(a=Page(rss(*hostile))).running() as site:
        events, _ = await collected(Feeds(asked(site, "a", timeout_s=10)), 1)
    found = {post.text.split("\n")[0]: post for post in posts(events)}
    assert set(found) == {f"Advert {number}" for number in (1, 2, 3, 4, 5, 6, 7, 9)}
    assert found["Advert 2"].text == "Advert 2\n\nSeen"
    assert (found["Advert 3"].truncated, len(found["Advert 3"].text)) == (True, 20_000)
    assert found["Advert 4"].created_at == found["Advert 4"].observed_at
    assert found["Advert 4"].extra["date_told"].endswith("2999 12:00:00 GMT")
    assert found["Advert 7"].geo is None


async def test_a_torn_feed_is_asked_for_whole_and_loses_nothing() -> None:
    whole = rss(item(1), item(2), item(3))
    async with Site(a=Page(whole[: whole.index(b"<item><title>Advert 3")])).running() as site:
        feeds = Feeds(asked(site, "a"))
        first, cursor = await collected(feeds, 1)
        site.pages["a"].body = whole
        second, _ = await collected(feeds, 1, cursor)
        assert "if-none-match" not in site.asked("a")[-1]
    assert len(posts(first)) == 2
    assert [post.text.split("\n")[0] for post in posts(second)] == ["Advert 3"]


async def test_items_without_an_id_are_told_apart_by_what_they_say() -> None:
    async with Site(a=Page(rss(item(1, guid=False), item(2, guid=False)))).running() as site:
        events, cursor = await collected(Feeds(asked(site, "a")), 1)
        assert len({post.native_id for post in posts(events)}) == 2
        site.pages["a"].validators = False
        assert (await collected(Feeds(asked(site, "a")), 1, cursor))[0] == []


async def test_a_feed_cannot_take_the_name_of_anothers_item() -> None:
    named = item(1, guid=False, more="<guid>http://news.example.org/1</guid>")
    async with Site(a=Page(rss(named)), b=Page(rss(named))).running() as site:
        events, _ = await collected(Feeds(asked(site, "a", "b")), 2)
    assert len({post.native_id for post in posts(events)}) == 2


@pytest.mark.parametrize("cursor", [{"feed": "{"}, {"feed": '{"seen": 1}'}])
async def test_a_cursor_that_cannot_be_read_is_refused(cursor: dict[str, str]) -> None:
    from pipeline.sources.feed_state import address

    async with Site(a=Page(rss())).running() as site:
        with pytest.raises(SourceRefused, match="remove the cursor"):
            await collected(Feeds(asked(site, "a")), 1, {address(f"{site.url}/a"): cursor["feed"]})


async def test_closed_it_leaves_no_task_behind() -> None:
    async with Site(a=Page(rss(item(1))), hangs=Page(hang=True)).running() as site:
        await collected(Feeds(asked(site, "a", "hangs")), 1)
        assert not [task for task in asyncio.all_tasks() if "_follow" in repr(task)]


async def test_a_cursor_holds_no_address_and_stays_small() -> None:
    many = [item(number) for number in range(3_000)]
    async with Site(a=Page(rss(*many))).running() as site:
        events, cursor = await collected(Feeds(asked(site, "a", timeout_s=10)), 1)
    assert len(events) == 3_000
    assert cursor is not None
    assert site.url not in json.dumps(dict(cursor))
    assert len(json.dumps(dict(cursor))) < 64_000


SLOW = {
    "author": rss(item(1, more=f"<author>{'a.b' * 50_000}</author>")),
    "coded author": rss(item(1, more=f"<author>{'&#97;.' * 30_000}</author>")) + b"<",
    "attributes": rss(item(1), more="<x " + " ".join(f"a{number}=''" for number in range(50_000)) + "/>"),
    "head": b'<?xml version="1.0"?>' + b"\n" * 1_000_000 + b"<rss version='2.0'><channel/></rss>",
    "quotes": b"<?xml encoding='" + b"'" * 1_000_000 + b"<rss version='2.0'><channel/></rss>",
    "comments": rss(more="<!--" * 50_000),
    "nested": rss(item(1, "&lt;div&gt;" * 50_000)),
}


@pytest.mark.parametrize("name", SLOW)
def test_no_document_of_a_few_hundred_kilobytes_holds_the_process_up(name: str) -> None:
    began = time.process_time()
    read(Fetched("https://example.org/feed", SLOW[name], {}, datetime.now(UTC), "live", "adverts"))
    assert time.process_time() - began < 5


NOW = datetime(2026, 11, 4, 10, 30, tzinfo=UTC)


def test_a_feed_is_asked_no_more_often_than_it_wishes() -> None:
    quarter = timedelta(minutes=15)
    wishes = outline(rss(more="<ttl>60</ttl><skipHours><hour>11</hour><hour>12</hour></skipHours>"))
    assert (wishes.ttl_minutes, sorted(wishes.skip_hours)) == (60, [11, 12])
    due = next_poll(NOW, quarter, wishes, lambda low, high: low)
    assert (due.hour, due.minute) == (13, 0)
    assert next_poll(NOW, quarter, Outline(), lambda low, high: high) == NOW + 1.1 * quarter
    skipping = outline(rss(more="<skipDays><day>Wednesday</day></skipDays>"))
    assert next_poll(NOW, quarter, skipping).weekday() == 3
    never = Outline(skip_hours=frozenset(range(24)), ttl_minutes=10**8)
    assert next_poll(NOW, quarter, never) <= NOW + timedelta(days=1.1)


def test_the_outline_finds_the_exact_bytes_of_each_item() -> None:
    items = [item(1), item(2, "<![CDATA[</item> <item> it says]]>"), "<item/>"]
    found = outline(rss(*items))
    assert found.items == [one.encode() for one in items]
    assert found.well_formed
