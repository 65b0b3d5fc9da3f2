"""The connector of Jetstream against a host of our own: nothing is lost, whatever the line does."""

import asyncio
import random
import sys
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from pipeline.errors import ConfigurationError
from pipeline.posts import Erasure, Post, Rejected
from pipeline.sources.connector import Connector, Cursor, Event, SourceAway, SourceRefused
from pipeline.sources.jetstream import Jetstream, Limits
from pipeline.sources.jetstream_wire import Wire
from tests.fakes_jetstream import Behaviour, FakeJetstream, Synthetic, seen_as

WIRES: tuple[Wire, ...] = ("v1", "v2")
CALM = Limits()
SOON = Limits(stall_s=3.0)
ENDS = Behaviour(ends=True)
EVENTS = Synthetic(120, seed=7, start=datetime.now(UTC) + timedelta(hours=1))  # whenever these tests have their turn
HERE: Cursor = {"time_us": str(EVENTS[0].time_us)}


@dataclass
class Gathered:
    """What came of opening a connector again and again, as a collector does."""

    events: list[Event] = field(default_factory=list)
    cursor: Cursor | None = None
    whys: list[str] = field(default_factory=list)
    opened: int = 0
    gaps: int = 0

    @property
    def posts(self) -> set[tuple[str, str]]:
        return {(one.native_id, one.version) for one in self.events if isinstance(one, Post)}

    @property
    def erased(self) -> set[str | None]:
        return {one.native_id or one.author_id for one in self.events if isinstance(one, Erasure)}

    @property
    def rejected(self) -> list[Rejected]:
        return [one for one in self.events if isinstance(one, Rejected)]


async def gather(source: Jetstream, cursor: Cursor | None = None, most: int = 1) -> Gathered:
    """Open a connector so many times, each time with its last cursor, and read until it is away."""
    found = Gathered(cursor=cursor)
    while found.opened < most:
        found.opened += 1
        with pytest.raises(SourceAway) as away:
            async with aclosing(source.steps(found.cursor)) as steps:
                async for step in steps:
                    found.events += step.events
                    found.cursor = step.cursor or found.cursor
                    found.gaps += step.gaps
        found.whys.append(away.value.why)
    return found


def reader(*servers: FakeJetstream, wire: Wire = "v2", limits: Limits = CALM) -> Jetstream:
    return Jetstream("sky", wire, [one.url for one in servers], limits)


def test_it_is_a_live_connector_of_bluesky() -> None:
    source: Connector = Jetstream("sky")
    assert (source.name, source.platform, source.live) == ("sky", "bluesky", True)


def standing(server: FakeJetstream, index: int, seq: int | None = None) -> Cursor:
    """The cursor of a reader that has read event `index` from a host."""
    time_us = EVENTS[index].time_us
    return {"time_us": str(time_us), "host": server.url} | ({} if seq is None else {"seq": str(seq)})


