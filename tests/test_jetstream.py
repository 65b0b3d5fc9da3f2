"""The connector of Jetstream against a host of our own: nothing is lost, whatever the line does."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from pipeline.errors import ConfigurationError
from pipeline.posts import Erasure, Post, Rejected
from pipeline.sources.connector import Cursor, Event, SourceAway, SourceRefused
from pipeline.sources.jetstream import Jetstream, Limits
from pipeline.sources.jetstream_wire import Wire
from tests.fakes_jetstream import Behaviour, FakeJetstream, Happened, Synthetic, seen_as

WIRES: tuple[Wire, ...] = ("v1", "v2")
QUICK = Limits(stall_s=0.5, open_s=2.0)
EVENTS = Synthetic(120, seed=7)


@dataclass
class Gathered:
    """What came of opening a connector again and again, as a collector does."""

    events: list[Event] = field(default_factory=list)
    cursor: Cursor | None = None
    whys: list[str] = field(default_factory=list)
    opened: int = 0

    @property
    def posts(self) -> set[tuple[str, str]]:
        return {(one.native_id, one.version) for one in self.events if isinstance(one, Post)}

    @property
    def erased(self) -> set[str | None]:
        return {one.native_id or one.author_id for one in self.events if isinstance(one, Erasure)}

    @property
    def rejected(self) -> list[Rejected]:
        return [one for one in self.events if isinstance(one, Rejected)]


async def gather(source: Jetstream, want: int, cursor: Cursor | None = None, most: int = 400) -> Gathered:
    """Open a connector with its last cursor until the cursor stands behind `want` (a time), or it has been away often."""
    found = Gathered(cursor=cursor)
    while found.opened < most:
        found.opened += 1
        try:
            async with aclosing(source.steps(found.cursor)) as steps:
                async for step in steps:
                    found.events += step.events
                    found.cursor = step.cursor or found.cursor
                    if found.cursor and int(found.cursor["time_us"]) >= want and step.events:
                        return found
        except SourceAway as away:
            found.whys.append(away.why)
    return found


def last_time(events: Sequence[Happened]) -> int:
    return events[len(events) - 1].time_us - 10_000


def reader(*servers: FakeJetstream, wire: Wire = "v2", limits: Limits = QUICK) -> Jetstream:
    return Jetstream("sky", wire, [one.url for one in servers], limits)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("every", range(1, 21))
async def test_a_stream_cut_at_every_kth_event_arrives_whole(wire: Wire, every: int) -> None:
    async with FakeJetstream(EVENTS, Behaviour(cut_every=every)) as server:
        found = await gather(reader(server, wire=wire), 1 << 62, most=len(EVENTS) // every + 1)
    assert found.posts == seen_as(EVENTS)
    assert found.whys.count("the connection was cut") == len(EVENTS) // every
    assert not found.rejected
