"""A collector and its broker that are killed while a platform sends; `python -m tests.chaos --sources` does it for every kind."""

from pathlib import Path

import pytest

from tests.chaos.collected import Deaths
from tests.chaos.sources import trial
from tests.conftest import CACHE
from tests.connected.own_broker import own_broker

pytestmark = pytest.mark.connected


async def test_what_bluesky_sends_while_collector_and_broker_are_killed_is_on_the_topics(tmp_path: Path) -> None:
    with own_broker(tmp_path / "broker", CACHE) as broker:
        result = await trial(broker, tmp_path, 3, ["bluesky"], deaths=Deaths(collector=2, broker=1), posts=200)
    [row] = result.rows()
    assert row["faults"] == []
    assert (row["lost"], row["received"], row["kills"], row["broker_kills"]) == (0, row["sent"], 2, 1)
    assert row["sent"] > 300
