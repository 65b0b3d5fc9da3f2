"""Stored hits, page by page, from the real index; and a hit with all that cues and rules put on it is taken by the mapping."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest

from pipeline.index import stored
from pipeline.index.store import Store, open_store
from pipeline.resources import config_dir
from pipeline.rules import apply, read_rules
from pipeline.rules.backtest import Backtest
from pipeline.settings import ElasticsearchSettings
from tests.test_documents import NOW, hit
from tests.test_hits import hit as made
from tests.test_hits import post


@pytest.fixture
async def store(search_url: str) -> AsyncIterator[Store]:
    own = open_store(search_url, ElasticsearchSettings(url=search_url, prefix=f"t{uuid4().hex[:10]}"))
    await own.set_up()
    yield own
    await own.close()


@pytest.mark.connected
async def test_every_hit_of_a_span_comes_once_in_the_order_of_its_arrival(store: Store) -> None:
    count = stored.PAGE + 7
    document = hit().document
    hits = [
        hit(
            f"id{number}",
            document=msgspec.structs.replace(
                document, received_at=NOW + timedelta(seconds=number // 3), position=f"0/{number:04}/0"
            ),
        )
        for number in range(count)
    ]
    assert await store.write(hits) == []
    await store.refresh()
    pages = [page async for page in store.stored(NOW)]
    assert [len(page) for page in pages] == [stored.PAGE, 7]
    assert [one["position"] for page in pages for one in page] == [one.document.position for one in hits]
    part = [page async for page in store.stored(NOW + timedelta(seconds=2), NOW + timedelta(seconds=4))]
    assert [one["position"] for page in part for one in page] == [f"0/{number:04}/0" for number in range(6, 12)]


@pytest.mark.connected
async def test_a_hit_with_cues_and_rules_is_taken_and_backtests_as_it_was_ruled(store: Store) -> None:
    rules = read_rules(config_dir() / "rules")
    one = made(post(text="Boat leaving tonight, from Sihanoukville to Lesvos, 3000 euro per person, @boss_example"))
    document = apply(msgspec.structs.replace(one.document, kind="recruitment", scores={"recruitment": 0.9}), rules)
    assert document.rules == ("scam-compound-wording",)
    assert document.departs_at
    assert document.spans
    assert await store.write([msgspec.structs.replace(one, document=document)]) == []
    await store.refresh()
    test = Backtest(rules)
    async for page in store.stored(document.received_at):
        test.add(page)
    assert (test.hits, test.unread, test.held["scam-compound-wording"].hits) == (1, 0, 1)
    assert "boss_example" not in str(test.report())


@pytest.mark.connected
async def test_before_the_first_hit_there_is_no_page(store: Store) -> None:
    assert [page async for page in store.stored(NOW)] == []
