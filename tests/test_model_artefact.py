"""The artefact that ships, without the base weights: a fake engine stands in for the encoder."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from models.classifier import Classifier
from models.constant import ConstantClassifier
from models.errors import ModelError
from models.examples import KINDS, LANES
from models.heads import ARTEFACT, load_heads

TAXONOMY = Path(__file__).parent.parent / "config" / "taxonomy.yaml"


class FakeEngine:
    """Features that mean nothing, under any engine's name."""

    def __init__(self, engine: str, base_sha256: str, scale: float = 1.0) -> None:
        self.engine = engine
        self.base_sha256 = base_sha256
        self._scale = scale

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        width = load_heads().stream.weight.shape[1]
        return self._scale * np.random.default_rng(len(texts)).normal(size=(len(texts), width)).astype(np.float32)

    def lengths(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


def test_labels_and_lanes_are_those_of_the_taxonomy() -> None:
    taxonomy = yaml.safe_load(TAXONOMY.read_text(encoding="utf-8"))
    heads = load_heads()
    assert list(heads.labels) == list(KINDS) == list(taxonomy["kinds"])
    assert {lane: list(kinds) for lane, kinds in heads.lanes.items()} == taxonomy["lanes"]
    assert dict(heads.lanes) == LANES
    for calibration in heads.calibrations.values():
        assert set(calibration.thresholds) == set(taxonomy["lanes"])
        assert all(sorted(limits) == list(limits) for limits in calibration.thresholds.values())
        assert all(len(limits) == len(taxonomy["levels"]) for limits in calibration.thresholds.values())


def test_the_artefact_is_small_and_holds_no_pickle() -> None:
    files = sorted(path.name for path in ARTEFACT.iterdir())
    assert files == [
        "README.md",
        "artefact.json",
        "context.json",
        "golden.safetensors",
        "heads.safetensors",
        "held-out.safetensors",
    ]
    assert sum(path.stat().st_size for path in ARTEFACT.iterdir()) < 25_000_000


def test_an_engine_without_calibration_scores_and_never_flags() -> None:
    heads = load_heads()
    classifier = Classifier(heads, FakeEngine("openvino-int8-static", heads.base_sha256, scale=50.0))
    found = classifier.assess(["x"] * 200, ["en"] * 200)
    assert not classifier.can_flag
    assert not any(one.flagged or one.lane or one.level for one in found)
    assert {one.model for one in found} == {f"fanal-{heads.version}+openvino-int8-static"}
    assert all(sum(one.scores.values()) == pytest.approx(1.0) for one in found)


def test_flagged_means_the_offers_lane() -> None:
    heads = load_heads()
    classifier = Classifier(heads, FakeEngine("openvino-f32", heads.base_sha256, scale=20.0))
    found = classifier.assess(["x"] * 500, ["fr"] * 500)
    assert any(one.flagged for one in found)
    for one in found:
        assert one.flagged == (one.lane == "offers")
        assert (one.level is None) == (one.lane is None)
        assert one.lane is None or one.kind in heads.lanes[one.lane]


def test_no_texts_give_no_assessments() -> None:
    heads = load_heads()
    assert Classifier(heads, FakeEngine("openvino-f32", heads.base_sha256)).assess([], []) == []


def test_an_assessment_carries_what_the_last_layer_has_of_its_own_text() -> None:
    heads = load_heads()
    engine = FakeEngine("openvino-f32", heads.base_sha256)
    expected = engine.encode(["a", "b", "c"])[:, -384:]
    found = Classifier(heads, engine).sift(["a", "b", "c"]).assess([0, 2], ["en", "fr"])
    assert [
        one.vector is not None and np.array_equal(one.vector, row)
        for one, row in zip(found, expected[[0, 2]], strict=True)
    ] == [True, True]
    assert found[0] == replace(found[0], vector=None)


def test_texts_that_were_sifted_get_the_assessments_of_those_that_were_not() -> None:
    heads = load_heads()
    classifier = Classifier(heads, FakeEngine("openvino-f32", heads.base_sha256, scale=20.0))
    langs = ["fr", "so", "und", "hi-Latn"] * 125
    whole = classifier.assess(["x"] * 500, langs)
    sifted = classifier.sift(["x"] * 500)
    assert {place for place, one in enumerate(whole) if one.lane} <= set(sifted.suspects)
    assert 0 < len(sifted.suspects) < 500
    assert sifted.assess(sifted.suspects, [langs[place] for place in sifted.suspects]) == [
        whole[place] for place in sifted.suspects
    ]


def test_an_engine_without_calibration_has_no_suspects() -> None:
    heads = load_heads()
    classifier = Classifier(heads, FakeEngine("openvino-int8-static", heads.base_sha256, scale=50.0))
    assert classifier.sift(["x"] * 200).suspects == []


def test_another_base_is_refused() -> None:
    with pytest.raises(ModelError, match="other base weights"):
        Classifier(load_heads(), FakeEngine("openvino-f32", "0" * 64))


def test_a_truncated_artefact_is_refused_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "artefact"
    shutil.copytree(ARTEFACT, folder)
    weights = folder / "heads.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ModelError) as refused:
        load_heads(folder)
    assert "\n" not in str(refused.value)


def test_the_constant_classifier_has_the_same_interface() -> None:
    found = ConstantClassifier(hit_every=10).assess([str(number) for number in range(1000)], ["en"] * 1000)
    assert 50 < sum(one.flagged for one in found) < 150
    assert not any(one.flagged for one in ConstantClassifier().assess(["x"], ["en"]))
    suspects = ConstantClassifier(hit_every=10).sift([str(number) for number in range(1000)]).suspects
    assert suspects == [place for place, one in enumerate(found) if one.flagged]
