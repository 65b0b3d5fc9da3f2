"""A collector as it ships, in haste, without what must hold before a live source is read: for the kill test.

`python -m tests.chaos.collecting CONFIG PORT_FILE`. What is live here is served by the trial itself, and nobody's.
"""

import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from pipeline.broker.connection import Connection
from pipeline.commands import collect, parts
from pipeline.settings import Settings
from pipeline.sources.collector import BeforeLive
from pipeline.sources.connector import Connector
from pipeline.sources.feeds import Asked, Feeds
from pipeline.sources.kinds import KINDS, FeedSettings, Kind
from pipeline.sources.reading import Manner
from pipeline.sources.retrying import Patience

EVERY = timedelta(seconds=0.5)
HASTE = Patience(first_s=0.05, cap_s=0.3, flow_s=0.5, breaks_after=10**9)


def _feeds(name: str, settings: FeedSettings, _: Connection) -> Connector:
    """Feeds that are asked twice a second: less than a configuration allows."""
    return Feeds(Asked(name, settings.urls, EVERY, private=True, retry_cap_s=0.3))


def _nothing(settings: Settings, found: Sequence[Connector]) -> Sequence[BeforeLive]:
    return ()


def main(config: str, port_file: str) -> None:
    """Collect until a signal comes."""
    settings = Settings.read()
    kinds = {**KINDS, "rss": Kind(FeedSettings, _feeds)}
    found = collect.configured(Path(config), (), parts.connection(settings), kinds)
    collect.before_live = _nothing
    collect.start(settings, found, Manner(patience=HASTE), Path(port_file))


if __name__ == "__main__":
    main(*sys.argv[1:])