async def cut_at_every(every: int, wire: Wire) -> tuple[set[tuple[str, str]], int]:
    """What of the posts sent did not arrive through a line cut at every k-th event, and how often it was cut."""
    async with FakeJetstream(EVENTS, Behaviour(ends=True, cut_every=every)) as server:
        found = await gather(reader(server, wire=wire), most=len(EVENTS) // every + 1)
    assert not found.rejected
    return seen_as(EVENTS) ^ found.posts, server.cuts


@pytest.mark.parametrize("wire", WIRES)
async def test_a_stream_cut_at_every_kth_event_arrives_whole(wire: Wire) -> None:
    counted = await asyncio.gather(*(cut_at_every(every, wire) for every in range(1, 21)))
    assert [lost for lost, _ in counted] == [set()] * 20
    assert [cuts for _, cuts in counted] == [len(EVENTS) // every for every in range(1, 21)]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("seed", range(5))
async def test_a_reader_killed_at_random_loses_nothing_behind_the_cursor_that_was_kept(wire: Wire, seed: int) -> None:
    """What was read behind the kept cursor is forgotten, as it is when a collector dies before the broker acknowledged."""
    chance, kept, opened = random.Random(seed), set[tuple[str, str]](), 0
    events = Synthetic(60, seed=seed, spacing_us=1_000_000)
    cursor: Cursor = {"time_us": str(events[0].time_us)}
    async with FakeJetstream(events, Behaviour(ends=True, cut_every=chance.randrange(5, 20))) as server:
        while kept != seen_as(events) and opened < 100:
            opened += 1
            read: list[Event] = []
            with suppress(SourceAway):
                async with aclosing(reader(server, wire=wire, limits=Limits(batch=8)).steps(cursor)) as steps:
                    async for step in steps:
                        read += step.events
                        if chance.random() < 0.1:
                            break
                        if chance.random() < 0.5:
                            kept |= {(one.native_id, one.version) for one in read if isinstance(one, Post)}
                            cursor = step.cursor or cursor
    assert kept == seen_as(events)
    assert opened > 3


@pytest.mark.parametrize("wire", WIRES)
async def test_deletions_of_posts_and_of_accounts_arrive_through_every_cut(wire: Wire) -> None:
    async with FakeJetstream(EVENTS, Behaviour(ends=True, cut_every=3)) as server:
        found = await gather(reader(server, wire=wire), most=41)
    deleted = {one.name for one in EVENTS if one.operation == "delete"}
    withdrawn = {one.did for one in EVENTS if one.kind == "account" and "desynchronized" not in one.body}
    assert deleted and withdrawn
    assert found.erased == deleted | withdrawn


async def test_v1_without_going_back_would_lose_what_stands_behind_a_time_ahead() -> None:
    async with FakeJetstream(EVENTS, Behaviour(ends=True, cut_every=3)) as server:
        found = await gather(reader(server, wire="v1", limits=Limits(rewind_s=0)), most=35)
    assert found.posts < seen_as(EVENTS)


async def test_v2_goes_on_by_number_on_the_host_that_gave_it() -> None:
    async with FakeJetstream(EVENTS, Behaviour(ends=True, cut_every=50, first_seq=7000)) as server:
        await gather(reader(server), most=2)
    assert server.requests[0].keys() == {"collections", "kinds"}
    assert server.requests[0]["kinds"] == ["commit", "account", "sync"]
    assert 7000 < int(server.requests[1]["cursor"][0]) <= 7050


async def test_a_host_that_falls_silent_is_followed_by_another_by_time() -> None:
    far = Behaviour(ends=True, first_seq=9_000_000, shift_us=300_000)
    async with FakeJetstream(EVENTS, Behaviour(stall_at=60)) as near, FakeJetstream(EVENTS, far) as other:
        found = await gather(reader(near, other, limits=SOON), most=2)
    assert found.posts == seen_as(EVENTS)
    assert found.whys[0] == "the stream stands still"
    assert found.cursor is not None and found.cursor["host"] == other.url
    assert int(other.requests[0]["cursor"][0]) == max(one.time_us for one in EVENTS[:60]) - 5_000_000
    assert len(near.requests) == 1


async def test_a_number_is_never_asked_of_a_host_that_did_not_give_it() -> None:
    async with (
        FakeJetstream(EVENTS, Behaviour(ends=True, first_seq=1)) as one,
        FakeJetstream(EVENTS, Behaviour(ends=True, first_seq=50)) as two,
    ):
        found = await gather(reader(two), cursor=standing(one, 70, seq=71), most=1)
    assert found.posts == seen_as(EVENTS)  # five seconds back is before the first


async def test_a_host_that_is_down_is_passed_over() -> None:
    async with FakeJetstream(EVENTS, ENDS) as gone:
        url = gone.url
    async with FakeJetstream(EVENTS, ENDS) as server:
        source = Jetstream("sky", "v2", [url, server.url], CALM)
        found = await gather(source, most=1)
        assert found.posts == seen_as(EVENTS)
        again = await gather(source, cursor=found.cursor, most=1)
        assert again.whys == ["the connection was cut"]


async def test_all_hosts_down_is_away() -> None:
    async with FakeJetstream(EVENTS, ENDS) as gone:
        url = gone.url
    with pytest.raises(SourceAway, match="cannot be reached"):
        await first_step(Jetstream("sky", "v1", [url], CALM), {"time_us": str(EVENTS[0].time_us)})


async def test_v2_goes_on_from_the_oldest_event_there_is_and_counts_the_gap() -> None:
    async with FakeJetstream(EVENTS, Behaviour(ends=True, floor=50)) as server:
        source = reader(server)
        found = await gather(source, cursor=standing(server, 4, seq=5), most=2)
    assert found.posts == seen_as(EVENTS[50:])
    assert found.whys[0].startswith("the host no longer holds")
    assert found.gaps == 1


async def test_v1_moves_an_old_cursor_silently_and_the_gap_is_seen_by_the_times() -> None:
    async with FakeJetstream(EVENTS, Behaviour(ends=True, floor=90)) as server:
        source = reader(server, wire="v1", limits=Limits(quiet_s=0.06))
        found = await gather(source, cursor=standing(server, 4), most=1)
    assert found.posts == seen_as(EVENTS[90:])
    assert found.gaps == 1


@pytest.mark.parametrize("wire", WIRES)
async def test_a_return_that_misses_nothing_is_no_gap(wire: Wire) -> None:
    async with FakeJetstream(EVENTS, Behaviour(ends=True, cut_every=10)) as server:
        source = reader(server, wire=wire, limits=Limits(quiet_s=0.06))
        found = await gather(source, most=12)
    assert found.gaps == 0


async def test_a_host_that_numbers_anew_is_read_by_time() -> None:
    async with FakeJetstream(EVENTS, ENDS) as server:
        source = reader(server)
        found = await gather(source, cursor=standing(server, 10, seq=888_888), most=2)
    assert found.posts == seen_as(EVENTS)
    assert found.whys[0].startswith("the host numbers its events anew")
    assert found.gaps == 0


@pytest.mark.parametrize("wire", WIRES)
async def test_a_reader_that_was_too_slow_comes_back_and_misses_nothing(wire: Wire) -> None:
    many = Synthetic(12_000, seed=3)
    async with FakeJetstream(many, Behaviour(ends=True, slow_s=0.3)) as server:
        source = reader(server, wire=wire)
        found = Gathered()
        while found.opened < 20 and found.posts != seen_as(many):
            found.opened += 1
            with pytest.raises(SourceAway) as away:
                async with aclosing(source.steps(found.cursor)) as steps:
                    async for step in steps:
                        found.events += step.events
                        found.cursor = step.cursor
                        if not server.dropped:
                            await asyncio.sleep(0.6)
            found.whys.append(away.value.why)
    assert server.dropped >= 1
    assert found.whys[0] == ("the host found us too slow" if wire == "v2" else "the connection was cut")
    assert found.posts == seen_as(many)


BAD = (
    b'{"did":"did:plc:x","time_us":17',
    b"",
    b"\xff\xfe\xd8",
    b'{"a":"\xe2\x82"}',
    b"[" * 5000,
    b"null",
    b'"\x00"',
    b"1" * 400,
)


@pytest.mark.parametrize("wire", WIRES)
async def test_garbage_is_rejected_whole_and_loses_no_neighbour(wire: Wire) -> None:
    async with FakeJetstream(
        EVENTS, Behaviour(ends=True, inserted={i * 7: [raw] for i, raw in enumerate(BAD)})
    ) as server:
        found = await gather(reader(server, wire=wire), most=1)
    assert [one.raw for one in found.rejected] == list(BAD)
    assert found.posts == seen_as(EVENTS)


async def test_a_frame_of_ten_megabytes_is_rejected_and_its_neighbours_arrive() -> None:
    huge = b'{"did":"' + b"x" * 10_000_000 + b'"}'
    async with FakeJetstream(EVENTS, Behaviour(ends=True, inserted={5: [huge]})) as server:
        found = await gather(reader(server, wire="v1"), most=1)
    assert [(len(one.raw), one.reason) for one in found.rejected] == [(len(huge), "too_large")]
    assert found.posts == seen_as(EVENTS)


async def test_a_frame_that_no_memory_should_hold_ends_the_line_and_the_next_host_is_asked() -> None:
    wild = Behaviour(ends=True, inserted={60: [b"x" * (17 << 20)]})
    async with (
        FakeJetstream(EVENTS, wild) as first,
        FakeJetstream(EVENTS, Behaviour(ends=True, first_seq=500)) as second,
    ):
        found = await gather(reader(first, second), most=2)
    assert found.whys[0] == "the host sent a frame that is too large"
    assert found.posts == seen_as(EVENTS)


async def first_step(source: Jetstream, cursor: Cursor | None) -> object:
    async with aclosing(source.steps(cursor)) as steps:
        return await anext(steps)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
async def test_a_refusal_for_good_asks_for_a_person(status: int) -> None:
    async with FakeJetstream(EVENTS, Behaviour(ends=True, refusal=(status, b"no", {}))) as server:
        with pytest.raises(SourceRefused, match=f"HTTP {status}"):
            await first_step(reader(server), HERE)


@pytest.mark.parametrize(
    ("asked", "wait"),
    [({"Retry-After": "7"}, 7.0), ({"Retry-After": "Thu, 01 Jan 2026 00:00:00 GMT"}, 0.0), ({}, None)],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_a_refusal_for_now_says_how_long(status: int, asked: dict[str, str], wait: float | None) -> None:
    async with FakeJetstream(EVENTS, Behaviour(ends=True, refusal=(status, b"later", asked))) as server:
        with pytest.raises(SourceAway, match=f"HTTP {status}") as away:
            await first_step(reader(server), HERE)
    assert away.value.retry_after_s == wait


async def test_one_host_that_refuses_does_not_stop_another() -> None:
    refusing = Behaviour(ends=True, refusal=(403, b"no", {}))
    async with FakeJetstream(EVENTS, refusing) as one, FakeJetstream(EVENTS, ENDS) as two:
        found = await gather(reader(one, two), most=1)
    assert found.posts == seen_as(EVENTS)


@pytest.mark.parametrize("wire", WIRES)
async def test_a_first_start_says_where_it_stands_before_anything_is_read(wire: Wire) -> None:
    async with FakeJetstream(EVENTS, ENDS) as server:
        source = Jetstream("sky", wire, [server.url], CALM, clock=lambda: EVENTS[0].time_us / 1e6)
        async with aclosing(source.steps(None)) as steps:
            step = await anext(steps)
        assert (step.events, step.cursor) == ((), {"time_us": str(EVENTS[0].time_us)})
        assert not server.requests
        found = await gather(source, cursor=step.cursor, most=1)
    assert found.posts == seen_as(EVENTS)


CONNECTED: list[object] = []


def note_connections(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect":
        CONNECTED.append(arguments[1])


sys.addaudithook(note_connections)


@pytest.mark.parametrize("wire", WIRES)
async def test_no_connection_goes_anywhere_but_to_the_hosts_that_were_given(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        FakeJetstream(EVENTS, ENDS) as elsewhere,
        FakeJetstream(EVENTS, Behaviour(ends=True, cut_every=30)) as server,
    ):
        monkeypatch.setenv("http_proxy", elsewhere.url.replace("ws", "http"))
        monkeypatch.setenv("ws_proxy", elsewhere.url.replace("ws", "http"))
        CONNECTED.clear()
        found = await gather(reader(server, wire=wire), most=5)
        reached = {f"ws://{one[0]}:{one[1]}" for one in CONNECTED if isinstance(one, tuple)}
        assert found.posts == seen_as(EVENTS)
        assert reached == {server.url}
        assert not elsewhere.requests


async def test_a_redirect_is_not_followed() -> None:
    async with FakeJetstream(EVENTS, ENDS) as elsewhere:
        moved = Behaviour(ends=True, refusal=(302, b"", {"Location": elsewhere.url}))
        async with FakeJetstream(EVENTS, moved) as server:
            with pytest.raises(SourceAway, match="HTTP 302"):
                await first_step(reader(server), HERE)
        assert not elsewhere.requests


@pytest.mark.parametrize("wire", WIRES)
async def test_nothing_is_sent_and_no_task_stays_behind(wire: Wire) -> None:
    before = asyncio.all_tasks()
    async with FakeJetstream(EVENTS, Behaviour(ends=True, cut_every=10)) as server:
        await gather(reader(server, wire=wire), most=13)
        async with aclosing(reader(server, wire=wire).steps(HERE)) as steps:
            await anext(steps)  # left in the middle
    assert asyncio.all_tasks() == before
    assert server.said == []


async def test_a_reader_that_is_cancelled_leaves_no_line_open() -> None:
    async with FakeJetstream(EVENTS) as server, asyncio.timeout(30):
        task = asyncio.create_task(gather(reader(server)))
        while not server.lines:  # noqa: ASYNC110  # the fake tells nobody
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while server.lines:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "host", ["jetstream.example.org", "https://example.org", "wss://", "wss://a@example.org", "ws://h/?x=1"]
)
def test_a_host_that_is_none_is_said_at_once(host: str) -> None:
    with pytest.raises(ConfigurationError, match="wss://NAME"):
        Jetstream("sky", "v2", [host])


def test_an_unknown_wire_is_said_at_once() -> None:
    with pytest.raises(ConfigurationError, match="v1 or v2"):
        Jetstream("sky", cast(Any, "v3"))


@pytest.mark.parametrize(
    "cursor", [{}, {"time_us": "x"}, {"time_us": "12"}, {"time_us": "1" * 40}, {"time_us": str(10**15), "seq": "-1"}]
)
async def test_a_bad_cursor_asks_for_a_person(cursor: Cursor) -> None:
    with pytest.raises(SourceRefused, match="remove it"):
        await first_step(Jetstream("sky", "v2", ["ws://127.0.0.1:9"]), cursor or {"seq": "1"})
