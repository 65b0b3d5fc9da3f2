"""Shares with their intervals: what an evaluation states, and never a bare percentage."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

_Z = 1.959964  # two-sided, 95 %


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    total: int

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the share (E. B. Wilson, 1927), which holds for small counts."""
        if not self.total:
            return 0.0, 1.0
        share, z2 = self.count / self.total, _Z * _Z
        centre = (share + z2 / (2 * self.total)) / (1 + z2 / self.total)
        spread = math.sqrt(share * (1 - share) / self.total + z2 / (4 * self.total**2))
        half = _Z * spread / (1 + z2 / self.total)
        return max(0.0, centre - half), min(1.0, centre + half)

    @property
    def value(self) -> float:
        """The share itself; 0 of none."""
        return self.count / self.total if self.total else 0.0

    @property
    def upper(self) -> float:
        """The exact one-sided 95 % upper bound (C. J. Clopper and E. S. Pearson, 1934); about 3/n where the count is 0."""
        return exact_upper(self.count, self.total)

    def __str__(self) -> str:
        """Give it as `0.63 (0.59-0.67), 344/549`."""
        if not self.total:
            return "none"
        low, high = self.interval
        return f"{self.count / self.total:.2f} ({low:.2f}-{high:.2f}), {self.count}/{self.total}"

    def per_100_000(self) -> str:
        """Give it as a rate: `9 (4-21) per 100,000; k = 5, n = 55,375`."""
        low, high = (f"{100_000 * bound:.0f}" for bound in self.interval)
        rate = 100_000 * self.count / max(1, self.total)
        return f"{rate:.0f} ({low}-{high}) per 100,000; k = {self.count}, n = {self.total:,}"


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of two shares of different posts, the first less the second."""

    one: Share
    other: Share

    @property
    def value(self) -> float:
        """The difference itself."""
        return self.one.value - self.other.value

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % interval by Newcombe's hybrid score method (R. G. Newcombe, 1998, method 10)."""
        (low, high), (lowest, highest) = self.one.interval, self.other.interval
        down = math.hypot(self.one.value - low, highest - self.other.value)
        up = math.hypot(high - self.one.value, self.other.value - lowest)
        return self.value - down, self.value + up

    def __str__(self) -> str:
        """Give it as `+0.031 (-0.012 to +0.074)`."""
        low, high = self.interval
        return f"{self.value:+.3f} ({low:+.3f} to {high:+.3f})"


def exact_upper(count: int, total: int, level: float = 0.05) -> float:
    """Give the share at which so few as `count` of `total` would be seen with the probability `level`."""
    if count >= total:
        return 1.0
    low, high = count / total, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(count, total, middle) > level else (low, middle)
    return high


def _at_most(count: int, total: int, share: float) -> float:
    """Give the binomial probability of at most so many."""
    odds = math.log(share) - math.log1p(-share)
    term = total * math.log1p(-share)
    found = math.exp(term)
    for one in range(1, count + 1):
        term += math.log(total - one + 1) - math.log(one) + odds
        found += math.exp(term)
    return found


def share_of(items: Iterable[T], holds: Callable[[T], bool]) -> Share:
    """Count the items for which it holds."""
    found = [holds(item) for item in items]
    return Share(sum(found), len(found))


def shares_by(items: Sequence[T], key: Callable[[T], str], holds: Callable[[T], bool]) -> dict[str, Share]:
    """Count by group, in the order of the groups' names."""
    groups: dict[str, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return {name: share_of(group, holds) for name, group in sorted(groups.items())}
