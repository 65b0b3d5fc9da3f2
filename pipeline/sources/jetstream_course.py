"""What was heard on one connection: the events, where one stands behind them, and whether some are missing before them. Pure."""

from collections.abc import Iterable

from pipeline.sources.connector import Event, SourceAway
from pipeline.sources.jetstream_cursor import Standing
from pipeline.sources.jetstream_wire import Heard

TOO_SLOW = "the host found us too slow"


class Course:
    """The course of one connection to `host`. `standing` moves with what is heard.

    `resumed` is where a reader came back to: then the first event's time tells whether some are missing (v1 moves a cursor that
    is too old silently). `end` is why the connection must be left, if the host said so.
    """

    def __init__(self, host: str, standing: Standing, *, resumed: bool, quiet_s: float) -> None:
        self.standing = standing.at(host)
        self.end: SourceAway | None = None
        self._came_back_to: int | None = standing.time_us if resumed else None
        self._quiet_us = quiet_s * 1e6
        self._outdated = False
        self._gap_s: float | None = None

    def take(self, heard: Iterable[Heard]) -> list[Event]:
        """Move behind what was heard and give its events."""
        events: list[Event] = []
        for one in heard:
            if one.event is not None:
                events.append(one.event)
            if one.time_us is not None:
                self._look_back(one.time_us)
                self.standing = self.standing.behind(one)
            elif one.notice is not None:
                self._noted(one.notice)
            elif one.error is not None:
                self.end = SourceAway(TOO_SLOW if one.error == "ConsumerTooSlow" else "the host ended the stream")
        return events

    def gap(self) -> float | None:
        """Seconds that are missing before the first event, once, when it is known that some are."""
        found, self._gap_s = self._gap_s, None
        return found

    def _look_back(self, time_us: int) -> None:
        if self._came_back_to is None:
            return
        missing = time_us - self._came_back_to
        if missing > self._quiet_us or self._outdated:
            self._gap_s = max(missing / 1e6, 0.0)
        self._came_back_to = None

    def _noted(self, notice: str) -> None:
        """A clamped time leaves a gap; a number that is still to come was another archive's, so time must tell."""
        if notice == "OutdatedCursor":
            self._outdated = True
        elif notice == "FutureCursor" and self.standing.seq is not None:
            self.standing = self.standing.by_time()
            self.end = SourceAway("the host numbers its events anew: going on by time", 0.0)
