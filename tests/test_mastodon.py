import asyncio
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from pipeline.posts import Erasure, Post, Rejected
from pipeline.sources.connector import Cursor, Event, SourceAway, SourceRefused
from pipeline.sources.feeds import Asked as FeedsAsked
from pipeline.sources.feeds import Feeds
from pipeline.sources.markup import plain
from pipeline.sources.mastodon import Mastodon
from pipeline.sources.mastodon_settings import Asked
from pipeline.sources.mastodon_standing import MastodonAsker
from tests.fakes_feeds import Page, Site, item, rss
from tests.fakes_mastodon import Instance, Trouble, status
from tests.fakes_mastodon.statuses import HOST, snowflake


@pytest.fixture
async def instance() -> AsyncIterator[Instance]:
    async with Instance().running() as running:
        yield running


def asked(instance: Instance, **changed: Any) -> Asked:
    return replace(Asked(name="fedi", base_url=instance.url, private=True, stall_s=10.0), **changed)


class Collected:
    """What a collector would keep: events in order, the last cursor; opens again after `SourceAway`."""

    def __init__(self, connector: Mastodon, cursor: Cursor | None = None) -> None:
        self.connector = connector
        self.cursor = cursor
        self.events: list[Event] = []
        self.away: list[SourceAway] = []

    async def run(self, until: Any) -> None:
        async with asyncio.timeout(60):
            while not until(self):
                try:
                    await self._once(until)
                except SourceAway as away:
                    self.away.append(away)

    async def _once(self, until: Any) -> None:
        async with aclosing(self.connector.steps(self.cursor)) as steps:
            async for step in steps:
                self.events.extend(step.events)
                self.cursor = step.cursor or self.cursor
                if until(self):
                    return

    @property
    def posts(self) -> list[Post]:
        return [event for event in self.events if isinstance(event, Post)]

    @property
    def ids(self) -> set[str]:
        return {post.native_id for post in self.posts}


def native(numbers: Iterable[int]) -> set[str]:
    return {f"{HOST}/{snowflake(number)}" for number in numbers}


async def feed(instance: Instance, numbers: Iterable[int], pause_s: float = 0.001) -> None:
    await instance.opened.wait()
    for number in numbers:
        instance.post(status(number))
        await asyncio.sleep(pause_s)


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize("cut_every", range(1, 21))
async def test_cut_at_every_kth_event_the_posts_read_are_those_sent(cut_every: int, torn: bool) -> None:
    async with Instance(Trouble(cut_every=cut_every, torn=torn)).running() as instance:
        collected = Collected(Mastodon(asked(instance)))
        feeding = asyncio.create_task(feed(instance, range(60)))
        await collected.run(lambda so_far: len(so_far.ids) >= 60)
        await feeding
    assert collected.ids == native(range(60))
    assert collected.away


async def test_restarted_with_its_last_cursor_it_misses_nothing(instance: Instance) -> None:
    first = Collected(Mastodon(asked(instance)))
    feeding = asyncio.create_task(feed(instance, range(30)))
    await first.run(lambda so_far: len(so_far.ids) >= 30)
    await feeding
    for number in range(30, 150):
        instance.post(status(number))
    second = Collected(Mastodon(asked(instance)), json.loads(json.dumps(first.cursor)))
    await second.run(lambda so_far: len(so_far.ids) >= 121)
    assert first.ids | second.ids == native(range(150))
    assert {post.transport for post in second.posts} == {"backfill"}


async def test_what_comes_while_the_gap_is_filled_comes_once(instance: Instance) -> None:
    for number in range(100):
        instance.post(status(number))
    collected = Collected(Mastodon(asked(instance)), {"last_id": snowflake(0), "host": HOST})
    feeding = asyncio.create_task(feed(instance, range(100, 200)))
    await collected.run(lambda so_far: len(so_far.ids) >= 199)
    await feeding
    assert len(collected.posts) == len(collected.ids)


async def test_bytes_cut_inside_a_character_are_whole_again() -> None:
    async with Instance(Trouble(piece=1)).running() as instance:
        collected = Collected(Mastodon(asked(instance)))
        feeding = asyncio.create_task(feed(instance, range(3)))
        await collected.run(lambda so_far: len(so_far.ids) >= 3)
        await feeding
    assert collected.posts[0].text == "Good morning, number 0 & all — ça va?"


async def test_a_deletion_names_the_post_without_its_having_been_seen(instance: Instance) -> None:
    collected = Collected(Mastodon(asked(instance)), {"last_id": "0", "host": HOST})

    async def delete() -> None:
        await instance.opened.wait()
        instance.delete(snowflake(5))

    deleting = asyncio.create_task(delete())
    await collected.run(lambda so_far: so_far.events)
    await deleting
    assert [event.native_id for event in collected.events if isinstance(event, Erasure)] == list(native([5]))


