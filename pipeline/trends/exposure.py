"""All posts seen, by platform, in the windows that end now."""

from collections import deque

from pipeline.trends.detector import WINDOWS

MOST_PLATFORMS = 64
OTHER = "other"


class Posts:
    """Posts of the last hour by platform; beyond 64 platforms those of the others together."""

    def __init__(self) -> None:
        self.open: dict[str, int] = {}
        self.closed: dict[str, deque[int]] = {}

    def add(self, platform: str, number: int) -> None:
        """Count posts in the minute that is open."""
        known = platform in self.open or platform in self.closed
        name = platform if known or len(self.open.keys() | self.closed.keys()) < MOST_PLATFORMS else OTHER
        self.open[name] = self.open.get(name, 0) + number

    def close(self) -> dict[str, list[int]]:
        """End the minute: the posts of each platform in each window."""
        for platform in self.open.keys() - self.closed.keys():
            self.closed[platform] = deque([0] * WINDOWS[-1], maxlen=WINDOWS[-1])
        for platform, minutes in self.closed.items():
            minutes.append(self.open.get(platform, 0))
        self.open.clear()
        return {platform: self._windows(minutes) for platform, minutes in self.closed.items()}

    def load(self, closed: dict[str, list[int]], open_: dict[str, int]) -> None:
        """Take over what another counted."""
        self.open = dict(open_)
        self.closed = {platform: deque(minutes, maxlen=WINDOWS[-1]) for platform, minutes in closed.items()}

    @staticmethod
    def _windows(minutes: "deque[int]") -> list[int]:
        held = list(minutes)
        return [sum(held[-length:]) for length in WINDOWS]
