"""How late a hit is found: one is followed at a time, with a rest between."""

import asyncio

from prometheus_client import REGISTRY

from pipeline.searchable import Searchable
from tests.test_documents import hit


class Index:
    """Finds every document the third time that it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def searchable(self, id_: str) -> bool:
        """Whether it was asked often enough."""
        self.asked.append(id_)
        return self.asked.count(id_) == 3


def observed() -> float:
    """How many times a hit was found."""
    return REGISTRY.get_sample_value("fanal_searchable_seconds_count") or 0.0


async def test_a_hit_is_asked_for_until_a_search_finds_it_and_others_meanwhile_are_not() -> None:
    index, before = Index(), observed()
    searchable = Searchable(index, rest_s=0.0)
    searchable.written(hit("a"))
    searchable.written(hit("b"))
    await asyncio.sleep(0.35)
    assert index.asked == ["a"] * 3
    assert observed() == before + 1
    searchable.written(hit("c"))
    await asyncio.sleep(0.05)
    await searchable.stop()
    assert index.asked[-1] == "c"


async def test_after_a_hit_was_found_the_next_are_passed_over_for_a_while() -> None:
    index = Index()
    searchable = Searchable(index, rest_s=30.0)
    searchable.written(hit("a"))
    await asyncio.sleep(0.35)
    searchable.written(hit("b"))
    await asyncio.sleep(0.05)
    await searchable.stop()
    assert set(index.asked) == {"a"}
