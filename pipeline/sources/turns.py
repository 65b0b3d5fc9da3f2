"""Taking turns on the loop: work that never waits would else keep it to itself, and every other source would stand still."""

import asyncio
import time

TURN_S = 0.0005


class Turns:
    """Lets the others run when a turn has lasted half a millisecond."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    async def give_way(self) -> None:
        """Go on at once, or after the others had their turn."""
        if time.monotonic() - self._began > TURN_S:
            await asyncio.sleep(0)
            self._began = time.monotonic()
