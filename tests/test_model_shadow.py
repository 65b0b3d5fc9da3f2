"""A second pair of heads on the features of the first, without the base weights: a fake engine stands in for the encoder."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.classifier import Classifier
from models.errors import ModelError
from models.heads import Heads, load_heads, save_heads
from models.linear import Linear
from models.shadow import Pair, load_pair

TEXTS = ["one", "two", "three"]
LANGS = ["en"] * 3


class Engine:
    """Random features, and how often they were asked for."""

    engine = "openvino-f32"

    def __init__(self, base_sha256: str) -> None:
        self.base_sha256 = base_sha256
        self.calls = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.calls += 1
        width = load_heads().stream.weight.shape[1]
        return np.random.default_rng(len(texts)).normal(size=(len(texts), width)).astype(np.float32)

    def lengths(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


def flags_everything(heads: Heads) -> Heads:
    """The same heads, for which every post is an offer."""
    lanes = list(heads.lanes)
    stream = Linear(
        heads.stream.weight, heads.stream.bias + np.array([50.0 * (n == "offers") for n in lanes], np.float32)
    )
    near = Linear(heads.near.weight * 0, np.array([50.0 * (n == "smuggling") for n in heads.labels], np.float32))
    return replace(heads, version="everything", stream=stream, near=near)


@pytest.fixture
def engine() -> Engine:
    return Engine(load_heads().base_sha256)


@pytest.fixture
def active(engine: Engine) -> Classifier:
    return Classifier(load_heads(), engine)


def test_the_shadow_takes_the_features_of_the_active_one(active: Classifier, engine: Engine, tmp_path: Path) -> None:
    save_heads(flags_everything(load_heads()), tmp_path, {})
    pair = load_pair(active, tmp_path)
    found, later = pair.assess(TEXTS, LANGS)
    assert [one.lane for one in later()] == ["offers"] * 3
    assert engine.calls == 2  # the probe's, and the posts'
    assert found == active.assess(TEXTS, LANGS)
    assert (pair.model, pair.shadow.model) == (active.model, "fanal-everything+openvino-f32")


def test_a_shadow_on_an_engine_of_its_own_reads_the_texts_itself(active: Classifier, engine: Engine) -> None:
    own = Engine(engine.base_sha256)
    _, later = Pair(active, Classifier(load_heads(), own)).assess(TEXTS, LANGS)
    assert (engine.calls, own.calls) == (1, 0)
    assert len(later()) == 3
    assert own.calls == 1


def test_layers_that_were_tuned_otherwise_cannot_borrow_the_engine(active: Classifier) -> None:
    heads = load_heads()
    other = replace(heads, tuned={**heads.tuned, "l11.q.b": np.full(384, 2.0, np.float16)})
    assert active.can_lend(heads)
    assert not active.can_lend(other)
    with pytest.raises(ModelError, match="an engine of its own"):
        active.beside(other)


def test_no_text_is_no_work(active: Classifier, engine: Engine) -> None:
    found, later = Pair(active, active).assess([], [])
    assert (found, later(), engine.calls) == ([], [], 0)


def test_the_same_heads_agree_with_themselves(active: Classifier) -> None:
    found, later = Pair(active, active.beside(load_heads())).assess(TEXTS, LANGS)
    assert later() == found


def refusal(active: Classifier, heads: Heads, folder: Path) -> str:
    """The line with which heads are refused as a shadow."""
    save_heads(heads, folder, {})
    with pytest.raises(ModelError) as refused:
        load_pair(active, folder)
    assert "\n" not in str(refused.value)
    assert str(folder) in str(refused.value)
    return str(refused.value)


def test_a_shadow_of_another_base_is_refused_in_a_line(active: Classifier, tmp_path: Path) -> None:
    assert "other base weights" in refusal(active, replace(load_heads(), base_sha256="0" * 64), tmp_path)


def test_a_shadow_that_is_not_calibrated_for_the_engine_is_refused_in_a_line(
    active: Classifier, tmp_path: Path
) -> None:
    assert "not calibrated for the engine openvino-f32" in refusal(
        active, replace(load_heads(), calibrations={}), tmp_path
    )


def test_a_shadow_with_other_lanes_is_refused_in_a_line(active: Classifier, tmp_path: Path) -> None:
    lanes = {"offers": ("recruitment",), "smuggling": ("smuggling",), "protection": ("distress",)}
    assert "lanes offers, smuggling, protection" in refusal(
        active, replace(load_heads(), lanes=lanes, calibrations={}), tmp_path
    )


def test_heads_of_another_width_are_refused_in_a_line(active: Classifier, tmp_path: Path) -> None:
    heads = load_heads()
    stream, near = (Linear(one.weight[:, :384], one.bias) for one in (heads.stream, heads.near))
    narrow = replace(heads, stream=stream, near=near, subtypes=None)
    assert "do not work on these features" in refusal(active, narrow, tmp_path)


def test_a_shadow_that_is_not_there_is_refused_in_a_line(active: Classifier, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        load_pair(active, tmp_path / "nowhere")


def test_the_distance_to_review_tells_who_reaches_a_lane(active: Classifier) -> None:
    everything = active.beside(flags_everything(load_heads()))
    found = everything.above_review(TEXTS, LANGS)
    assert found.shape == (3, len(everything.lanes))
    assert (found[:, everything.lanes.index("offers")] > 0).all()
    calmer = active.beside(
        replace(load_heads(), stream=Linear(load_heads().stream.weight * 0, np.full(3, -50.0, np.float32)))
    )
    assert (calmer.above_review(TEXTS, LANGS) < 0).all()
    assert {one.lane for one in calmer.assess(TEXTS, LANGS)} == {None}
