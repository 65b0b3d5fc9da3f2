"""How far an engine agrees with the one that the heads were trained on: the figures, and whether they are good enough."""

from dataclasses import dataclass

MOST_FLIPS = 0.01
MOST_DELTA = 0.1


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two engines on the same posts: how many of which sort, how many flags differ, the 99th percentile of |Δ logit|."""

    background: int
    top: int
    examples: int
    flips: int
    p99: float

    @property
    def share(self) -> float:
        """The share of the compared posts whose flag differs."""
        return self.flips / max(1, self.top + self.examples)

    @property
    def holds(self) -> bool:
        """Whether the engine may stand in for the other unasked."""
        return self.share <= MOST_FLIPS and self.p99 <= MOST_DELTA

    def __str__(self) -> str:
        verdict = "agrees" if self.holds else "does NOT agree"
        return (
            f"{verdict}: {self.flips} flags differ of {self.top + self.examples} ({self.share:.2%}), p99 |Δ logit| "
            f"{self.p99:.4f}; the top {self.top} of {self.background} background posts and {self.examples} examples"
        )
