"""A collector as it ships, over numbered posts that never end by themselves, so that a test can kill it.

`python -m tests.fakes_sources.collecting COUNT CUT PORT_FILE`: reads COUNT posts, cut at every CUT-th, and waits then.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.commands.collect import start
from pipeline.posts import Erasure, Rejected
from pipeline.settings import Settings
from pipeline.sources.connector import Cursor, Step
from pipeline.sources.reading import Manner
from pipeline.sources.retrying import Patience
from tests.fakes import NOW
from tests.fakes_sources import Numbered


@dataclass
class Unending(Numbered):
    """Numbered posts, then one erasure, one letter, and silence."""

    async def steps(self, cursor: Cursor | None) -> AsyncIterator[Step]:
        """See `Numbered`."""
        async for step in super().steps(cursor):
            yield step
        erased = Erasure(platform="push", erased_at=NOW, native_id="n-0")
        yield Step([erased, Rejected(raw=b"{torn\n", reason="not_json", detail="torn")], {"at": str(self.count)}, 0.5)
        await asyncio.Event().wait()


def main(count: str, cut: str, port_file: str) -> None:
    """Collect until a signal comes."""
    source = Unending(int(count), cut=int(cut), rewind=3, a_step=2, pause_s=0.002)
    how = Manner(patience=Patience(first_s=0.01, cap_s=0.02, flow_s=0, breaks_after=10**9))
    start(Settings.read(), [source], how, Path(port_file))


if __name__ == "__main__":
    main(*sys.argv[1:])
