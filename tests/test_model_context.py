"""How context counts: what it may raise, what it never does, and how its weights are fitted and kept."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.background import Background
from models.classifier import Assessment, Reading
from models.context import FILE, Step, Weights, joined, load_weights, save_weights
from models.context_rows import Rows, read_rows, simulate
from models.decision import Lane, Level
from models.errors import CorpusError, ModelError
from models.examples import KINDS
from models.heads import load_heads
from models.in_context import InContext
from models.surroundings import Recent, Surroundings
from models.threads import Thread, read_threads
from models.threads_check import check_threads, count_threads

if TYPE_CHECKING:
    from models.context_fit import Ground

BEFORE = Step((0.5, 0.0, 1.0, 1.0), 0.0, 4.0)
AFTER = Step((0.0, 0.0, 1.0, 1.0, 1.0, 1.0), 0.0, 5.0)
WEIGHTS = Weights("digest", (0.0, 0.0), 1.0, 24.0, 20, 0.0, 0.5, BEFORE, AFTER)
SMUGGLERS = Recent(9.0, 3.0, 3.0)
REPLY = Surroundings("is there a boat?", "Blue Shore")

number = st.floats(-20, 20)


@dataclass
class Reads:
    """Reads every text with its context as one score; keeps what it was asked."""

    odds: tuple[float, float] = (6.0, 6.0)
    victim: bool = False
    labels: tuple[str, ...] = KINDS
    asked: list[str] = field(default_factory=list)

    def read(self, texts: Sequence[str], langs: Sequence[str]) -> Reading:
        self.asked += texts
        scores = np.tile([0.2, 0.5, 0.1, 0.1, 0.1], (len(texts), 1))
        return Reading(np.tile(self.odds, (len(texts), 1)), scores, np.full(len(texts), self.victim))


def alone(stream: float = 1.5, near: float = 1.0) -> Assessment:
    return Assessment("benign", dict.fromkeys(KINDS, 0.2), None, False, None, "m", True, (stream, near))


def within(around: Surroundings, of: Assessment, reads: Reads | None = None) -> Assessment:
    [found] = InContext(reads or Reads(), WEIGHTS).reassess(["yes"], ["en"], [around], [of])
    return found


def test_a_reply_in_a_suspicious_channel_is_raised_to_review_and_says_by_what() -> None:
    found = within(replace(REPLY, recent=SMUGGLERS), alone())
    assert (found.lane, found.flagged, found.level, found.kind) == ("offers", True, "review", "smuggling")
    assert found.context == ("reply", "channel_name", "channel_recent")
    assert found.scores == alone().scores


def test_what_is_not_known_is_not_named() -> None:
    assert within(Surroundings("a boat?"), alone()).context == ("reply",)
    assert within(Surroundings(channel="Blue Shore"), alone()).context == ("channel_name",)
    assert within(Surroundings(recent=SMUGGLERS), alone()).context == ("channel_recent",)


def test_a_post_without_context_is_not_touched() -> None:
    reads = Reads()
    assert within(Surroundings(), alone(), reads) == alone()
    assert reads.asked == []


@given(number, number, number, number, st.booleans())
def test_a_post_below_the_mean_of_its_background_is_never_raised(
    a: float, b: float, c: float, d: float, e: bool
) -> None:
    of = alone(-abs(a) - 0.001, b)
    around = Surroundings("x" if e else None, "y", Recent(9.0, c, d))
    assert within(around, of, Reads((c, d))) == of


@pytest.mark.parametrize("level", ["review", "alert"])
@pytest.mark.parametrize("lane", ["offers", "protection", "exploitation"])
def test_what_reached_a_lane_alone_stays_there(lane: Lane, level: Level) -> None:
    of = replace(alone(), lane=lane, level=level, flagged=lane == "offers")
    assert within(replace(REPLY, recent=SMUGGLERS), of) == of
    assert within(replace(REPLY, recent=Recent(9.0, -5.0, -5.0)), of, Reads((-9.0, -9.0))) == of


def test_a_post_that_reads_like_a_victim_in_its_context_is_no_offer() -> None:
    around = replace(REPLY, recent=SMUGGLERS)
    assert within(around, alone(), Reads(victim=True)) == alone()


def test_only_what_stands_near_is_read_again_and_once() -> None:
    reads = Reads()
    of = [alone(0.2, 0.0), alone(), alone()]
    InContext(reads, WEIGHTS).reassess(["far", "near", "bare"], ["en"] * 3, [REPLY, REPLY, Surroundings()], of)
    assert reads.asked == ["near\nis there a boat?\nBlue Shore"]


def test_a_post_that_its_context_speaks_against_is_not_raised_by_it() -> None:
    strong = Weights("d", (0.0, 0.0), 1.0, 24.0, 20, 0.0, -9.0, BEFORE, replace(AFTER, limit=-9.0))
    calm = Surroundings("hello", "Bakers", Recent(9.0, -2.0, -2.0))
    [found] = InContext(Reads((-2.0, -2.0)), strong).reassess(["yes"], ["en"], [calm], [alone()])
    assert found == alone()


def test_an_unknown_channel_is_taken_for_an_innocent_one_and_few_posts_weigh_little() -> None:
    weights = replace(WEIGHTS, neutral=(1.0, 0.5), shrink=2.0)
    own = np.array([[1.0, 1.0]])
    none, one, many = (weights.columns(own, np.array([[count, 4.0, 3.5]]))[0, 2:] for count in (0, 1, 1000))
    np.testing.assert_allclose(none, [1.0, 0.5])
    np.testing.assert_allclose(one, [2.0, 1.5])
    np.testing.assert_allclose(many, [4.0, 3.5], atol=0.01)


def test_long_surroundings_do_not_push_the_post_out() -> None:
    text = joined("yes", Surroundings("r" * 9000, "c" * 9000))
    assert text.startswith("yes\nr")
    assert len(text) < 500


def test_weights_come_back_as_they_were_kept(tmp_path: Path) -> None:
    assert load_weights(tmp_path) is None
    save_weights(WEIGHTS, tmp_path)
    assert load_weights(tmp_path) == WEIGHTS


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"before": {"weights": [1], "bias": 0, "limit": 0}}'])
def test_damaged_weights_are_refused_with_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=r"python -m models\.context_fit"):
        load_weights(tmp_path)


def test_the_weights_that_ship_belong_to_the_heads_that_ship() -> None:
    weights = load_weights()
    assert weights is not None, "run `python -m models.context_fit`"
    assert weights.heads == load_heads().digest, "the heads changed: run `python -m models.context_fit` again"


def threads(count: int, is_offer: bool) -> list[Thread]:
    kind = "smuggling" if is_offer else "benign"
    return [Thread("yes", "en", kind, f"en-t{1 + place % 6}", "name", None, ("a",)) for place in range(count)]


def ground() -> "Ground":
    from models.context_fit import Ground

    rng = np.random.default_rng(1)
    people = [*threads(120, True), *threads(120, False)]
    truth = np.array([one.is_offer for one in people], np.float64)[:, None]
    recent = np.concatenate([np.full((240, 1), 5.0), rng.normal(2 * truth, 0.5, (240, 2))], axis=1)
    own, together = rng.normal(1.5, 0.5, (240, 2)), rng.normal(1.0 + 2 * truth, 0.5, (240, 2))
    rows = Rows(people, own, recent, together, np.zeros(240, np.bool_))
    posts = [replace(one, author="source") for one in threads(4000, False)]
    past = np.concatenate([np.full((4000, 1), 5.0), rng.normal(-0.5, 0.5, (4000, 2))], axis=1)
    plain = rng.normal(-0.5, 1.0, (4000, 2))
    background = Rows(posts, plain, past, plain + 0.1, np.zeros(4000, np.bool_))
    return Ground(rows, background, np.array([one.fits for one in people]), np.arange(4000) % 2 == 0)


@pytest.mark.torch
def test_fitted_weights_part_held_out_threads_and_read_little_twice() -> None:
    from models.context_fit import BAND_SHARE, fit_weights

    found = ground()
    weights = fit_weights(found, "digest")
    assert weights.heads == "digest"
    held = found.threads.part(~found.threads_fit)
    columns = np.concatenate([weights.columns(held.own, held.recent), held.together], axis=1)
    raised = weights.after(columns) >= weights.after.limit
    offers = np.array([one.is_offer for one in held.threads])
    assert raised[offers].mean() > 0.9
    assert raised[~offers].mean() < 0.05
    plain = found.background.part(~found.background_fit)
    again = weights.before(weights.columns(plain.own, np.zeros_like(plain.recent))) >= weights.band
    assert again.mean() < BAND_SHARE + 0.02
    assert fit_weights(found, "digest") == weights


def test_background_posts_are_put_into_channels_of_their_like() -> None:
    posts = [Background(f"{source} {place}", "en", source) for source in "ab" for place in range(9)]
    made = simulate(posts, threads(3, False), 1)
    assert [one.text for one in made] == [post.text for post in posts]
    assert all(text[0] == one.text[0] for one in made for text in [one.parent or "", *one.earlier])
    assert {one.channel for one in made} == {"name"}
    assert not any(one.is_offer for one in made)


def test_only_rows_that_could_be_raised_are_read_together() -> None:
    asked: list[str] = []

    def read(texts: Sequence[str], langs: Sequence[str]) -> Reading:
        asked.extend(texts)
        odds = np.array([[-1.0 if "low" in text else 1.0, 0.0] for text in texts])
        return Reading(odds, np.zeros((len(texts), 5)), np.zeros(len(texts), np.bool_))

    some = [replace(threads(1, False)[0], text=text) for text in ("low", "high")]
    rows = read_rows(some, read, 0.0)
    assert [text for text in asked if "\n" in text] == ["high\nname"]
    np.testing.assert_allclose(rows.recent, [[1.0, 1.0, 0.0]] * 2)
    np.testing.assert_allclose(rows.together[:, 0], [-1.0, 1.0])


def test_the_threads_are_many_and_half_of_them_innocent() -> None:
    found = read_threads()
    assert len(found) >= 240
    assert len({one.lang for one in found}) >= 12
    assert len({one.author.rpartition("-")[2] for one in found}) >= 6
    assert 2 * sum(one.is_offer for one in found) == len(found)
    assert 2 * sum(one.fits for one in found) == len(found)
    assert check_threads() == []
    assert sum(count_threads().values()) == len(found)


ROW = {
    "id": "en-th001", "lang": "en", "author": "en-t1", "kind": "smuggling", "hard": False, "pair": "p", "why": "w",
    "channel": "Blue Shore", "parent": None, "earlier": ["two boats went last night"], "text": "one on Friday",
}  # fmt: skip
TWIN = ROW | {"id": "en-th002", "kind": "benign", "hard": True, "channel": "Away Days", "earlier": ["bring your scarf"]}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({}, ""),
        ({"kind": "smuggling"}, "once an offer and once innocent"),
        ({"kind": "crime"}, "not in the taxonomy"),
        ({"text": "another line"}, "one author's line"),
        ({"channel": "Blue Shore"}, "under two channels"),
        ({"id": "en-th001"}, "also at threads/en.jsonl:1"),
        ({"lang": "fr"}, "not the file's"),
        ({"parent": "call +49 151 9872340"}, "not a reserved one"),
        ({"earlier": [" "]}, "empty"),
        ({"earlier": [1]}, "wrong type"),
        ({"extra": 1}, "keys missing or unknown: extra"),
    ],
)
def test_faults_of_threads_are_named(tmp_path: Path, change: dict[str, object], fault: str) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in (ROW, TWIN | change))
    (tmp_path / "en.jsonl").write_text(lines, encoding="utf-8")
    found = check_threads(tmp_path)
    assert any(fault in one for one in found) if fault else not found


def test_a_row_that_is_no_thread_is_named(tmp_path: Path) -> None:
    (tmp_path / "en.jsonl").write_text('{"text": "x"}\n', encoding="utf-8")
    with pytest.raises(CorpusError, match=r"en\.jsonl:1: not a thread"):
        read_threads(tmp_path)
