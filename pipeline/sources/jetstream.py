"""Bluesky, live: posts, edits and deletions from a host of Jetstream. It needs no account.

    wss://HOST ──► frames ──► hear ──► Step(events, cursor)
         └─ away or still ──► the next host, by time

What it needs, costs and must heed stands in `docs/sources/bluesky.md`.
"""

import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection

from pipeline.errors import ConfigurationError
from pipeline.sources.bluesky_posts import PLATFORM
from pipeline.sources.connector import Cursor, SourceAway, SourceRefused, Step
from pipeline.sources.jetstream_course import TOO_SLOW, Course
from pipeline.sources.jetstream_cursor import Standing, address, asked, checked_host, read_cursor
from pipeline.sources.jetstream_line import STILL, TOO_LARGE, CursorTooOld, open_line, read_batch
from pipeline.sources.jetstream_wire import Wire, hear

HOSTS: dict[Wire, tuple[str, ...]] = {
    "v1": tuple(f"wss://jetstream{n}.us-{side}.bsky.network" for side in ("east", "west") for n in (1, 2)),
    "v2": ("wss://jetstream.us-east.bsky.network", "wss://jetstream.us-west.bsky.network"),
}
"""Bluesky's own hosts."""

_ELSEWHERE = frozenset({STILL, TOO_LARGE, TOO_SLOW})

log = logging.getLogger("fanal.sources.jetstream")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: a stream without a frame stands still after `stall_s`; `quiet_s` between the last event and the first after
    a return is a gap; a return by time goes `rewind_s` back; a connection opens within `open_s`. `batch` frames are a step."""

    stall_s: float = 30.0
    quiet_s: float = 60.0
    rewind_s: float = 5.0
    open_s: float = 10.0
    batch: int = 256


class Jetstream:
    """The connector of one stream of Jetstream, over as many hosts as serve it.

    Hosts are tried in turn, first the one that was read last. A return after which events are missing is a gap of its step.
    """

    platform = PLATFORM
    live = True

    def __init__(
        self,
        name: str,
        wire: Wire = "v2",
        hosts: Sequence[str] = (),
        limits: Limits = Limits(),
        clock: Callable[[], float] = time.time,
    ) -> None:
        if wire not in HOSTS:
            raise ConfigurationError(f"{name}: the wire of Jetstream is v1 or v2")
        self.name = name
        self._wire: Wire = wire
        self._hosts = tuple(map(checked_host, hosts or HOSTS[wire]))
        self._limits = limits
        self._clock = clock
        self._turn: int | None = None

    async def steps(self, cursor: Cursor | None) -> AsyncGenerator[Step, None]:
        """Read on from a cursor, or from now; never ends by itself.

        Raises:
            SourceAway: no host can be reached, or the one that was read fell silent, was cut or asked to leave.
            SourceRefused: every host refuses, or the cursor is not Jetstream's.
        """
        found = read_cursor(self.name, cursor) if cursor else None
        standing = found or Standing(self._now_us())
        if found is None:
            yield Step((), standing.cursor())
        try:
            host, line = await self._open(found)
        except CursorTooOld:
            yield Step((), standing.by_time().cursor())
            raise SourceAway("the host no longer holds what follows the cursor: going on by time", 0.0) from None
        try:
            course = Course(host, standing, resumed=found is not None, quiet_s=self._limits.quiet_s)
            while not (end := course.end):
                batch = await read_batch(line, self._limits.batch, self._limits.stall_s)
                yield self._step(course, batch.frames)
                course.end = course.end or batch.end
            self._left(end)
            raise end
        finally:
            await line.close()

    def _step(self, course: Course, frames: Sequence[bytes]) -> Step:
        now_us = self._now_us()
        events = course.take(hear(self._wire, raw, self.name, now_us) for raw in frames)
        if (missing := course.gap()) is not None:
            log.warning("events are missing from the stream", extra={"source": self.name, "seconds": round(missing)})
        behind = max(now_us - course.standing.time_us, 0) / 1e6
        return Step(events, course.standing.cursor(), behind, gaps=int(missing is not None))

    async def _open(self, standing: Standing | None) -> tuple[str, ClientConnection]:
        """Connect to the first host that takes us, beginning with the one whose turn it is."""
        if self._turn is None:
            self._turn = self._hosts.index(standing.host) if standing and standing.host in self._hosts else 0
        failures: list[SourceAway | SourceRefused] = []
        for _ in self._hosts:
            host = self._hosts[self._turn]
            cursor = asked(standing, self._wire, host, self._limits.rewind_s) if standing else None
            try:
                return host, await open_line(address(host, self._wire, cursor), self._wire, self._limits.open_s)
            except (SourceAway, SourceRefused) as failure:
                failures.append(failure)
                self._next()
        raise next((one for one in failures if isinstance(one, SourceAway)), failures[0])

    def _left(self, end: SourceAway) -> None:
        """A host that stands still or sends us away has had its turn; one whose line was cut is tried again first."""
        log.info("the stream was left", extra={"source": self.name, "why": end.why})
        if end.why in _ELSEWHERE:
            self._next()

    def _next(self) -> None:
        self._turn = ((self._turn or 0) + 1) % len(self._hosts)

    def _now_us(self) -> int:
        return int(self._clock() * 1e6)
