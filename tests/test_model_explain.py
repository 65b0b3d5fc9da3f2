"""Why a text scores as it does: what is left out, what is joined, and what it may cost."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest

from models.calibration import Array
from models.classifier import Classifier
from models.explain import MOST_PARTS, MOST_SPANS, MOST_VARIANTS, explain, parts, without
from models.faithfulness import flagged, try_out


@dataclass
class Scorer:
    """Scores a text by the words that it holds, and reads the first `reads` characters of it."""

    weights: dict[str, float]
    reads: int = 10_000
    scored: list[str] = field(default_factory=list)

    def distances(self, texts: Sequence[str]) -> Array:
        self.scored += texts
        read = [text[: self.reads] for text in texts]
        return np.array([sum(weight for word, weight in self.weights.items() if word in text) for text in read])

    def lengths(self, texts: Sequence[str]) -> list[int]:
        return [min(len(text), self.reads) for text in texts]


def spans(text: str, **weights: float) -> list[tuple[str, float]]:
    """What is said of a text, as words and weights."""
    return [(text[one.start : one.end], round(one.weight, 6)) for one in explain(text, Scorer(weights))]


def pieces(text: str, most: int = 1000) -> list[str]:
    return [text[start:end] for start, end in parts(text, most, len(text))]


def test_the_word_that_raises_a_score_is_named_with_what_its_loss_costs() -> None:
    assert spans("we can drive you over tonight", tonight=2.0, you=-1.0) == [("tonight", 2.0)]


def test_the_weightiest_span_comes_first_wherever_it_stands() -> None:
    text = "visa first of all and the sea after that"
    assert spans(text, visa=1.0, sea=3.0) == [("sea", 3.0), ("visa", 1.0)]


def test_neighbours_of_like_weight_are_one_span_and_weigh_what_they_weigh_together() -> None:
    text = "they say that without papers needed there at all, you know it"
    assert spans(text, without=1.0, papers=1.2, needed=0.9) == [("without papers needed", 3.1)]


def test_a_weighty_word_is_not_joined_to_a_light_one() -> None:
    assert spans("one passport here two three four", passport=3.0, here=0.6) == [("passport", 3.0), ("here", 0.6)]


def test_what_lowers_a_score_or_does_nothing_is_not_named() -> None:
    assert spans("a warning from the police", police=-2.0) == []
    assert spans("nothing of note") == []


@pytest.mark.parametrize("text", ["", "   ", "\n", "\u200b"])
def test_a_text_without_words_is_explained_by_nothing(text: str) -> None:
    assert explain(text, Scorer({})) == []


def test_offsets_are_those_of_the_text_as_it_is_written() -> None:
    text = "👩🏽‍🍳  café\u200b  — le  départ\tce soir"
    [span] = explain(text, Scorer({"départ": 1.0}))
    assert text[span.start : span.end] == "départ"


def test_right_to_left_text_is_counted_in_the_order_in_which_it_is_stored() -> None:
    assert spans("سفر آسان به اروپا بدون ویزا", اروپا=2.0) == [("اروپا", 2.0)]


def test_scripts_without_spaces_are_cut_into_a_few_characters() -> None:
    assert pieces("出国打工WhatsApp加我") == ["出国", "打工", "WhatsApp", "加我"]
    assert pieces("ไปทำงาน +66") == ["ไปทำ", "งาน", "+66"]


def test_marks_tones_and_joined_emoji_stay_with_what_they_stand_on() -> None:
    for whole in ("กำ่กำ่กำ่กำ่", "👩🏽‍🍳" * 40, "e\u0301" * 40):
        for piece in pieces(whole)[1:]:
            assert piece[0] not in "\u0301\u200d\u0e48🏽🍳"


def test_parts_cover_every_letter_once_and_in_order() -> None:
    rng = random.Random(3)
    letters = "ab 出国ไป้ا\u0301\u200d👩🏽\n.,#@"
    for _ in range(300):
        text = "".join(rng.choices(letters, k=rng.randrange(80)))
        found = parts(text, 1000, len(text))
        assert all(a[1] <= b[0] for a, b in pairwise(found))
        assert "".join(text[start:end] for start, end in found) == "".join(text.split())


def test_a_long_text_is_cut_into_so_many_parts_of_several_words() -> None:
    text = " ".join(f"word{n}" for n in range(500))
    assert len(pieces(text, 39)) <= 39
    assert pieces(text, 39)[0].startswith("word0 word1 ")


@pytest.mark.parametrize(
    "text", ["a b " * 5000, "x" * 20_000, "出" * 20_000, "\u0301" * 20_000, "#" * 20_000, "👩🏽‍🍳" * 4000]
)
def test_however_long_or_hostile_a_text_is_few_variants_are_scored_and_soon(text: str) -> None:
    scorer = Scorer(dict.fromkeys(text[:400].split(), 1.0))
    begun = time.monotonic()
    found = explain(text, scorer)
    assert len(scorer.scored) <= MOST_VARIANTS
    assert len(found) <= MOST_SPANS
    assert time.monotonic() - begun < 5


def test_as_many_variants_as_there_are_parts_and_spans_are_within_the_bound() -> None:
    words = [f"w{n:02}" for n in range(MOST_PARTS)]
    scorer = Scorer(dict.fromkeys(words[2::4], 10.0))
    explain(" ".join(words), scorer)
    assert MOST_VARIANTS - 4 <= len(scorer.scored) <= MOST_VARIANTS


def test_what_is_not_read_is_not_left_out() -> None:
    text = "boat tonight " + "and so on " * 60 + "boats"
    scorer = Scorer({"tonight": 1.0}, reads=64)
    assert [text[one.start : one.end] for one in explain(text, scorer)] == ["tonight"]
    assert all(one.end <= 80 for one in explain(text, scorer))
    assert all(variant.endswith("boats") for variant in scorer.scored)


def test_the_last_word_that_is_read_is_whole() -> None:
    text = "a " * 15 + "kilometres away"
    assert pieces(text[: 15 * 2 + 10])[-1] == "kilometres"
    assert [text[start:end] for start, end in parts(text, 100, 32)][-1] == "kilometres"


def test_spans_do_not_overlap() -> None:
    rng = random.Random(4)
    for _ in range(100):
        words = [f"w{n:02}" for n in range(rng.randrange(1, 60))]
        found = explain(" ".join(words), Scorer({word: rng.uniform(-1, 1) for word in words}))
        ordered = sorted((one.start, one.end) for one in found)
        assert all(a[1] <= b[0] for a, b in pairwise(ordered))
        assert [one.weight for one in found] == sorted((one.weight for one in found), reverse=True)


def test_the_same_text_is_explained_alike_twice() -> None:
    text = "two seats left, we leave at night"
    assert explain(text, Scorer({"seats": 1.0, "night": 1.0})) == explain(text, Scorer({"seats": 1.0, "night": 1.0}))


def test_a_span_is_what_its_removal_costs() -> None:
    text, scorer = "no papers needed, we leave tonight", Scorer({"papers": 1.5, "tonight": 0.7})
    [whole] = scorer.distances([text])
    for one in explain(text, scorer):
        [less] = scorer.distances([without(text, (one.start, one.end))])
        assert one.weight == pytest.approx(whole - less)


@pytest.mark.weights
def test_leaving_out_what_explains_a_flag_undoes_it_more_often_than_leaving_out_anything() -> None:
    classifier, rng = Classifier.load(), random.Random(1)
    drawn = [
        one for one in flagged(classifier, 2, rng) if one[0].lang in {"ar", "en", "es", "fr", "ru", "th", "vi", "zh"}
    ]
    trials = [try_out(classifier, example, str(found.lane), rng) for example, found in drawn]
    assert len(trials) >= 8
    assert sum(one.weighs_more for one in trials) >= 0.8 * len(trials)
    assert sum(one.unflagged for one in trials) > sum(one.unflagged_at_random for one in trials)
