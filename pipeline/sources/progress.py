"""How one source fares: counted once, told as metrics and as the state that is written beside its cursor."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, get_args

import msgspec

from pipeline import metrics
from pipeline.broker.cursors import SourceState, Status
from pipeline.sources.connector import Connector, Step
from pipeline.sources.waiting import Chunk

Cause = Literal["away", "refused", "unforeseen"]
_SHOWN: tuple[Status, ...] = tuple(status for status in get_args(Status) if status != "stopped")


class Progress:
    """One source's state. The cursor moves in `acknowledged` alone: never ahead of what the broker has."""

    def __init__(self, connector: Connector, before: SourceState | None) -> None:
        now = datetime.now(UTC)
        found = before or SourceState(source=connector.name, platform=connector.platform, written_at=now)
        self.state = msgspec.structs.replace(
            found, platform=connector.platform, status="reading", why="", behind_s=None, budget_left=None
        )
        self._label = connector.name
        for counter in (
            *(metrics.SOURCE_EVENTS, metrics.SOURCE_POSTS, metrics.SOURCE_ERASURES, metrics.SOURCE_REJECTED),
            *(metrics.SOURCE_RECONNECTS, metrics.SOURCE_GAPS),
        ):
            counter.labels(self._label)
        for cause in get_args(Cause):
            metrics.SOURCE_FAILURES.labels(self._label, cause)
        metrics.SOURCE_BEHIND.labels(self._label).set(math.nan)
        metrics.SOURCE_BUDGET.labels(self._label).set(math.nan)
        self._succeeded(self.state.last_success)
        self._show()

    def became(self, status: Status, why: str = "") -> None:
        """The source is in another state."""
        self.state = msgspec.structs.replace(self.state, status=status, why=why)
        self._show()

    def failed(self, cause: Cause) -> None:
        """Reading failed."""
        metrics.SOURCE_FAILURES.labels(self._label, cause).inc()

    def reopened(self) -> None:
        """The source is opened again."""
        metrics.SOURCE_RECONNECTS.labels(self._label).inc()
        self.state = msgspec.structs.replace(self.state, reconnects=self.state.reconnects + 1)

    def read(self, step: Step) -> None:
        """A step came: what it says of the source itself."""
        if self.state.status != "reading":
            self.became("reading")
        if step.gaps:
            metrics.SOURCE_GAPS.labels(self._label).inc(step.gaps)
            self.state = msgspec.structs.replace(self.state, gaps=self.state.gaps + step.gaps)
        if step.behind_s is not None:
            metrics.SOURCE_BEHIND.labels(self._label).set(step.behind_s)
            self.state = msgspec.structs.replace(self.state, behind_s=round(step.behind_s, 3))
        if step.budget_left is not None:
            metrics.SOURCE_BUDGET.labels(self._label).set(step.budget_left)
            self.state = msgspec.structs.replace(self.state, budget_left=step.budget_left)

    def acknowledged(self, chunks: Sequence[Chunk]) -> None:
        """The broker has all of these: count them, and move the cursor behind them."""
        now = datetime.now(UTC)
        state = self.state
        events = [one for chunk in chunks for one in chunk.events]
        sorts = [one.sort for one in events]
        posts, erasures, rejected = (sorts.count(sort) for sort in ("post", "erasure", "rejected"))
        metrics.SOURCE_EVENTS.labels(self._label).inc(len(sorts))
        metrics.SOURCE_POSTS.labels(self._label).inc(posts)
        metrics.SOURCE_ERASURES.labels(self._label).inc(erasures)
        metrics.SOURCE_REJECTED.labels(self._label).inc(rejected)
        for letter in (dict(one.headers) for one in events if one.sort == "rejected"):
            metrics.REJECTS.labels("collecting", letter["reason"].decode()).inc()
        self.state = msgspec.structs.replace(
            state,
            last_success=now,
            events=state.events + len(sorts),
            posts=state.posts + posts,
            erasures=state.erasures + erasures,
            rejected=state.rejected + rejected,
        )
        self._succeeded(now)
        for cursor in [chunk.cursor for chunk in chunks if chunk.cursor is not None][-1:]:
            self._move(dict(cursor), now)

    def _move(self, cursor: dict[str, str], now: datetime) -> None:
        if cursor == self.state.cursor:
            return
        self.state = msgspec.structs.replace(self.state, cursor=cursor, cursor_at=now, sequence=self.state.sequence + 1)

    def tick(self, now: datetime) -> None:
        """Let the cursor's age be seen."""
        at = self.state.cursor_at
        metrics.SOURCE_CURSOR_AGE.labels(self._label).set((now - at).total_seconds() if at else math.nan)

    def _succeeded(self, at: datetime | None) -> None:
        metrics.SOURCE_SUCCESS.labels(self._label).set(at.timestamp() if at else math.nan)

    def _show(self) -> None:
        for status in _SHOWN:
            metrics.SOURCE_STATE.labels(self._label, status).set(status == self.state.status)
