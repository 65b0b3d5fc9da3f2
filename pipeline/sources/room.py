"""Room for what is in hand: bytes that are taken while a request is under way, never more than may be."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Room:
    """So many bytes in all; each request holds what it has read until it has its answer."""

    size: int
    _held: int = 0

    class Held:
        """What one request holds."""

        def __init__(self, room: "Room") -> None:
            self._room = room
            self.size = 0

        def take(self, size: int) -> bool:
            """Hold so many bytes more; False, and nothing changes, where there is no room."""
            if self._room._held + size > self._room.size:
                return False
            self._room._held += size
            self.size += size
            return True

    @contextmanager
    def entered(self) -> Iterator["Room.Held"]:
        """One request: what it holds is given back at its end."""
        held = Room.Held(self)
        try:
            yield held
        finally:
            self._held -= held.size
