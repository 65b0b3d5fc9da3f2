"""What a batch comes to."""

from pipeline.posts import Position
from pipeline.screen.seen import NOTHING
from pipeline.screen.verdicts import Incoming, merge, unscreenable
from tests.fakes import NOW


def test_every_line_of_a_record_that_cannot_be_screened_is_rejected_with_its_bytes() -> None:
    verdict = unscreenable(Incoming(2, 40, b"one\n\xff\nthree\n", NOW), "m")
    assert [(at.position, at.rejected.raw) for at in verdict.refusals] == [
        (Position(2, 40, 0), b"one"),
        (Position(2, 40, 1), b"\xff"),
        (Position(2, 40, 2), b"three"),
    ]
    assert {at.rejected.reason for at in verdict.refusals} == {"unscreenable"}
    assert verdict.outcomes == {"rejected": 3}


def test_a_record_that_cannot_be_screened_is_accounted_for_and_leaves_no_memory() -> None:
    [said] = unscreenable(Incoming(2, 40, b"one\ntwo", NOW), "m").screened
    assert (said.partition, said.start, said.model, said.seen) == (2, 40, "m", 2 * NOTHING)
    assert [fate.outcomes for fate in said.fates] == ["rr"]


def test_merged_verdicts_hold_what_each_held_and_leave_them_alone() -> None:
    one, two = unscreenable(Incoming(0, 1, b"a", NOW), "m"), unscreenable(Incoming(1, 1, b"b\nc", NOW), "m")
    whole = merge([one, two])
    assert whole.refusals == one.refusals + two.refusals
    assert whole.screened == one.screened + two.screened
    assert whole.outcomes == {"rejected": 3}
    assert one.outcomes == {"rejected": 1}


def test_nothing_merges_to_nothing() -> None:
    assert merge([]).outcomes == {}
