"""Two classifiers on the same posts: which does better, and whether the difference is more than noise."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

from models.measures import Share

LEVEL = 0.05

Better = Literal["A", "B"]


@dataclass(frozen=True, slots=True)
class Paired:
    """On how many posts both, only one or neither of two classifiers did what is counted."""

    both: int
    only_a: int
    only_b: int
    neither: int

    @property
    def total(self) -> int:
        """All posts."""
        return self.both + self.only_a + self.only_b + self.neither

    @property
    def a(self) -> Share:
        """The share of the first."""
        return Share(self.both + self.only_a, self.total)

    @property
    def b(self) -> Share:
        """The share of the second."""
        return Share(self.both + self.only_b, self.total)

    @property
    def difference(self) -> float:
        """The share of the second less that of the first."""
        return self.b.value - self.a.value

    @property
    def p(self) -> float:
        """The exact two-sided p of McNemar's test: how likely so uneven a split of what differs is if neither is better."""
        differ = self.only_a + self.only_b
        tail = sum(math.comb(differ, few) for few in range(min(self.only_a, self.only_b) + 1))
        return min(1.0, float(2 * tail / 2**differ))

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Give the interval of the difference that misses it with the probability `level`.

        That of D. G. Bonett and R. M. Price (2012) for paired shares, which holds for few posts and for none that differ.
        """
        posts = self.total + 2
        one, other = (self.only_b + 1) / posts, (self.only_a + 1) / posts
        half = NormalDist().inv_cdf(1 - level / 2) * math.sqrt(max(0.0, one + other - (one - other) ** 2) / posts)
        return max(-1.0, one - other - half), min(1.0, one - other + half)


@dataclass(frozen=True, slots=True)
class Contest:
    """One thing counted of both; `more` where more of it is better. `level` is that of its verdict."""

    what: str
    paired: Paired
    more: bool
    level: float = LEVEL

    @property
    def better(self) -> Better | None:
        """Which of the two is better by more than noise, if one is."""
        low, high = self.paired.interval(self.level)
        if low <= 0.0 <= high:
            return None
        return "B" if (low > 0.0) == self.more else "A"

    def as_json(self) -> dict[str, Any]:
        """Give the counts, the difference with its 95 % interval, McNemar's p and the verdict."""
        low, high = self.paired.interval()
        one = self.paired
        counts = {"both": one.both, "only_a": one.only_a, "only_b": one.only_b, "neither": one.neither}
        figures = {"difference": round(one.difference, 6), "low": round(low, 6), "high": round(high, 6), "p": one.p}
        return {"what": self.what, **counts, **figures, "more_is_better": self.more, "better": self.better}

    def __str__(self) -> str:
        low, high = self.paired.interval()
        words = {None: "no difference beyond noise", "A": "A is better", "B": "B is better"}[self.better]
        one = self.paired
        return (
            f"A {one.a.count} B {one.b.count} of {one.total}; B less A {one.difference:+.4f} ({low:+.4f} to {high:+.4f}), "
            f"only A {one.only_a}, only B {one.only_b}, p {one.p:.2g}: {words}"
        )


def paired(both: Iterable[tuple[bool, bool]]) -> Paired:
    """Count what the first and the second did with each post."""
    found = list(both)
    counts = [found.count(one) for one in ((True, True), (True, False), (False, True), (False, False))]
    return Paired(*counts)


def contest(what: str, both: Iterable[tuple[bool, bool]], *, more: bool, among: int = 1) -> Contest:
    """Count one thing of `among` that are looked at together: its verdict holds for all of them at once (Bonferroni)."""
    return Contest(what, paired(both), more, LEVEL / max(1, among))
