"""What was seen: the same place is never its own duplicate, another place is."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.posts import Fate, Position, Screened
from pipeline.screen.seen import NOTHING, Seen, fingerprint
from tests.fakes import post

ONE, TWO = fingerprint(post(1)), fingerprint(post(2))


def at(offset: int, line: int = 0, partition: int = 0) -> Position:
    return Position(partition, offset, line)


def screened(start: int, *letters: str, prints: bytes, model: str = "m") -> Screened:
    return Screened(partition=0, start=start, fates=[Fate(outcomes=one) for one in letters], seen=prints, model=model)


def test_the_same_offset_and_line_is_never_its_own_duplicate() -> None:
    seen = Seen(10)
    assert [seen.repeats(ONE, at(5, 2)) for _ in range(3)] == [False, False, False]


def test_the_same_post_elsewhere_is_a_duplicate() -> None:
    seen = Seen(10)
    assert not seen.repeats(ONE, at(5))
    assert seen.repeats(ONE, at(5, 1))
    assert seen.repeats(ONE, at(6))


def test_partitions_have_memories_of_their_own() -> None:
    seen = Seen(10)
    assert not seen.repeats(ONE, at(5))
    assert not seen.repeats(ONE, at(5, partition=1))


def test_another_version_is_another_post() -> None:
    assert fingerprint(post(1, version="2")) != fingerprint(post(1))


def test_no_two_names_run_together() -> None:
    assert fingerprint(post(1, version="23")) != fingerprint(post(12, version="3"))


def test_a_fingerprint_has_eight_bytes_and_does_not_change_between_releases() -> None:
    assert fingerprint(post(1)).hex() == "c8a940d3b90af252"


@given(st.text(), st.text())
def test_any_name_has_a_fingerprint(native_id: str, version: str) -> None:
    named = post(1, version=version or "1")
    assert len(fingerprint(named)) == len(NOTHING) == 8


def test_the_memory_is_bounded_and_forgets_the_oldest() -> None:
    seen = Seen(100)
    for number in range(1000):
        seen.repeats(fingerprint(post(number)), at(number))
    assert seen.repeats(fingerprint(post(950)), at(2000))
    assert not seen.repeats(fingerprint(post(3)), at(2001))


def test_what_screened_says_is_remembered() -> None:
    seen = Seen(10)
    seen.load(0, [screened(7, "bh", prints=ONE + TWO)])
    assert seen.repeats(ONE, at(9))
    assert seen.repeats(TWO, at(9, 1))
    assert not seen.repeats(TWO, at(7, 1))


def test_rejected_lines_and_duplicates_leave_no_memory() -> None:
    seen = Seen(10)
    seen.load(0, [screened(7, "rd", "b", prints=NOTHING + ONE + TWO)])
    assert not seen.repeats(ONE, at(9))
    assert seen.repeats(TWO, at(9, 1))


def test_the_first_place_counts_where_screened_says_it_twice() -> None:
    seen = Seen(10)
    seen.load(0, [screened(7, "b", prints=ONE), screened(7, "b", prints=ONE), screened(8, "d", prints=ONE)])
    assert not seen.repeats(ONE, at(7))
    assert seen.repeats(ONE, at(8))


def test_a_record_is_screened_only_for_the_model_that_judged_it() -> None:
    seen = Seen(10)
    seen.load(0, [screened(7, "b", "b", prints=ONE + TWO, model="old")])
    assert [seen.is_screened(0, offset, "old") for offset in (6, 7, 8, 9)] == [False, True, True, False]
    assert not seen.is_screened(0, 7, "new")
    assert not seen.is_screened(1, 7, "old")


def test_what_is_known_of_records_is_bounded_and_keeps_the_latest() -> None:
    seen = Seen(10)
    seen.load(0, [screened(start, "b", prints=ONE) for start in range(50)])
    assert [seen.is_screened(0, offset, "m") for offset in (0, 39, 40, 49)] == [False, False, True, True]


def test_a_partition_that_went_away_is_forgotten_and_loaded_anew() -> None:
    seen = Seen(10)
    seen.load(0, [screened(7, "b", prints=ONE)])
    assert seen.holds(0)
    seen.forget([0, 5])
    assert not seen.holds(0)
    assert not seen.is_screened(0, 7, "m")
    seen.load(0, [])
    assert seen.holds(0)
    assert not seen.repeats(ONE, at(9))


def test_a_memory_that_is_cut_short_harms_nothing() -> None:
    seen = Seen(10)
    seen.load(0, [screened(7, "bbb", prints=ONE + b"torn")])
    assert seen.repeats(ONE, at(9))