async def test_a_deletion_of_another_servers_post_names_it_as_every_instance_does(instance: Instance) -> None:
    elsewhere = "https://other.example.com/users/ion_example/statuses/42"
    collected = Collected(Mastodon(asked(instance)))

    async def post_and_delete() -> None:
        await instance.opened.wait()
        instance.post(status(1, uri=elsewhere, account={"acct": "ion_example@other.example.com"}))
        instance.delete(snowflake(1))

    acting = asyncio.create_task(post_and_delete())
    await collected.run(lambda so_far: len(so_far.events) >= 2)
    await acting
    post, erasure = collected.events
    assert isinstance(post, Post)
    assert isinstance(erasure, Erasure)
    assert post.native_id == erasure.native_id == "other.example.com/42"


async def test_a_post_deleted_while_the_stream_was_cut_is_erased(instance: Instance) -> None:
    collected = Collected(Mastodon(asked(instance)))
    feeding = asyncio.create_task(feed(instance, range(10)))
    await collected.run(lambda so_far: len(so_far.ids) >= 10)
    await feeding
    instance.end_streams()
    del instance.statuses[snowflake(7)]
    await collected.run(lambda so_far: any(isinstance(event, Erasure) for event in so_far.events))
    assert [event.native_id for event in collected.events if isinstance(event, Erasure)] == list(native([7]))


async def test_an_edit_is_a_version_of_the_same_post_and_an_older_one_never_follows_it(instance: Instance) -> None:
    collected = Collected(Mastodon(asked(instance)))

    async def post_and_edit() -> None:
        await instance.opened.wait()
        edited = status(1, content="<p>Edited</p>", edited_at="2026-11-01T13:00:00.500Z")
        instance.post(status(1))
        instance.edit(edited)
        instance.send("update", json.dumps(status(1)).encode())
        instance.post(status(2))

    acting = asyncio.create_task(post_and_edit())
    await collected.run(lambda so_far: len(so_far.ids) >= 2)
    await acting
    first, second, _ = collected.posts
    assert (first.native_id, first.text) == (second.native_id, "Good morning, number 1 & all — ça va?")
    assert second.text == "Edited"
    assert second.version.startswith("2026-11-01T13:00:00Z.")


async def test_only_public_posts_are_read(instance: Instance) -> None:
    collected = Collected(Mastodon(asked(instance)))

    async def post() -> None:
        await instance.opened.wait()
        for number, visibility in enumerate(["unlisted", "private", "direct", "limited", None, "public"]):
            instance.post(status(number, visibility=visibility))
        instance.post(status(6, account={"acct": "ana_example", "noindex": True}))
        instance.post(status(7))

    acting = asyncio.create_task(post())
    await collected.run(lambda so_far: len(so_far.ids) >= 2)
    await acting
    assert len(collected.events) == 2
    assert collected.ids == native([5, 7])


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"retry-after": "30"}, 30, 30),
        ({"x-ratelimit-reset": "2999-01-01T00:00:00.000Z"}, 86_400, 86_400),
        ({"retry-after": "Wed, 01 Jan 2999 00:00:00 GMT"}, 86_400, 86_400),
    ],
)
async def test_asked_to_wait_it_says_how_long(
    instance: Instance, headers: dict[str, str], least: float, most: float
) -> None:
    instance.trouble.answers.append((429, headers))
    with pytest.raises(SourceAway) as away:
        await anext(Mastodon(asked(instance)).steps(None))
    assert away.value.retry_after_s is not None
    assert least <= away.value.retry_after_s <= most


async def test_an_instance_that_is_down_is_away(instance: Instance) -> None:
    instance.trouble.answers.append((503, {}))
    with pytest.raises(SourceAway):
        await anext(Mastodon(asked(instance)).steps(None))


@pytest.mark.parametrize("code", [401, 403, 404, 410, 422])
async def test_an_instance_that_refuses_is_not_asked_again_and_the_line_says_what_to_do(
    instance: Instance, code: int
) -> None:
    instance.trouble.answers.append((code, {}))
    with pytest.raises(SourceRefused, match=str(code)) as refused:
        await anext(Mastodon(asked(instance, token="secret-token")).steps(None))
    assert "secret-token" not in str(refused.value)
    assert "source" in str(refused.value) or "base_url" in str(refused.value)


async def test_the_token_goes_along() -> None:
    async with Instance(token="secret-token").running() as instance:
        step = await anext(Mastodon(asked(instance, token="secret-token")).steps(None))
        assert step.cursor == {"last_id": "0", "host": instance.url.removeprefix("http://")}


