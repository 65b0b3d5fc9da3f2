"""The parts of the model that need no weights: packed file, batches, decision, calibration, measures, corpus."""

import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from models.background import SUBTITLES, Background, source_folds
from models.batching import STEP, batches, most_rows, padded_length
from models.calibrate import _threshold, calibrate
from models.calibration import Calibration, Spread, calibration_from_json
from models.card import _uncalibrated
from models.corpus_check import TAXONOMY, check_corpus, count_corpus, near_duplicates
from models.dataset import FOLDS, build_rows
from models.decision import Decision, decide, reachable, scores
from models.engines import F32
from models.errors import ModelError
from models.examples import KINDS, LANES, Example
from models.heads import Logits, load_heads
from models.judging import Judged
from models.measures import Share
from models.packed import read_packed, unpack

CALIBRATION = Calibration(
    spreads={"xx": Spread((1.0, 0.0, 0.0), (1.0, 1.0, 1.0))},
    other=Spread((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    thresholds={"offers": (3.0, 5.0), "exploitation": (3.0, 5.0), "protection": (3.0, 5.0)},
    margins={"offers": -1.0, "exploitation": -1.0, "protection": -1.0},
)


def logits(stream: tuple[float, float, float], likeliest: str) -> Logits:
    near = [4.0 if kind == likeliest else 0.0 for kind in KINDS]
    return Logits(np.array([stream]), np.array([near]))


def decide_one(
    stream: tuple[float, float, float], likeliest: str, lang: str = "en"
) -> tuple[str, str | None, str | None]:
    (found,) = decide(logits(stream, likeliest), [lang], KINDS, LANES, CALIBRATION)
    return found.kind, found.lane, found.level


def test_an_offer_above_the_lower_threshold_is_for_review() -> None:
    assert decide_one((3.5, -5, -5), "smuggling") == ("smuggling", "offers", "review")


def test_an_offer_above_the_upper_threshold_is_an_alert() -> None:
    assert decide_one((5.5, -5, -5), "recruitment") == ("recruitment", "offers", "alert")


def test_a_post_below_every_threshold_reaches_nothing() -> None:
    assert decide_one((2.0, -5, -5), "recruitment") == ("benign", None, None)


def test_a_language_is_measured_against_its_own_background() -> None:
    assert decide_one((3.5, -5, -5), "smuggling", lang="xx")[1] is None


def test_a_language_without_a_background_of_its_own_is_uncalibrated_and_takes_the_penalty() -> None:
    harder = replace(CALIBRATION, penalty=1.0)
    assert [harder.is_calibrated(lang) for lang in ("xx", "xx-Latn", "yy", "und")] == [True, True, False, False]
    found = decide(logits((3.5, -5, -5), "smuggling"), ["yy"], KINDS, LANES, harder)
    assert found[0].lane is None
    assert decide(logits((4.1, -5, -5), "smuggling"), ["yy"], KINDS, LANES, harder)[0].lane == "offers"
    assert decide(logits((4.1, -5, -5), "smuggling"), ["xx"], KINDS, LANES, harder)[0].lane == "offers"


def test_the_score_of_an_uncalibrated_language_stands_at_a_half_on_its_own_threshold() -> None:
    harder = replace(CALIBRATION, penalty=1.0)
    found = scores(logits((4.0, -30, -30), "smuggling"), ["yy"], KINDS, LANES, harder)
    assert found[0, KINDS.index("smuggling")] == pytest.approx(0.5, abs=0.05)


def test_a_calibration_written_before_there_was_a_penalty_has_none() -> None:
    old = {name: value for name, value in CALIBRATION.as_json().items() if name != "penalty"}
    assert calibration_from_json(json.loads(json.dumps(old))) == CALIBRATION
    harder = replace(CALIBRATION, penalty=0.75)
    assert calibration_from_json(json.loads(json.dumps(harder.as_json()))) == harder


SPREADS = st.builds(
    lambda mean, deviation: Spread((mean, 0.0, -mean), (deviation, 1.0, 1 / deviation)),
    st.floats(-3, 3),
    st.floats(0.2, 4),
)
ODDS = st.lists(st.tuples(*[st.floats(-9, 9)] * 3), min_size=1, max_size=20)


@given(st.tuples(SPREADS, SPREADS, SPREADS), st.floats(0, 2), ODDS, st.integers(0, 99))
def test_exactly_what_no_language_would_let_reach_a_lane_is_known_before_the_language(
    spreads: tuple[Spread, Spread, Spread], penalty: float, odds: list[tuple[float, float, float]], seed: int
) -> None:
    first, second, other = spreads
    calibration = replace(CALIBRATION, spreads={"aa": first, "bb": second}, other=other, penalty=penalty)
    found = Logits(np.array(odds), np.random.default_rng(seed).normal(size=(len(odds), len(KINDS))) * 3)
    lanes = [
        [one.lane for one in decide(found, [lang] * len(odds), KINDS, LANES, calibration)]
        for lang in ("aa", "bb", "bb-Latn", "und")
    ]
    somewhere = [any(each) for each in zip(*lanes, strict=True)]
    assert reachable(found, KINDS, LANES, calibration).tolist() == somewhere
    assert not reachable(found, KINDS, LANES, None).any()


def test_film_subtitles_and_examples_never_calibrate_a_language() -> None:
    posts = [Background("x", "en", "posts")] * 300 + [Background("x", "pl", SUBTITLES)] * 300
    rows = build_rows([Example("x", "ps", kind, False, "ps-a1", "corpus") for kind in KINDS] * 60, posts)
    random = np.random.default_rng(1)
    found = calibrate(Logits(random.normal(size=(900, 3)), random.normal(size=(900, 5))), rows)
    assert [found.is_calibrated(lang) for lang in ("en", "pl", "ps")] == [True, False, False]


def test_the_card_names_the_uncalibrated_languages_and_their_penalty() -> None:
    rows = build_rows([Example("x", lang, "benign", False, f"{lang}-a1", "corpus") for lang in ("ps", "xx")], [])
    heads = replace(load_heads(), calibrations={F32: replace(CALIBRATION, penalty=0.5)})
    told = _uncalibrated(heads, [Judged(row, Decision("benign")) for row in rows])
    assert told.startswith("**Uncalibrated**: ps. ")
    assert "penalty of 0.5 standard deviations" in told


def test_a_hard_benign_post_is_stopped_by_the_near_head() -> None:
    assert decide_one((5.5, -5, -5), "benign") == ("benign", None, None)


def test_a_victim_is_never_shown_as_an_offer() -> None:
    assert decide_one((6.0, -5, -5), "distress") == ("distress", "protection", "review")


def test_distress_that_stands_out_by_itself_keeps_its_level() -> None:
    assert decide_one((6.0, -5, 5.5), "distress") == ("distress", "protection", "alert")


def test_without_a_calibration_nothing_is_flagged() -> None:
    (found,) = decide(logits((9.0, 0, 0), "smuggling"), ["en"], KINDS, LANES, None)
    assert (found.kind, found.lane, found.level) == ("smuggling", None, None)


def test_scores_sum_to_one_and_stand_at_a_half_on_the_threshold() -> None:
    found = scores(logits((3.0, -30, -30), "smuggling"), ["en"], KINDS, LANES, CALIBRATION)
    assert found.sum() == pytest.approx(1.0)
    assert found[0, KINDS.index("smuggling")] == pytest.approx(0.5, abs=0.05)


def test_a_calibration_survives_its_written_form() -> None:
    assert calibration_from_json(json.loads(json.dumps(CALIBRATION.as_json()))) == CALIBRATION


def test_batches_hold_every_text_once_within_the_budget() -> None:
    ids = [[0] * length for length in (3, 120, 9, 8, 64, 17, 128, 5)]
    found = batches(ids, budget=128)
    assert sorted(place for batch in found for place in batch.places) == list(range(len(ids)))
    assert all(batch.rows * batch.length <= 128 for batch in found)
    assert all(batch.length == padded_length(max(map(len, batch.ids))) for batch in found)


def test_a_text_longer_than_the_budget_goes_alone() -> None:
    assert [len(batch.places) for batch in batches([[0] * 600, [0] * 5], budget=512)] == [1, 1]


@given(st.lists(st.integers(1, 128), max_size=400), st.integers(1, 4))
def test_however_long_posts_are_shapes_are_few(lengths: list[int], streams: int) -> None:
    found = batches([[7] * length for length in lengths], 512, streams)
    assert sorted(place for batch in found for place in batch.places) == list(range(len(lengths)))
    for batch in found:
        full = most_rows(batch.length, 512)
        assert batch.length % STEP == 0
        assert len(batch.ids) <= batch.rows <= full
        assert batch.rows in {1, 2, full} or batch.rows % 4 == 0
        mask = batch.mask()
        assert mask.shape == batch.padded(1).shape == (batch.rows, batch.length)
        assert mask.sum(axis=1).tolist() == [len(one) for one in batch.ids] + [1] * (batch.rows - len(batch.ids))


def test_the_last_round_leaves_no_stream_idle() -> None:
    ids = [[0] * 8] * (64 * 3)
    assert [len(batch.places) for batch in batches(ids, 512, 2)] == [64, 64, 32, 32]
    assert [len(batch.places) for batch in batches(ids, 512, 1)] == [64, 64, 64]
    assert [len(batch.places) for batch in batches([[0]], 512, 2)] == [1]


def test_four_bit_blocks_unpack_to_scaled_weights() -> None:
    block = struct.pack("<e", 0.5) + bytes([0x0F | (0x08 << 4)] + [0x88] * 15)
    weights = unpack(np.frombuffer(block, np.uint8).reshape(1, 18))
    assert weights.shape == (1, 32)
    assert weights[0, 0] == 3.5
    assert not weights[0, 1:].any()


@pytest.mark.parametrize("raw", [b"", b"GGUF" + bytes(60), b"E5S1" + bytes(10)])
def test_what_is_no_packed_file_is_refused_in_one_line(raw: bytes) -> None:
    with pytest.raises(ModelError) as refused:
        read_packed(raw)
    assert "\n" not in str(refused.value)


def test_a_source_and_an_author_lie_in_one_fold_each() -> None:
    posts = [Background("x", "en", source) for source in "aabbbcdef"]
    assert set(source_folds(posts, FOLDS).values()) == set(range(FOLDS))
    one = Example("x", "fr", "benign", False, "fr-a2", "corpus")
    rows = build_rows([one, replace(one, group="sq-a2", lang="sq")], posts)
    assert rows[0].fold == rows[1].fold


def test_an_interval_holds_for_small_counts() -> None:
    low, high = Share(0, 10).interval
    assert low == 0.0
    assert high == pytest.approx(0.2775, abs=1e-3)
    assert Share(0, 0).interval == (0.0, 1.0)


def test_the_corpus_is_sound() -> None:
    assert check_corpus() == []


def test_the_linter_finds_what_is_wrong(tmp_path: Path) -> None:
    row: dict[str, object] = {
        "id": "en-1",
        "text": "call +44 20 7946 1234 or @joe",
        "lang": "en",
        "kind": "smuggling",
        "subtypes": ["begging"],
    }
    row |= {"author": "en-a1", "pair": None, "hard": False, "why": "x"}
    (tmp_path / "en.jsonl").write_text(
        json.dumps(row) + "\n" + json.dumps(row | {"subtypes": []}) + "\n{", encoding="utf-8"
    )
    found = "\n".join(check_corpus(tmp_path))
    for fault in ("subtypes not of smuggling: begging", "telephone number", "handle @joe", "also at", "not JSON"):
        assert fault in found


def corpus_row(number: int, text: str, **other: object) -> dict[str, object]:
    row = {"id": f"en-{number:04d}", "text": text, "lang": "en", "kind": "benign", "subtypes": [], "author": "en-a1"}
    return row | {"pair": None, "hard": False, "why": "x"} | other


def test_the_linter_finds_filled_slots(tmp_path: Path) -> None:
    cities = ["Rome", "Oslo", "Bari", "Lyon"]
    rows = [corpus_row(place, f"Bus to {city} at {place}, ask Ana", pair="p1") for place, city in enumerate(cities)]
    (tmp_path / "en.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert check_corpus(tmp_path) == [
        "en.jsonl: 4 texts share a skeleton: en-0000, en-0001, en-0002, en-0003",
    ]
    (tmp_path / "en.jsonl").write_text("\n".join(map(json.dumps, rows[:3])), encoding="utf-8")
    assert check_corpus(tmp_path) == []


def test_the_linter_finds_a_text_in_another_script(tmp_path: Path) -> None:
    rows = [corpus_row(place, f"{word} is what I said to them") for place, word in enumerate(["one", "two", "three"])]
    rows += [corpus_row(3, "работа за границей"), corpus_row(4, "send me a voice message, брат")]
    (tmp_path / "en.jsonl").write_text("\n".join(map(json.dumps, rows * 20)), encoding="utf-8")
    assert "en-0003 is written in cyrillic, which en is not" not in "".join(check_corpus(tmp_path))  # a fifth is usual
    many = [corpus_row(place, f"post number {place} of somebody who writes at length") for place in range(10, 99)]
    (tmp_path / "en.jsonl").write_text("\n".join(map(json.dumps, [*many, *rows])), encoding="utf-8")
    found = [fault for fault in check_corpus(tmp_path) if "written in" in fault]
    assert found == ["en.jsonl: en-0003 is written in cyrillic, which en is not"]


def test_the_corpus_is_counted_by_language() -> None:
    counted = {one.lang: one for one in count_corpus()}
    assert set(counted) == set(yaml.safe_load(TAXONOMY.read_text(encoding="utf-8"))["languages"])
    assert all(set(one.kinds) == set(KINDS) for one in counted.values())
    assert all(0 < one.offers.under_60 <= one.offers.under_120 <= 1 for one in counted.values())


def test_rows_of_a_contrast_pair_may_be_alike() -> None:
    one = {"id": "a", "text": "boat tonight, two places left", "pair": "p1"}
    assert list(near_duplicates([one, one | {"id": "b"}])) == []
    assert list(near_duplicates([one, one | {"id": "b", "pair": None}])) == [("a", "b")]


def test_a_threshold_is_finite_where_the_margin_lets_hardly_any_background_pass() -> None:
    scores, passes = np.linspace(0.0, 1.0, 20_000), np.zeros(20_000, dtype=bool)
    assert _threshold(scores, passes, 1e-4) == pytest.approx(scores[-3] + 1e-4, abs=1e-4)
    passes[5] = True
    assert np.isfinite(_threshold(scores, passes, 1e-4))


def test_a_threshold_lets_the_share_of_those_that_pass_the_margin_exceed_it() -> None:
    scores, passes = np.linspace(0.0, 1.0, 20_000), np.ones(20_000, dtype=bool)
    passes[-1] = False
    assert (scores[passes] > _threshold(scores, passes, 1e-3)).sum() in {18, 19, 20}
