"""The memory of channels' recent scores: it decays, it is bounded, and a replay adds nothing to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.surroundings import Recent
from pipeline.screen.channels import HALF_LIVES, Channels, Note

KEY = b"channel1"
HALF_LIFE = 3600.0


def note(number: int, at: float = 0.0, score: float = 1.0, key: bytes = KEY, partition: int = 0) -> Note:
    return Note(key, number.to_bytes(8, "big"), partition, at, score, -score)


def channels(*notes: Note, window: int = 20, most: int = 100) -> Channels:
    made = Channels(window, HALF_LIFE, most)
    for one in notes:
        made.note(one)
    return made


def test_a_channel_that_is_not_known_weighs_nothing() -> None:
    assert channels().recent(KEY, 0.0, b"") == Recent()


def test_a_post_weighs_half_after_a_half_life_and_nothing_after_four() -> None:
    memory = channels(note(1, score=2.0), note(2, at=HALF_LIFE, score=5.0))
    found = memory.recent(KEY, HALF_LIFE, b"")
    assert found.weight == pytest.approx(1.5)
    assert found.stream == pytest.approx((0.5 * 2.0 + 5.0) / 1.5)
    assert found.near == pytest.approx(-found.stream)
    assert memory.recent(KEY, (HALF_LIVES + 2) * HALF_LIFE, b"") == Recent()


@given(st.lists(st.integers(0, 5), max_size=20))
def test_a_post_counts_once_however_often_it_comes(again: list[int]) -> None:
    once = channels(*(note(number) for number in dict.fromkeys(again)))
    often = channels(*(note(number) for number in again))
    assert often.recent(KEY, 0.0, b"") == once.recent(KEY, 0.0, b"")


def test_a_post_is_no_context_of_itself_and_none_of_what_came_before_it() -> None:
    memory = channels(note(1), note(2, at=10.0))
    assert memory.recent(KEY, 5.0, note(1).print_) == Recent()


def test_the_oldest_post_of_a_full_window_goes_first() -> None:
    memory = channels(note(1, at=2.0, score=1.0), note(2, at=1.0, score=9.0), note(3, at=3.0, score=1.0), window=2)
    assert memory.recent(KEY, 3.0, b"").stream == pytest.approx(1.0)


def test_the_channel_that_was_silent_longest_goes_first() -> None:
    memory = channels(*(note(number, key=number.to_bytes(8, "big")) for number in range(9)), most=3)
    assert len(memory) == 3
    assert memory.recent((8).to_bytes(8, "big"), 0.0, b"").weight == 1.0
    assert memory.recent((5).to_bytes(8, "big"), 0.0, b"").weight == 0.0


def test_channels_that_are_old_are_dropped_when_another_speaks() -> None:
    memory = channels(note(1, key=b"silent__"), note(2, at=(HALF_LIVES + 1) * HALF_LIFE))
    assert len(memory) == 1


def test_partitions_that_went_to_another_worker_are_forgotten() -> None:
    memory = channels(note(1, partition=1), note(2, score=3.0, partition=2), note(3, key=b"other___", partition=1))
    memory.forget({1})
    assert memory.recent(KEY, 0.0, b"") == Recent(1.0, 3.0, -3.0)
    assert len(memory) == 1
