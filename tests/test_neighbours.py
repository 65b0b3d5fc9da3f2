"""What the trial beside ill neighbours says of what it measured."""

import pytest

from tests.chaos.neighbours import LATER_BY_S, Result, Steady


def steady(calm_s: float, ill_s: float, missing: int = 0) -> Steady:
    """A hundred posts in either phase, each so late."""
    sent = {f"{number}": float(number) for number in range(200)}
    lags = {one: calm_s if at < 100 else ill_s for one, at in sent.items()}
    return Steady(sent, {one: sent[one] + lags[one] for one in list(sent)[missing:]})


def result(one: Steady, ends: int = 0) -> Result:
    """A trial of one source."""
    return Result(1.0, {"well": one}, (0, 100), (100, 200), ends=ends)


def test_posts_that_come_as_soon_as_before_are_well() -> None:
    row = result(steady(0.1, 0.2)).row()
    assert row["faults"] == []
    assert (row["well"]["median_calm_s"], row["well"]["p99_ill_s"]) == (0.1, 0.2)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (result(steady(0.1, 0.1, missing=3)), "well lost 3"),
        (result(steady(0.1, 0.2 + LATER_BY_S)), "late beside ill neighbours"),
        (result(steady(0.1, 0.1, missing=200)), "well lost 200"),
        (result(steady(0.1, 0.1), ends=2), "the collector ended 2 times"),
    ],
)
def test_what_is_wrong_is_said(found: Result, said: str) -> None:
    assert any(said in fault for fault in found.faults)