async def test_a_stream_without_a_heartbeat_is_away(instance: Instance) -> None:
    instance.trouble.silent = True
    steps = Mastodon(asked(instance, stall_s=0.2)).steps(None)
    await anext(steps)
    with pytest.raises(SourceAway, match="in time"):
        async for _ in steps:
            pass


@pytest.mark.parametrize("cursor", [{}, {"last_id": ""}, {"last_id": "../1"}, {"last_id": "9" * 65}])
async def test_a_cursor_that_cannot_be_read_is_refused_in_one_line(instance: Instance, cursor: Cursor) -> None:
    with pytest.raises(SourceRefused, match="remove the cursor"):
        await anext(Mastodon(asked(instance)).steps(cursor))
    assert not instance.requests


HOSTILE = [
    b'{"id": "1", "uri": ',
    b"\x00\x00\x00",
    b'"text"',
    b"[" * 100_000,
    b'{"id": "1", "visibility": "public", "uri": "https://example.org/1", "content": "\xff\xfe"}',
    b'{"id": "1", "visibility": "public", "uri": "https://example.org/1", "content": "\\ud800"}',
    json.dumps(status(1, content=7)).encode(),
    json.dumps(status(1, uri=None)).encode(),
    json.dumps(status(1, uri="u" * 2000)).encode(),
    json.dumps(status(1, id=None)).encode(),
    json.dumps(status(1, created_at="2999-01-01T00:00:00Z")).encode(),
    json.dumps(status(1, created_at=12)).encode(),
]


async def test_what_cannot_be_read_is_rejected_and_costs_no_neighbour(instance: Instance) -> None:
    collected = Collected(Mastodon(asked(instance)))

    async def post() -> None:
        await instance.opened.wait()
        for number, raw in enumerate(HOSTILE):
            instance.send("update", raw)
            instance.post(status(100 + number))

    acting = asyncio.create_task(post())
    await collected.run(lambda so_far: len(so_far.ids) >= len(HOSTILE))
    await acting
    found = [event for event in collected.events if isinstance(event, Rejected)]
    assert [event.raw for event in found] == HOSTILE
    assert not collected.away


async def test_too_much_is_cut_and_marked(instance: Instance) -> None:
    collected = Collected(Mastodon(asked(instance, stall_s=10)))
    tags = [{"name": f"tag{number}"} for number in range(100_000)]
    links = "".join(f'<a href="/t{number}">#t{number}</a> ' for number in range(60_000))

    async def post() -> None:
        await instance.opened.wait()
        instance.post(status(1, content=f"<p>{'long ' * 100_000}</p>"))
        instance.post(status(2, tags=tags, content=links, id=str(2**63 + 1)))
        instance.post(status(3, content="<p>x</p>" + " " * 10_000_000))
        instance.post(status(4, content="<p>Hi<script>alert(1)</script> <b onclick=x>you</b></p>"))

    acting = asyncio.create_task(post())
    await collected.run(lambda so_far: len(so_far.events) >= 4)
    await acting
    long, tagged, huge, scripted = collected.events
    assert isinstance(long, Post)
    assert isinstance(tagged, Post)
    assert isinstance(scripted, Post)
    assert (long.truncated, len(long.text), long.text_html) == (True, 20_000, None)
    assert tagged.truncated
    assert len(tagged.hashtags) == 100
    assert isinstance(huge, Rejected)
    assert huge.reason == "too_large"
    assert 1 << 19 < len(huge.raw) <= 1 << 20
    assert scripted.text == "Hi you"


async def test_closed_it_leaves_no_task_behind(instance: Instance) -> None:
    before = asyncio.all_tasks()
    async with aclosing(Mastodon(asked(instance)).steps(None)) as steps:
        await anext(steps)
    await asyncio.sleep(0.05)
    assert {task for task in asyncio.all_tasks() - before if "Mastodon" in repr(task) or "_pump" in repr(task)} == set()


async def test_a_redirect_to_another_host_is_not_followed(instance: Instance) -> None:
    async with Instance().running() as other:
        instance.trouble.answers.append((302, {"location": f"{other.url}/api/v1/streaming/public"}))
        with pytest.raises(SourceRefused, match="redirects"):
            await anext(Mastodon(asked(instance, token="secret-token")).steps(None))
        assert not other.requests


def test_a_token_never_goes_over_http() -> None:
    with pytest.raises(SourceRefused, match="https"):
        Asked(name="fedi", base_url="http://mastodon.example.org", token="secret-token")


