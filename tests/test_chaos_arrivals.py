"""The kill test of the collector says what is wrong with what arrived."""

import pytest

from tests.chaos.arrivals import Arrived
from tests.chaos.platforms.sending import Sent, of_post
from tests.fakes import post

SENT = Sent({of_post(post(1)), of_post(post(2))}, {of_post(post(2, version="0"))})


def arrived(*numbers: int) -> Arrived:
    found, seen = Arrived(), set[int]()
    for number in numbers:
        found.take(post(number), repeats=number in seen)
        seen.add(number)
    return found


def test_what_came_often_and_passed_once_is_as_it_should_be() -> None:
    found = arrived(1, 2, 2, 1, 1)
    assert (found.faults(SENT), found.twice, found.lost(SENT)) == ([], 3, set())


def test_a_version_that_was_overtaken_may_come_and_need_not() -> None:
    found = arrived(1, 2)
    found.take(post(2, version="0"), repeats=False)
    assert found.faults(SENT) == []


@pytest.mark.parametrize(
    ("numbers", "fault"), [([1], "1 were lost"), ([1, 2, 3], "1 came that were never sent"), ([], "2 were lost")]
)
def test_what_is_missing_or_strange_is_named(numbers: list[int], fault: str) -> None:
    assert arrived(*numbers).faults(SENT) == [fault]


def test_a_repeat_that_is_let_through_or_says_something_else_is_named() -> None:
    found = arrived(1, 2)
    found.take(post(1), repeats=False)
    found.take(post(2, text="another text"), repeats=True)
    assert found.faults(SENT) == ["1 came twice in different words", "1 passed de-duplication twice"]
