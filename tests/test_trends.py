"""Trends: what is counted, what is expected, what pages; the state survives; late and repeated hits raise nothing."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.trends.alerts import Alert, decode_alert, encode_alert
from pipeline.trends.baseline import CELLS, DAY, HOURS, MODELS, Learning, Level, Rhythm
from pipeline.trends.budget import LARGE, QUIET, Pages, threshold, weighed
from pipeline.trends.campaigns import fingerprint
from pipeline.trends.detector import FIVE, HOUR, MONDAY
from pipeline.trends.distinct import MOST_PAIRS, Heard
from pipeline.trends.exposure import MOST_PLATFORMS, Posts
from pipeline.trends.saved import restore, save
from pipeline.trends.series import FALLOW, OTHER, Register, Series, series_of
from pipeline.trends.spikes import GRACE, Sighting, Sightings, Spikes
from pipeline.trends.tails import Floats, log_gamma, surprise

ONE = Series("smuggling", "sea", "none", "fr", "push")
GRACE_S = 60 * GRACE
START = MONDAY + 7 * 24 * 60 * 2900


def tail(count: int, mean: float, inverse_shape: float) -> float:
    """P(X >= count), by summing the probabilities below it in exact arithmetic of floats."""
    below = 0.0
    for k in range(count):
        if inverse_shape:
            r = 1 / inverse_shape
            log = math.lgamma(k + r) - math.lgamma(k + 1) - math.lgamma(r)
            below += math.exp(log + r * math.log(r / (r + mean)) + k * math.log(mean / (r + mean)))
        else:
            below += math.exp(k * math.log(mean) - mean - math.lgamma(k + 1))
    return 1 - below


@given(st.floats(1e-3, 1e6))
def test_the_gamma_function_is_that_of_the_standard_library(value: float) -> None:
    assert log_gamma(np.array([value]))[0] == pytest.approx(math.lgamma(value), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("mean", "inverse_shape"), [(0.3, 0.5), (4.0, 0.05), (20.0, 0.02), (20.0, 0.0), (200.0, 0.001)]
)
def test_the_surprise_is_the_tail_of_the_negative_binomial(mean: float, inverse_shape: float) -> None:
    for above in (1, 2, 5):
        count = math.ceil(mean + above * math.sqrt(mean + inverse_shape * mean * mean))
        found = surprise(np.array([float(count)]), np.array([mean]), np.array([inverse_shape]))[0]
        assert 10**-found == pytest.approx(tail(count, mean, inverse_shape), rel=1e-3)


def test_a_count_at_its_mean_or_below_is_no_surprise() -> None:
    assert surprise(np.array([3.0, 2.0]), np.array([3.0, 9.0]), np.array([0.1, 0.1])).tolist() == [0.0, 0.0]


def test_one_author_with_many_texts_and_one_text_under_many_names_are_one_voice() -> None:
    heard = Heard()
    for number in range(50):
        heard.add(100, "a", f"text-{number}", f"hit-{number}")
    assert heard.counts(100) == [1, 1, 1]
    copies = Heard()
    for number in range(50):
        copies.add(100, f"author-{number}", "text", f"hit-{number}")
    assert copies.counts(100) == [1, 1, 1]


def test_voices_are_counted_in_the_windows_in_which_they_were_heard() -> None:
    heard = Heard()
    for minute, author in ((40, "a"), (96, "b"), (100, "c")):
        heard.add(minute, author, f"text of {author}", f"hit of {author}")
    assert heard.counts(100) == [1, 2, 2]
    heard.forget(100)
    assert {author for author, _ in heard.pairs} == {"b", "c"}


def test_a_flood_of_pairs_is_bounded() -> None:
    heard = Heard()
    for number in range(MOST_PAIRS + 10):
        heard.add(1, f"a{number}", f"t{number}", "h")
    assert len(heard.pairs) == MOST_PAIRS


def test_examples_are_of_different_authors_the_latest_first() -> None:
    heard = Heard()
    heard.add(1, "a", "x", "first")
    heard.add(2, "a", "y", "second")
    heard.add(3, "b", "x", "third")
    assert heard.examples(3, 5, 5) == ["third", "second"]
    assert heard.campaigns(3, 5, 1) == [("x", 2)]


def test_copies_with_another_number_are_one_campaign() -> None:
    first = "Boat on Friday night, 12 places, call [phone:abc123] now!!!"
    copy = "BOAT on friday night - 9 places: call [phone:zzz999] now"
    assert fingerprint(first) == fingerprint(copy)
    assert fingerprint(first) != fingerprint("Weather in the harbour is fine today, and the market is open")
    assert len({fingerprint(text) for text in ("", "12", "[phone:a]")}) == 1


@given(st.text(max_size=300))
def test_every_text_has_a_fingerprint_of_eight_digits(text: str) -> None:
    assert len(fingerprint(text)) == 8


def test_a_hit_belongs_to_its_own_series_and_to_that_of_its_kind_on_its_platform() -> None:
    assert series_of("smuggling", "sea", None, "fr", "push") == (ONE, Series("smuggling", "any", "any", "any", "push"))


def test_a_platform_that_calls_itself_strange_things_is_another() -> None:
    assert series_of("smuggling", None, None, "fr", "<b>{{x}}\n")[0].platform == "other"


def test_series_beyond_the_last_row_are_counted_together_until_a_row_lies_fallow() -> None:
    freed: list[int] = []
    register = Register(3, freed.append)
    a, b, c = (ONE._replace(language=lang) for lang in ("fr", "es", "it"))
    assert [register.row(one, 0) for one in (a, b, c)] == [1, 2, 0]
    assert register.row(b, FALLOW) == 2
    assert register.row(c, FALLOW) == 1
    assert (freed, a in register.rows, OTHER in register.rows) == ([1, 2, 1], False, True)


def test_posts_are_summed_by_platform_and_window_and_platforms_are_bounded() -> None:
    posts = Posts()
    for minute in range(6):
        posts.add("push", minute)
        closed = posts.close()
    assert closed == {"push": [5, 15, 15]}
    for number in range(MOST_PLATFORMS + 5):
        posts.add(f"p{number}", 1)
    assert posts.close()["other"] == [6, 6, 6]


def fed(spikes: Spikes, minute: int, voices: int, posts: int = 2000, name: str = "v") -> list[Alert]:
    """A minute with so many voices in one series, and the closing of the one before."""
    hits = tuple(
        Sighting(minute, (ONE,), f"{name}-{minute}-{each}", f"{minute:04x}{each:04x}", f"hit-{minute}-{each}")
        for each in range(voices)
    )
    return spikes.take(Sightings(hits=hits, posts={"push": posts}), minute * 60 + GRACE_S)


def test_a_series_pages_only_after_a_week_and_once_an_hour() -> None:
    pages, high = Pages(2), np.array([9.0, 0.0])
    assert pages.judge(1000, high, np.array([100.0, 100.0]), 7.0) == []
    old = np.full(2, Pages.WARM)
    assert pages.judge(1001, high, old, 7.0) == [0]
    assert pages.judge(1001 + QUIET, high, old, 7.0) == []
    assert pages.judge(1002 + 2 * QUIET, high, old, 7.0) == [0]


def test_the_threshold_is_the_budget_over_all_tests_of_a_week() -> None:
    assert threshold(1000, 1.0) == pytest.approx(math.log10(1000 * 7 * 24 * 60))
    assert threshold(1000, 0.1) == pytest.approx(threshold(1000, 1.0) + 1)


def test_the_parts_of_the_budget_come_to_one_a_series_and_go_to_the_window_that_finds_something() -> None:
    expected = np.array([0.0, 5.0, LARGE, 200.0, 900.0])
    parts = 10.0 ** weighed(np.zeros((3, 5)), expected, [0, 1, 2, 3])
    assert float(parts[:, :4].sum()) == pytest.approx(4.0)
    assert parts[FIVE, 0] < parts[FIVE, 1] < parts[FIVE, 2] == parts[FIVE, 3] == parts[FIVE, 4]
    assert parts[HOUR, 0] == parts[HOUR, 1] == parts[HOUR, 2] > parts[HOUR, 3] >= parts[HOUR, 4] > 0
    assert len(set(parts[0].tolist())) == 1
    alone = 10.0 ** weighed(np.zeros((3, 1)), np.array([0.2]), slice(None))
    assert float(alone.sum()) == pytest.approx(1.0)


def test_a_rhythm_is_unsure_near_midnight_where_the_days_differ_and_nowhere_else() -> None:
    rhythm, learning = Rhythm.empty(1), Learning()
    for _ in range(8):
        for cell in range(CELLS):
            rhythm.add(cell, np.array([600.0 if cell < 5 * HOURS else 200.0]), np.full((MODELS, 1), 60.0))
    unsure = {}
    for hour in (4 * HOURS + 12, 4 * HOURS + 23, 5 * HOURS, 1 * HOURS + 23):
        rhythm.at_hour(hour, learning)
        unsure[hour] = [float(rhythm.turning(minute)[0, 0]) for minute in (0, 30, 59)]
    friday_noon, friday_night, saturday, tuesday_night = unsure.values()
    assert max([*friday_noon, *tuesday_night, friday_night[0], saturday[2]]) < 1e-3
    assert min(friday_night[2], saturday[0]) > 0.05


def foretold(counts: Floats) -> tuple[float, float]:
    """The mean error of the level by which a series' minutes were foretold in the second half, and how long it remembers."""
    learning, series = Learning(), 1
    level, apart, belief = Level.empty(series, learning), [], 0.0
    for minute, count in enumerate(counts):
        before = level.mixed()[0]
        apart.append(abs(float(before[0, 0]) * 20.0 - count))
        level.update(np.array([count]), np.full((MODELS, series), 20.0), learning)
        if minute % 5 == 0:
            window = np.array([counts[max(minute - 4, 0) : minute + 1].sum()])
            level.judge(window, np.full((MODELS, series), 100.0), np.full((MODELS, series), 0.01), learning)
        weights = np.exp(level.merit[:, 0, 0])
        belief = float((weights * np.array(learning.memories)).sum() / weights.sum())
    return float(np.mean(apart[len(apart) // 2 :])), belief


def test_a_series_that_wanders_is_foretold_by_a_short_memory_and_a_calm_one_by_a_long_memory() -> None:
    draws = np.random.default_rng(3)
    calm = draws.poisson(20.0, 2000).astype(np.float64)
    wave = np.exp(0.8 * np.sin(np.arange(2000) / 20))
    wild = draws.poisson(20.0 * wave).astype(np.float64)
    assert foretold(calm)[1] > 40
    assert foretold(wild)[1] < 14


@pytest.fixture(scope="module")
def warm() -> bytes:
    """The state after eight days of about 5 voices and 2,000 posts a minute."""
    spikes, draws = Spikes(most=4), np.random.default_rng(5)
    voices, posts = draws.poisson(5, 8 * DAY), draws.poisson(2000, 8 * DAY)
    alerts = [alert for at in range(8 * DAY) for alert in fed(spikes, START + at, int(voices[at]), int(posts[at]))]
    assert alerts == []
    return save(spikes)


NOW = START + 8 * DAY


def awake(warm: bytes) -> Spikes:
    spikes = Spikes(most=4)
    restore(warm, spikes)
    return spikes


def test_a_burst_of_many_authors_pages_with_its_evidence(warm: bytes) -> None:
    spikes = awake(warm)
    alerts = [alert for at in range(5) for alert in fed(spikes, NOW + at, 20)]
    assert len(alerts) == 1
    [alert] = alerts
    assert (alert.kind, alert.platform, alert.voices, alert.authors) == ("smuggling", "push", 20 * alert.window_min, 20)
    assert alert.surprise >= alert.threshold > 4
    assert 4 * alert.window_min < alert.expected < 6 * alert.window_min
    assert (len(alert.hits), len(alert.campaigns)) == (5, 5)
    assert decode_alert(encode_alert(alert)) == alert
    assert spikes.unusual[0].series == ONE


def test_the_same_burst_from_one_author_does_not_page(warm: bytes) -> None:
    spikes = awake(warm)
    for at in range(5):
        hits = tuple(Sighting(NOW + at, (ONE,), "a", f"{at}{each}", f"h{each}") for each in range(60))
        assert spikes.take(Sightings(hits=hits, posts={"push": 2000}), (NOW + at) * 60 + GRACE_S) == []


def test_a_surge_of_all_posts_and_offers_alike_does_not_page(warm: bytes) -> None:
    spikes = awake(warm)
    assert [alert for at in range(30) for alert in fed(spikes, NOW + at, 15, 6000)] == []


def test_after_a_surge_of_posts_that_brought_no_offers_the_usual_number_does_not_page(warm: bytes) -> None:
    spikes = awake(warm)
    during = [alert for at in range(120) for alert in fed(spikes, NOW + at, 5, 8000)]
    after = [alert for at in range(120, 180) for alert in fed(spikes, NOW + at, 5, 2000)]
    assert during + after == []


def test_what_arrives_for_a_closed_minute_raises_nothing(warm: bytes) -> None:
    spikes = awake(warm)
    fed(spikes, NOW, 5)
    fed(spikes, NOW + 1, 5)
    late = tuple(Sighting(NOW - 3, (ONE,), f"late-{each}", f"{each}", "h") for each in range(500))
    assert spikes.take(Sightings(hits=late), (NOW + 1) * 60 + GRACE_S + 1) == []
    assert spikes.late == 500
    assert fed(spikes, NOW + 2, 5) + fed(spikes, NOW + 3, 5) == []


def test_after_a_stall_of_two_minutes_what_waited_counts_at_once_and_does_not_page(warm: bytes) -> None:
    spikes = awake(warm)
    fed(spikes, NOW, 0, 0)
    fed(spikes, NOW + 1, 0, 0)
    assert fed(spikes, NOW + 2, 15, 6000) + fed(spikes, NOW + 3, 5) + fed(spikes, NOW + 4, 5) == []
    assert spikes.late == 0


def test_records_that_come_again_raise_nothing(warm: bytes) -> None:
    spikes = awake(warm)
    alerts = [alert for _ in range(20) for alert in fed(spikes, NOW, 8)]
    assert alerts + fed(spikes, NOW + 1, 5) + fed(spikes, NOW + 2, 5) == []


def test_a_source_that_was_silent_for_hours_and_speaks_again_does_not_page(warm: bytes) -> None:
    spikes = awake(warm)
    assert [alert for at in range(300, 330) for alert in fed(spikes, NOW + at, 5)] == []


def test_a_restored_state_goes_on_as_the_one_that_was_saved(warm: bytes) -> None:
    one = awake(warm)
    first = [fed(one, NOW + at, 20) for at in range(2)]
    other = awake(save(one))
    assert [fed(one, NOW + at, 20) for at in range(2, 70)] == [fed(other, NOW + at, 20) for at in range(2, 70)]
    assert one.unusual == other.unusual
    assert sum(map(len, first)) <= 1


@pytest.mark.parametrize("raw", [b"", b"not a state", b"\x28\xb5\x2f\xfd"])
def test_what_is_no_state_is_refused_in_words(raw: bytes) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        restore(raw, Spikes(most=4))


def test_a_state_of_more_series_than_fit_is_refused(warm: bytes) -> None:
    with pytest.raises(ValueError, match="more series than are kept"):
        restore(warm, Spikes(most=1))
