"""Posts like this one: packed vectors, and neighbours from the real index."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner, Result

from models.features import last_layer
from pipeline.__main__ import cli
from pipeline.index.similar import Similar, reading
from pipeline.index.store import Store, open_store
from pipeline.posts import Hit
from pipeline.screen.vectors import DIMS, packed, unpacked
from pipeline.settings import ElasticsearchSettings
from tests.test_documents import hit

RANDOM = np.random.default_rng(5)


def test_a_packed_vector_points_where_the_reading_does() -> None:
    numbers = RANDOM.normal(size=DIMS).astype(np.float32)
    back = np.array(unpacked(packed(numbers) or ""), np.float32)
    assert np.abs(back).max() == 127
    assert back @ numbers / np.linalg.norm(back) / np.linalg.norm(numbers) > 0.9999


@pytest.mark.parametrize(
    "numbers", [None, (), (1.0,) * 768, (0.0,) * DIMS, (float("nan"),) * DIMS, (float("inf"),) * DIMS]
)
def test_what_cannot_be_compared_has_no_vector(numbers: Any) -> None:
    assert packed(numbers) is None


def test_the_last_layer_is_the_last_third_of_the_features() -> None:
    assert last_layer(np.arange(12, dtype=np.float32).reshape(2, 6)).tolist() == [[4, 5], [10, 11]]


def test_a_servers_way_of_giving_a_vector_back_does_not_matter() -> None:
    for given in ([1, -2], [[1, -2]]):
        assert reading({"hits": {"hits": [{"fields": {"vector": given}}]}}) == [1, -2]
    assert reading({"hits": {"hits": [{}]}}) is None
    assert reading({"hits": {"hits": []}}) is None


@pytest.fixture
async def store(search_url: str) -> AsyncIterator[Store]:
    made = open_store(search_url, ElasticsearchSettings(prefix=f"t{uuid4().hex[:10]}"))
    await made.set_up()
    yield made
    await made.close()


def with_vector(id_: str, numbers: Any, month: str = "2026.11") -> Hit:
    made = hit(id_, month=month)
    return msgspec.structs.replace(made, document=msgspec.structs.replace(made.document, vector=packed(numbers)))


@pytest.mark.connected
async def test_the_nearest_hits_of_all_months_are_found_in_order_without_the_hit_itself(store: Store) -> None:
    one, other = RANDOM.normal(size=(2, DIMS))
    hits = [
        with_vector("a", one),
        with_vector("b", one + 0.2 * other),
        with_vector("c", one + other, "2026.10"),
        with_vector("d", -one),
        with_vector("e", None),
    ]
    assert await store.write(hits) == []
    await store.refresh()
    found = await store.similar("a")
    assert [one["id"] for one in found.hits] == ["b", "c", "d"]
    near = [one["similarity"] for one in found.hits]
    assert near[0] == pytest.approx(0.98, abs=0.02)
    assert near[2] == pytest.approx(-1, abs=0.01)
    assert all("vector" not in one and "text" in one for one in found.hits)
    assert len((await store.similar("a", 1)).hits) == 1
    assert (await store.similar("e")) == Similar(known=True, readable=False)
    assert (await store.similar("none")).known is False


async def said(*words: str) -> Result:
    """What the command says; it has a loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, cli, ["similar", *words])


@pytest.mark.connected
async def test_the_command_prints_masked_neighbours_and_says_what_is_wrong(
    store: Store, search_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = RANDOM.normal(size=DIMS)
    await store.write([with_vector("a", numbers), with_vector("b", numbers), with_vector("e", None)])
    await store.refresh()
    monkeypatch.setenv("FANAL_ELASTICSEARCH_URL", search_url)
    monkeypatch.setenv("FANAL_ELASTICSEARCH_PREFIX", store._names.prefix)
    done = await said("a", "--json")
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["b"]
    assert (await said("a")).stdout.startswith("1.000  b  smuggling  fr  un texte de deux lignes")
    assert "no hit has this id" in str((await said("none")).exception)
    assert "this hit has no vector" in str((await said("e")).exception)
