"""What a dead broker causes, in the real Alertmanager with the routes that ship: forty alerts, one page, and no offer held back."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.alerting.on_call import on_call
from tests.alerting.servers import alertmanager, free_port
from tests.alerting.shipped import alerts, write_alertmanager
from tests.connected.pipelines import until
from tests.tools.debian import Unobtainable

pytestmark = [pytest.mark.connected, pytest.mark.slow]

LABELS: dict[str, list[dict[str, str]]] = {
    "FanalNoProgress": [{"role": role} for role in ("screening", "indexing", "erasing", "trends")],
    "FanalLagRising": [{"topic": topic} for topic in ("posts", "hits", "erasures", "sightings")],
    "FanalSourceSilent": [{"source": f"source-{number}"} for number in range(28)],
    "FanalSearchableSlow": [{}],
    "FanalErasuresPending": [{}],
    "FanalIndexAway": [{}],
    "FanalAllSourcesSilent": [{}],
}
"""Forty alerts."""


def firing(name: str, labels: Mapping[str, str], lasts: timedelta = timedelta(minutes=5)) -> dict[str, object]:
    now = datetime.now(UTC)
    own = alerts()[name]["labels"] | labels | {"alertname": name}
    return {"labels": own, "startsAt": now.isoformat(), "endsAt": (now + lasts).isoformat()}


def tell(url: str, *told: dict[str, object]) -> None:
    with httpx.Client(trust_env=False) as client:
        assert client.post(f"{url}/api/v2/alerts", json=told, timeout=20).status_code == 200


def consequences() -> Iterator[dict[str, object]]:
    return (firing(name, labels) for name, some in LABELS.items() for labels in some)


async def test_a_dead_broker_is_one_page_and_holds_back_no_offer(tmp_path: Path) -> None:
    assert len(list(consequences())) == 40
    async with on_call() as called:
        config = write_alertmanager(tmp_path, called.url, haste=True)
        try:
            async with alertmanager(config, free_port()) as url:
                tell(url, *consequences(), firing("FanalBrokerAway", {}), firing("FanalSpike", {"kind": "smuggling"}))
                await until(lambda: {name for call in called.calls for name in call.firing} >= {"FanalBrokerAway"})
                await asyncio.sleep(6)
                assert sorted((call.receiver, *call.firing) for call in called.calls) == [
                    ("on-call-page", "FanalBrokerAway"),
                    ("on-call-page", "FanalSpike"),
                ]
                tell(url, firing("FanalBrokerAway", {}, timedelta()))
                await until(lambda: bool(called.about("FanalIndexAway")))
                await asyncio.sleep(3)
                assert not called.about("FanalSearchableSlow"), "the index is away: that follows from it"
        except Unobtainable as why:
            pytest.skip(str(why))
