"""What a connector is to the collector: a stream of steps, each with the events that came in and the cursor behind them.

    platform ──► connector ──► Step(events, cursor) ──► collector ──► broker acknowledged ──► cursor written

A connector knows one platform's wire and nothing of Kafka. It keeps no state but what the cursor holds: whatever was read
after the last cursor that was written is read again after a restart, and screening passes over what it has seen.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pipeline.errors import ConfigurationError, Unavailable
from pipeline.posts import Erasure, Post, Rejected

Cursor = Mapping[str, str]
"""Where a connector stands: a few short texts under names of its own."""

Event = Post | Erasure | Rejected
"""A post or an edit of one; a deletion; something that could not be read, its bytes whole."""


@dataclass(frozen=True, slots=True)
class Step:
    """Events in the order in which they came, perhaps none. `cursor` stands behind the last of them; None changes nothing.

    `behind_s` says how far behind now the platform's newest event is, where the wire tells; `gaps` how many times since the
    last step events were missed for good; `budget_left` how much of a metered budget is left (posts, calls), where there is one.
    """

    events: Sequence[Event]
    cursor: Cursor | None = None
    behind_s: float | None = None
    gaps: int = 0
    budget_left: float | None = None


class Connector(Protocol):
    """One source: a platform, an account or a feed of it, and what is asked of it."""

    @property
    def name(self) -> str:
        """The source's name in the configuration, unique: `source_id` of its posts, label of its metrics, key of its cursor."""

    @property
    def platform(self) -> str:
        """The platform of its posts, as in `config/taxonomy.yaml`'s sense: `bluesky`, `mastodon`, `rss`."""

    @property
    def live(self) -> bool:
        """Whether it reads a live platform: then the licence to exist is asked for, and the erasure agent must run."""

    def steps(self, cursor: Cursor | None) -> AsyncIterator[Step]:
        """Read on from a cursor of its own, or from now where there is none; rewinding as its wire needs.

        Ends when there will never be more (a file's end). The collector opens it again after `SourceAway`, with the cursor
        of the last step.

        Raises:
            SourceAway: the connection failed, stalled, or asks to wait: open it again later.
            SourceRefused: the platform refuses for good (401, 403, 410, a bad cursor): a person must act.
        """


@runtime_checkable
class Acknowledges(Protocol):
    """A connector that wants to know what the broker has, to answer whoever sent it."""

    def acknowledged(self, cursor: Cursor) -> None:
        """The broker has all events up to this cursor."""


class SourceAway(Unavailable):
    """A source is away for now. `retry_after_s` is what it asked for, else None; `why` is a short constant text."""

    def __init__(self, why: str, retry_after_s: float | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.retry_after_s = retry_after_s


class SourceRefused(ConfigurationError):
    """A source refuses for good; the message says what to do, and holds no secret."""
