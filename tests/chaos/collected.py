"""What a trial of the collector came to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.arrivals import Arrived
from tests.chaos.platforms.sending import Platform


@dataclass(frozen=True, slots=True)
class Deaths:
    """How often each is killed."""

    collector: int = 4
    broker: int = 2


@dataclass(slots=True)
class Result:
    """What a trial came to, by kind of source."""

    seed: int
    killed: Deaths
    ends: int = 0
    """So often the collector ended by itself: without a broker it cannot begin."""
    seconds: float = 0.0
    platforms: Mapping[str, Platform] = field(default_factory=dict)
    arrived: Mapping[str, Arrived] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether nothing was lost and nothing came that should not."""
        return not any(row["faults"] for row in self.rows())

    def rows(self) -> list[dict[str, Any]]:
        """A row a kind."""
        return [self._row(kind, one) for kind, one in self.platforms.items()]

    def _row(self, kind: str, platform: Platform) -> dict[str, Any]:
        came = self.arrived.get(kind, Arrived())
        return {
            "kind": kind,
            "seed": self.seed,
            "sent": len(platform.sent.must),
            "received": len(came.times),
            "lost": len(came.lost(platform.sent)),
            "twice": came.twice,
            "kills": self.killed.collector,
            "broker_kills": self.killed.broker,
            "ended_by_itself": self.ends,
            "seconds": round(self.seconds, 1),
            "faults": self.faults + came.faults(platform.sent),
        }
