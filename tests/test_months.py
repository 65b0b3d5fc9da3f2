"""Months: which go, when, and how; against the real index, and what the worker makes of it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from click.testing import CliRunner

from pipeline.__main__ import cli
from pipeline.errors import IndexUnavailable
from pipeline.index.documents import Names
from pipeline.index.months import Month, _months, ended, expired
from pipeline.index.store import Store, open_store
from pipeline.retaining import Retaining
from pipeline.settings import ElasticsearchSettings
from tests.test_documents import hit

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def month(name: str, deleted: int = 0) -> Month:
    return Month(name, 1, 1, deleted, 1, (f"fanal-hits-{name}", f"fanal-evidence-{name}"))


ALL = [month(name) for name in ("2025.10", "2025.11", "2026.04", "2026.05", "2026.10", "2026.11", "2026.12")]


@pytest.mark.parametrize(
    ("keep", "gone"),
    [
        (0, []),
        (1, ["2025.10", "2025.11", "2026.04", "2026.05"]),
        (6, ["2025.10", "2025.11", "2026.04"]),
        (12, ["2025.10"]),
        (240, []),
    ],
)
def test_a_month_goes_when_it_ended_so_many_months_ago(keep: int, gone: list[str]) -> None:
    assert [one.name for one in expired(ALL, keep, NOW)] == gone


def test_a_month_goes_at_the_start_of_the_month_that_it_says() -> None:
    assert [month("2026.11").goes_in(keep) for keep in (1, 2, 14)] == ["2027.01", "2027.02", "2028.02"]
    [one] = expired([month("2026.11")], 1, datetime(2027, 1, 1, tzinfo=UTC))
    assert one.name == "2026.11"
    assert expired([month("2026.11")], 1, datetime(2026, 12, 31, 23, tzinfo=UTC)) == []


def test_only_indices_of_our_form_are_months() -> None:
    names = ("fanal-hits-2026.05", "fanal-evidence-2026.05", "fanal-hits-2026.13", "fanal-hits-2026.05-copy", "other")
    rows = [{"index": name, "docs.count": "2", "docs.deleted": "1", "store.size": "10"} for name in names]
    [one] = _months([*rows, {"index": "fanal-tombstones", "docs.count": None}], Names("fanal"))
    assert (one.name, one.hits, one.evidence, one.deleted, one.size) == ("2026.05", 2, 2, 2, 20)
    assert one.indices == names[:2]


class Kept:
    """Months that note what was done to them."""

    def __init__(self, *standing: Month) -> None:
        self._standing = standing
        self.dropped: list[str] = []
        self.settled: list[str] = []
        self.away = False

    async def standing(self) -> list[Month]:
        if self.away:
            raise IndexUnavailable("Elasticsearch: it cannot be reached")
        return list(self._standing)

    async def drop(self, months: Sequence[Month]) -> None:
        self.dropped += [one.name for one in months]

    async def settle(self, months: Sequence[Month]) -> None:
        self.settled += [one.name for one in months]


async def test_the_worker_drops_what_has_had_its_time_and_settles_what_has_ended_once_a_day() -> None:
    kept = Kept(*ALL)
    retaining = Retaining(kept, 6, lambda: True)
    await retaining.look(NOW)
    assert kept.dropped == ["2025.10", "2025.11", "2026.04"]
    assert kept.settled == ["2026.05", "2026.10"]
    await retaining.look(NOW)
    assert kept.settled == ["2026.05", "2026.10"]
    assert [one.name for one in ended(ALL, NOW)][-1] == "2026.10"


async def test_a_worker_that_does_not_lead_and_one_whose_index_is_away_drop_nothing() -> None:
    led, away = Kept(*ALL), Kept(*ALL)
    away.away = True
    for kept, leads in ((led, False), (away, True)):
        running = asyncio.create_task(Retaining(kept, 1, lambda leads=leads: leads).run())  # type: ignore[misc] # a default binds it
        await asyncio.sleep(0.05)
        assert not running.done()
        running.cancel()
        assert kept.dropped == []


@pytest.fixture
async def store(search_url: str) -> AsyncIterator[Store]:
    made = open_store(search_url, ElasticsearchSettings(prefix=f"t{uuid4().hex[:10]}"))
    await made.set_up()
    yield made
    await made.close()


@pytest.mark.connected
async def test_a_dropped_month_is_gone_whole_and_the_others_stand(store: Store) -> None:
    assert await store.months.standing() == []
    await store.write([hit("a", month="2026.01"), hit("b", month="2026.02")])
    first, second = await store.months.standing()
    assert (first.name, second.name) == ("2026.01", "2026.02")
    await store.months.drop([first])
    await store.months.drop([first])
    assert [one.name for one in await store.months.standing()] == ["2026.02"]
    assert await store.present({"a": 7, "b": 7}) == {"b"}
    await store.write([hit("a", month="2026.01")])
    assert await store.present({"a": 7, "b": 7}) == {"a", "b"}


@pytest.mark.connected
async def test_what_was_deleted_leaves_the_files_when_a_month_is_settled(store: Store) -> None:
    """The server keeps what was deleted for its copies, and lets go of it within half a minute."""
    await store.write([hit(f"h{number}", month="2026.01") for number in range(100)])
    await store.refresh()
    await store._client.delete(index=f"{store._names.hits}-2026.01", id="h7", refresh=True)
    [before] = await store.months.standing()
    assert before.hits == 99
    assert before.deleted > 0
    after, deadline = before, time.monotonic() + 90
    while after.deleted:
        assert time.monotonic() < deadline, after
        await store.months.settle([before])
        await asyncio.sleep(1)
        [after] = await store.months.standing()
    assert (after.hits, after.evidence) == (99, 100)
    assert await store.write([hit("h7", month="2026.01")]) == []


@pytest.mark.connected
async def test_the_command_lists_months_and_drops_them_when_told(
    store: Store, search_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANAL_ELASTICSEARCH_URL", search_url)
    monkeypatch.setenv("FANAL_ELASTICSEARCH_PREFIX", store._names.prefix)
    await store.write([hit("a", month="2020.01"), hit("b", month="2098.02")])
    await store.refresh()

    async def said(*words: str) -> str:
        done = await asyncio.to_thread(CliRunner().invoke, cli, ["index", *words])
        assert done.exit_code == 0, done.exception
        return done.stdout

    assert await said("retain") == "all months are kept\n"
    monkeypatch.setenv("FANAL_ELASTICSEARCH_KEEP_MONTHS", "6")
    listed = [json.loads(line) for line in (await said("months", "--json")).splitlines()]
    assert [(one["name"], one["goes_in"]) for one in listed] == [("2020.01", "2020.08"), ("2098.02", "2098.09")]
    assert (await said("retain", "--dry-run")).startswith("would delete 2020.01")
    assert len((await said("months")).splitlines()) == 2
    assert (await said("retain")).startswith("deleted 2020.01")
    assert await said("retain") == "no month has had its time\n"
    assert len((await said("months")).splitlines()) == 1