def test_settings_never_show_the_token() -> None:
    assert "secret-token" not in repr(Asked(name="fedi", base_url="https://mastodon.example.org", token="secret-token"))


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 10))])
async def test_cut_and_restarted_at_random_every_post_edit_and_deletion_arrives(seed: int, restarts: bool) -> None:
    """A restart begins with the last cursor and a new connector; deletions missed across one are the recheck's to find."""
    dice = random.Random(seed)
    async with Instance(Trouble(cut_every=dice.randint(1, 20), torn=bool(dice.getrandbits(1)))).running() as instance:
        everything = asyncio.create_task(_life(instance, dice))
        collected = Collected(Mastodon(asked(instance)))
        began = time.monotonic()
        while not (everything.done() and _holds_all(collected, instance, everything.result(), restarts)):
            assert time.monotonic() - began < 60
            if restarts and dice.random() < 0.3:
                collected.connector = Mastodon(asked(instance))
            enough = len(collected.events) + dice.randint(1, 300)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await collected.run(lambda so_far, enough=enough: len(so_far.events) >= enough)
        deleted = await everything
    assert _erased(collected) <= {f"{HOST}/{one}" for one in deleted}


def _holds_all(collected: Collected, instance: Instance, deleted: list[str], restarts: bool) -> bool:
    due = {f"{HOST}/{one}" for one in deleted} & collected.ids
    told = restarts or due <= _erased(collected)
    return told and _latest(collected) | _now(instance) == _latest(collected)


def _erased(collected: Collected) -> set[str | None]:
    return {event.native_id for event in collected.events if isinstance(event, Erasure)}


def _latest(collected: Collected) -> dict[str, str]:
    return {post.native_id: post.text for post in collected.posts}


def _now(instance: Instance) -> dict[str, str]:
    return {f"{HOST}/{one}": plain(fields["content"])[0] for one, fields in instance.statuses.items()}


async def _life(instance: Instance, dice: random.Random) -> list[str]:
    """150 posts, some edited, some deleted; the ids of those deleted."""
    await instance.opened.wait()
    deleted = []
    for number in range(150):
        instance.post(status(number))
        one = snowflake(dice.randint(0, number))
        if one in instance.statuses and dice.random() < 0.2:
            edited_at = f"2026-11-01T13:{number // 60:02}:{number % 60:02}.000Z"
            instance.edit(instance.statuses[one] | {"content": f"<p>Edit {number}</p>", "edited_at": edited_at})
        elif one in instance.statuses and dice.random() < 0.1:
            instance.delete(one)
            deleted.append(one)
        await asyncio.sleep(0.001)
    return deleted


async def test_rechecked_a_post_that_is_gone_is_told_from_one_that_stands(instance: Instance) -> None:
    collected = Collected(Mastodon(asked(instance)))
    feeding = asyncio.create_task(feed(instance, range(3)))
    await collected.run(lambda so_far: len(so_far.ids) >= 3)
    await feeding
    del instance.statuses[snowflake(1)]
    elsewhere = msgspec.structs.replace(collected.posts[0], extra={"instance": "other.example.com", "status_id": "1"})
    asker = MastodonAsker({HOST: asked(instance)})
    assert await asker.ask([*collected.posts, elsewhere]) == ["stands", "gone", "stands", "unknown"]
    instance.trouble.answers.extend([(429, {"retry-after": "60"})])
    assert await asker.ask(collected.posts) == ["unknown"] * 3


_connections: list[Any] | None = None


def _note_connections(event: str, arguments: tuple[Any, ...]) -> None:
    if event in {"socket.connect", "socket.getaddrinfo"} and _connections is not None:
        _connections.append(arguments[1][:2] if event == "socket.connect" else arguments[:2])


sys.addaudithook(_note_connections)


async def test_no_connection_goes_anywhere_but_the_configured_address(instance: Instance) -> None:
    global _connections  # noqa: PLW0603 - an audit hook cannot be taken off again
    medium = {"type": "image", "url": "http://127.0.0.2:9/picture.jpg", "preview_url": "http://127.0.0.2:9/small.jpg"}
    linked = "http://127.0.0.2:9/page"
    collected = Collected(Mastodon(asked(instance)))

    async def post() -> None:
        await instance.opened.wait()
        instance.post(status(1, media_attachments=[medium], card={"url": linked}, content=f'<img src="{linked}">Seen'))

    _connections = []
    try:
        acting = asyncio.create_task(post())
        await collected.run(lambda so_far: so_far.events)
        await acting
        adverts = rss(
            item(1, more='<enclosure url="http://127.0.0.2:9/a.mp4" type="video/mp4"/><link>http://127.0.0.2:9/</link>')
        )
        async with Site(a=Page(adverts)).running() as site:
            feeds = Feeds(FeedsAsked(name="adverts", urls=(f"{site.url}/a",), private=True))
            async with aclosing(feeds.steps(None)) as steps:
                assert len((await anext(steps)).events) == 1
            hosts = set(_connections)
            assert hosts <= {("127.0.0.1", int(url.rpartition(":")[2])) for url in (instance.url, site.url)}
            assert len(hosts) == 2
    finally:
        _connections = None
