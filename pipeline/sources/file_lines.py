"""A file of posts as a source: its lines in order, the cursor being the number of the last."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pipeline.codec import decode_post
from pipeline.errors import UsageError
from pipeline.sources.connector import Cursor, SourceRefused, Step
from pipeline.sources.lines import opened, read_lines

LINES = 256
PACED_S = 0.25
"""At a pace, a step holds what is due within so long."""


@dataclass(frozen=True, slots=True)
class FileLines:
    """See `Connector`. Ends with the file; a line that is no post is rejected and its neighbours go on."""

    name: str
    path: Path
    rate: float | None = None
    platform: str = "replay"
    live: bool = False

    async def steps(self, cursor: Cursor | None) -> AsyncIterator[Step]:
        """See `Connector.steps`."""
        done = int(cursor["line"]) if cursor else 0
        at_once = min(LINES, max(1, int(self.rate * PACED_S))) if self.rate else LINES
        try:
            with opened(str(self.path)) as file:
                lines = (line for line in read_lines(file, self.path.name) if line.number > done)
                started, sent = time.monotonic(), 0
                while some := await asyncio.to_thread(lambda: list(islice(lines, at_once))):
                    yield Step([decode_post(line.raw) for line in some], {"line": str(some[-1].number)})
                    sent += len(some)
                    if self.rate:
                        await asyncio.sleep(max(0.0, started + sent / self.rate - time.monotonic()))
        except UsageError as error:
            raise SourceRefused(str(error)) from None
