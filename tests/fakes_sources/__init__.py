"""Sources, a broker and a keeper of cursors for the collector: cut, hung, flooded and killed as a test asks."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.broker.cursors import SourceState
from pipeline.codec import decode_post
from pipeline.errors import BrokerUnavailable
from pipeline.posts import Post
from pipeline.sources.collector import Collector, Means, Rhythm
from pipeline.sources.connector import Connector, Cursor, Event, SourceAway, Step
from pipeline.sources.reading import Manner
from pipeline.sources.retrying import Patience
from pipeline.sources.stamping import Ready
from tests.fakes import post

SOON = Patience(first_s=0.0005, cap_s=0.001, flow_s=0.0, breaks_after=10**9)
HASTE = Rhythm(every_s=0.005, health_s=0.05, grace_s=0.5)
QUICK = Manner(patience=SOON, linger_s=0.001)


def at(cursor: Mapping[str, str] | None) -> int:
    """The number of the next event after a cursor."""
    return int(cursor["at"]) if cursor else 0


@dataclass
class Numbered:
    """Numbered posts up to `count`, a few a step; the connection is lost after every `cut`-th event. Opened again, it goes
    back by `rewind` events, as a wire without exact cursors does."""

    count: int
    name: str = "numbered"
    platform: str = "push"
    live: bool = False
    cut: int | None = None
    rewind: int = 0
    a_step: int = 1
    pause_s: float = 0.0
    opened: list[int] = field(default_factory=list)
    given: int = 0
    sent_at: dict[str, float] = field(default_factory=dict)

    async def steps(self, cursor: Cursor | None) -> AsyncIterator[Step]:
        """The posts from the cursor on."""
        start = max(0, at(cursor) - self.rewind)
        self.opened.append(start)
        until_cut = self.cut + self.rewind if self.cut else self.count
        for number in range(start, self.count, self.a_step):
            if until_cut <= 0:
                raise SourceAway("the connection was lost")
            some = range(number, min(number + self.a_step, self.count))
            until_cut -= len(some)
            self.given += len(some)
            for one in some:
                self.sent_at.setdefault(f"n-{one}", asyncio.get_running_loop().time())
            yield Step([post(one) for one in some], {"at": str(max(at(cursor), some[-1] + 1))})
            await asyncio.sleep(self.pause_s)


@dataclass
class Scripted:
    """Gives steps, raises exceptions, and opens the next time where the script goes on; ends with it."""

    script: list[Step | Exception]
    name: str = "scripted"
    platform: str = "push"
    live: bool = False
    cursors: list[Cursor | None] = field(default_factory=list)

    async def steps(self, cursor: Cursor | None) -> AsyncIterator[Step]:
        """What the script says."""
        self.cursors.append(cursor)
        while self.script:
            one = self.script.pop(0)
            if isinstance(one, Exception):
                raise one
            yield one


@dataclass
class Hanging:
    """Connects and never says a word."""

    name: str = "hanging"
    platform: str = "push"
    live: bool = False

    async def steps(self, cursor: Cursor | None) -> AsyncIterator[Step]:
        """Nothing, for ever."""
        await asyncio.Event().wait()
        yield Step([])


@dataclass
class Flooding:
    """Gives steps without ever waiting: of large posts, or of what is no event at all."""

    name: str = "flooding"
    platform: str = "push"
    live: bool = False
    garbage: bool = False
    given: int = 0

    async def steps(self, cursor: Cursor | None) -> AsyncIterator[Step]:
        """Without an end."""
        event: Any = object() if self.garbage else post(0, "x" * 2000)
        while True:
            self.given += 200
            yield Step([event] * 200, {"at": str(self.given)})


@dataclass
class Topics:
    """What a broker holds, and what it says of cursors that went ahead of it."""

    events: list[tuple[str, Ready]] = field(default_factory=list)
    states: dict[str, SourceState] = field(default_factory=dict)
    written: list[SourceState] = field(default_factory=list)
    ahead: list[str] = field(default_factory=list)

    def posts(self) -> list[Post]:
        """The posts, as screening reads them."""
        read = (decode_post(one.value) for _, one in self.events if one.sort == "post")
        return [one for one in read if isinstance(one, Post)]

    def ids(self) -> list[str]:
        """Their ids."""
        return [one.native_id for one in self.posts()]


@dataclass
class Line:
    """One process's line to the broker. It fails now and then; after `dies_after` events the process is dead: what it does
    then reaches nobody."""

    topics: Topics
    dice: random.Random = field(default_factory=lambda: random.Random(1))
    failing: float = 0.0
    dies_after: int | None = None
    slow_s: float = 0.0
    acknowledged_at: dict[str, float] = field(default_factory=dict)
    died: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def dead(self) -> bool:
        """Whether the process was killed."""
        return self.dies_after is not None and self.dies_after <= 0

    async def deliver(self, events: Sequence[Ready]) -> None:
        """Keep events: a part of them where the broker fails or the process dies on the way."""
        await asyncio.sleep(self.slow_s)
        fails = self.dice.random() < self.failing
        kept = self.dice.randrange(len(events) + 1) if fails else len(events)
        if self.dies_after is not None:
            kept = min(kept, self.dies_after)
            self.dies_after -= kept
        now = asyncio.get_running_loop().time()
        self.topics.events += [("", one) for one in events[:kept]]
        if self.dead:
            self.died.set()
            await asyncio.Event().wait()
        if fails:
            raise BrokerUnavailable("no acknowledgement")
        self.acknowledged_at |= {one.key.decode().partition("|")[2]: now for one in events}

    async def close(self) -> None:
        """Nothing is held."""

    async def read(self) -> dict[str, SourceState]:
        """The states."""
        return dict(self.topics.states)

    async def write(self, states: Sequence[SourceState]) -> None:
        """Keep states, and note cursors before which something is missing."""
        if self.dead:
            return
        if self.dice.random() < self.failing:
            raise BrokerUnavailable("no acknowledgement")
        held = set(self.topics.ids())
        for state in states:
            missing = next((n for n in range(at(state.cursor)) if f"n-{n}" not in held), None)
            self.topics.ahead += [] if missing is None else [f"{state.cursor}: {missing} is missing"]
            self.topics.states[state.source] = state
            self.topics.written.append(state)


def a_collector(*connectors: Connector, line: Line, how: Manner = QUICK, rhythm: Rhythm = HASTE) -> Collector:
    """A collector on a line."""
    return Collector(connectors, Means(lambda: line, line, how, rhythm))


async def collected(*connectors: Connector, line: Line | None = None, how: Manner = QUICK) -> Topics:
    """What a collector brings to the broker until all sources have ended."""
    line = line or Line(Topics())
    await a_collector(*connectors, line=line, how=how).run()
    return line.topics


async def killed(connector: Connector, line: Line) -> bool:
    """Collect until the sources end (True) or the process dies (False)."""
    collector = a_collector(connector, line=line, rhythm=Rhythm(0.001, 0.01, 0.01))
    running = asyncio.create_task(collector.run())
    dying = asyncio.create_task(line.died.wait())
    await asyncio.wait([running, dying], return_when=asyncio.FIRST_COMPLETED)
    dying.cancel()
    ended = running.done()
    collector.stop()
    await running
    return ended


def events_of(*numbers: int) -> list[Event]:
    """Posts by number."""
    return [post(number) for number in numbers]
