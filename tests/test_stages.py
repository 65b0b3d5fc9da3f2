"""The timer that screening is handed: it takes the time, and changes nothing."""

from dataclasses import replace

import pytest

from pipeline.screen.screening import screen
from pipeline.screen.stages import Stages
from pipeline.screen.verdicts import Incoming
from tests.fakes import NOW, OFFER, a_screen, packed, post


class Clock:
    """A clock that goes on by a second whenever it is asked."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def test_seconds_are_summed_by_stage_until_they_are_taken() -> None:
    stages = Stages(Clock())
    for _ in range(3):
        with stages("clean"):
            pass
    with stages("model"):
        pass
    assert stages.taken() == {"clean": 3.0, "model": 1.0}
    assert stages.taken() == {}


def test_a_stage_that_fails_has_taken_its_time_too() -> None:
    stages = Stages(Clock())
    with pytest.raises(ZeroDivisionError), stages("model"):
        _ = 1 / 0
    assert stages.taken() == {"model": 1.0}


def test_what_a_stage_within_another_takes_is_counted_once() -> None:
    stages = Stages(Clock())
    with stages("cues"), stages("seal"):
        pass
    assert stages.taken() == {"cues": 2.0, "seal": 1.0}  # the clock went on three times


def test_a_timed_call_is_the_call() -> None:
    stages = Stages(Clock())
    assert stages.timed("seal", str.upper)("sealed") == "SEALED"
    assert stages.taken() == {"seal": 1.0}


def test_screening_says_where_its_time_goes() -> None:
    using = replace(a_screen(), stages=Stages(Clock()))
    screen([Incoming(0, 0, packed(post(1, f"an {OFFER}"), post(2)), NOW)], using, NOW)
    assert using.stages.taken() == {"decode": 1.0, "clean": 1.0, "model": 2.0, "language": 1.0, "cues": 1.0}


def test_a_verdict_is_the_same_whatever_the_clock_says() -> None:
    batch = [Incoming(0, 0, packed(post(1, f"an {OFFER}"), post(2), post(1)), NOW), Incoming(0, 1, b"no post", NOW)]
    one, other = (screen(batch, replace(a_screen(), stages=stages), NOW) for stages in (Stages(), Stages(Clock())))
    assert (one.outcomes, one.screened, one.refusals) == (other.outcomes, other.screened, other.refusals)
    assert (one.judged, one.dismissed) == (other.judged, other.dismissed)
