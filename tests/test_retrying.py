"""Retrying: pauses that grow, start anew only when data flow, and a breaker."""

import math
from dataclasses import dataclass

import pytest

from pipeline.sources.retrying import LONGEST_ASKED_S, Patience, Retrying

PATIENCE = Patience(first_s=1, cap_s=60, flow_s=10, breaks_after=5, broken_s=300)


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def failures(retrying: Retrying, count: int) -> list[float]:
    return [retrying.failed() for _ in range(count)]


def test_pauses_grow_up_to_a_cap() -> None:
    patience = Patience(first_s=1, cap_s=60, breaks_after=10**9)
    drawn = [failures(Retrying(patience), 12) for _ in range(200)]
    longest = [max(column) for column in zip(*drawn, strict=True)]
    assert longest[0] <= 1
    assert 8 < longest[4] <= 16
    assert 40 < longest[-1] <= 60


def test_a_source_that_takes_connections_and_drops_them_is_opened_a_few_times_only() -> None:
    retrying, clock = Retrying(PATIENCE), Clock()
    opened = 0
    while clock.now < 600:
        opened += 1
        retrying.flowed()
        clock.now += retrying.failed()
    assert opened < 30


def test_failures_are_forgotten_when_data_have_flowed_for_a_while_and_not_before() -> None:
    clock = Clock()
    retrying = Retrying(PATIENCE, clock)
    failures(retrying, 5)
    retrying.flowed()
    clock.now = 9.9
    retrying.flowed()
    assert retrying.broken
    clock.now = 10.0
    retrying.flowed()
    assert retrying.failed() <= 1


def test_a_while_is_counted_from_the_first_step_of_each_connection() -> None:
    clock = Clock()
    retrying = Retrying(PATIENCE, clock)
    retrying.flowed()
    clock.now = 9.0
    failures(retrying, 5)
    clock.now = 18.0
    retrying.flowed()
    assert retrying.broken


def test_a_source_that_fails_again_and_again_is_left_alone_for_long_and_then_tried_once() -> None:
    retrying = Retrying(PATIENCE)
    assert max(failures(retrying, 4)) < 300
    assert min(failures(retrying, 2)) >= 300
    assert retrying.broken


def test_what_a_source_asks_for_is_kept_to() -> None:
    assert 30 <= Retrying(PATIENCE).failed(30) <= 31


@pytest.mark.parametrize("asked", [0.0, -5.0, math.nan])
def test_a_pause_that_is_none_is_not_kept_to(asked: float) -> None:
    assert 0 <= Retrying(PATIENCE).failed(asked) <= 1


def test_no_source_can_ask_to_be_left_alone_for_more_than_a_day() -> None:
    assert Retrying(PATIENCE).failed(math.inf) <= LONGEST_ASKED_S + 1
