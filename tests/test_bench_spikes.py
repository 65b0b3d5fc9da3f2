"""`fanal bench spikes`: the streams are what they say, pages are counted once an episode, figures carry their intervals."""

import json
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline.benchmarks.spikes import measure as measuring
from pipeline.benchmarks.spikes.measure import Measured, Watched, measure
from pipeline.benchmarks.spikes.plot import draw
from pipeline.benchmarks.spikes.report import (
    calibrated,
    curve,
    figures,
    poisson_interval,
    power,
    seconds_to_page,
    wilson,
)
from pipeline.benchmarks.spikes.streams import HOLIDAYS, MONDAY, Plan, Stream
from pipeline.commands.bench_spikes import spikes
from pipeline.trends.baseline import DAY, DAYS
from pipeline.trends.detector import MONDAY as FIRST_MONDAY


def test_a_stream_is_the_same_for_its_seed_and_another_for_another() -> None:
    one, again, other = (next(Stream(Plan(seed, 20, 15)).days())[0] for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()


def test_a_stream_begins_on_a_monday() -> None:
    assert (MONDAY - FIRST_MONDAY) % (DAYS * DAY) == 0


def test_counts_are_more_dispersed_than_poissons() -> None:
    stream = Stream(Plan(3, 200, 15))
    rates, _ = stream.rates(0)
    draws = np.random.default_rng(1)
    fives = np.stack([stream.draw(rates, draws).reshape(-1, 5, 200).sum(1) for _ in range(40)])
    large = fives.mean(axis=(0, 1)) > 20
    ratio = (fives[..., large].var(axis=0) / fives[..., large].mean(axis=0)).mean(axis=0)
    assert 1.05 < float(ratio.min()) < float(ratio.max()) < 8


def test_a_surge_raises_all_posts_of_its_platform_and_offers_only_where_it_brings_them() -> None:
    stream = Stream(Plan(4, 200, 20))
    for surge, low, high in zip(stream.surges, (2.0, 0.8), (4.0, 1.6), strict=True):
        day, minute = divmod(surge.start + 60, DAY)
        rates, posts = stream.rates(day)
        on = stream.platforms == surge.platform
        before = minute - 75
        assert posts[minute, surge.platform] > 2.2 * posts[before, surge.platform]
        assert low < float(np.median(rates[minute, on] / rates[before, on])) < high


def test_a_holiday_moves_each_series_in_its_own_way() -> None:
    stream = Stream(Plan(5, 300, 20))
    week = HOLIDAYS[0] - DAYS
    ratio = stream.rates(HOLIDAYS[0])[0][DAY // 2] / stream.rates(week)[0][DAY // 2]
    assert float(np.std(np.log(ratio))) > 0.2


def watched(*scores: tuple[float, float, float]) -> Watched:
    """A rule's scores: minute, series, score."""
    minutes, series, values = (np.array(column) for column in zip(*scores, strict=True))
    return Watched([minutes], [series], [values])


def test_a_series_pages_once_until_it_was_calm_for_an_hour() -> None:
    found = watched((0, 1, 9.0), (50, 1, 9.0), (105, 1, 9.0), (200, 1, 9.0), (60, 2, 9.0), (300, 2, 5.0))
    assert found.pages(8.0, slice(0, 10)) == 3
    assert found.pages(4.0, slice(2, 3)) == 2
    assert Watched().pages(1.0, slice(0, 9)) == 0


def test_a_calibrated_threshold_is_the_least_that_keeps_the_budget() -> None:
    found = watched((0, 0, 5.0), (0, 1, 6.0), (0, 2, 7.0), (0, 3, 8.0))
    assert calibrated(found, slice(0, 4), 1) == 8.0
    assert calibrated(found, slice(0, 4), 3) == 6.0
    assert calibrated(found, slice(0, 4), 0) > 8.0


def test_intervals_are_those_of_the_tables() -> None:
    assert wilson(8, 10) == pytest.approx((0.490, 0.943), abs=1e-3)
    assert poisson_interval(0) == pytest.approx((0.0, 3.689), abs=1e-3)
    assert poisson_interval(5) == pytest.approx((1.623, 11.668), abs=1e-3)


def test_power_counts_rises_on_large_series_within_five_minutes() -> None:
    bases = np.array([20.0, 30.0, 2.0])
    reached = np.zeros((1, 3, 60))
    reached[0, 0, 4:] = reached[0, 1, 5:] = 9.0
    assert power(bases, reached, 8.0)["share"] == 0.5
    assert seconds_to_page(bases, reached, 8.0) == 330.0
    rows = curve(bases, np.repeat(reached, 4, axis=0), 8.0)
    assert [row["cases"] for row in rows if row["base"] in (2.0, 20.0)] == [1, 1]
    assert next(row for row in rows if row["base"] == 2.0)["median_minutes"] is None


def small() -> Measured:
    return measure([Plan(1, 10, 1), Plan(2, 10, 1)], 660, 0)


def test_every_rule_is_measured_on_every_rise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "WARM_DAYS", 0)
    found = small()
    assert {name: (len(one.reached), one.reached[0].shape) for name, one in found.watched.items()} == {
        "fanal": (3, (4, 20, 60)),
        "threshold": (3, (1, 20, 60)),
        "poisson": (3, (1, 20, 60)),
        "binomial": (3, (1, 20, 60)),
    }
    assert found.watched["threshold"].scores
    rows = figures(found, 10, [1, 2], 1.0)["rules"]
    assert rows["threshold_at_the_budget"]["threshold"] > 30


def test_one_who_must_learn_the_level_foretells_large_series_best_and_finds_less_than_one_who_knows_it() -> None:
    stream = Stream(Plan(6, 300, 15))
    few, many = (stream.unforeseen(np.full(300, rate)) for rate in (0.2, 40.0))
    assert (many < few).all()
    assert (many > 0).all()
    found = measure([Plan(6, 300, 2)], 660, 0)
    bases, known, learnt = (np.concatenate(each) for each in (found.bases, found.known, found.learnt))
    large = bases >= 20
    assert float((known[large] > 7).mean()) > float((learnt[large] > 7).mean()) > 0.5


def test_a_rise_played_in_leaves_the_stream_as_it_was() -> None:
    with_rises = measure([Plan(1, 10, 1)], 660, 0)
    without = measure([Plan(1, 10, 1)], 660, 99)
    assert (len(with_rises.bases), len(without.bases)) == (3, 0)
    for name in with_rises.watched:
        assert str(with_rises.watched[name].scores) == str(without.watched[name].scores)


def test_the_command_ends_with_its_three_figures_and_draws_the_curve(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(measuring, "measure", lambda *_: small())
    plot = tmp_path / "curve.svg"
    done = CliRunner().invoke(spikes, ["--series", "10", "--days", "15", "--plot", str(plot), "--json"])
    assert done.exit_code == 0, done.output
    line = json.loads(done.stdout.splitlines()[-1])
    assert list(line)[-3:] == ["false_pages_per_week", "power", "seconds_to_page"]
    assert line["seeds"] == [1, 2]
    assert plot.read_text(encoding="utf-8").startswith("<svg")


def test_the_curve_is_drawn_without_what_was_not_measured() -> None:
    row = {"within_5_min": None, "within_60_min": 0.5, "windows_within_60_min": {"1": 0.1, "5": 0.4, "60": 0.5}}
    assert "60 minutes" in draw([row | {"base": 2.0}, row | {"base": 20.0}])
