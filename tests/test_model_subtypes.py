"""Subtypes and probabilities: what is named beside a kind, and how scores come to mean what they say."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.calibration import Calibration, Spread, calibration_from_json
from models.decision import scores
from models.errors import ModelError
from models.examples import KINDS, LANES
from models.heads import Logits, load_heads, save_heads
from models.linear import Linear
from models.scaling import Scaling, inputs
from models.subtypes import Subtypes, named

NAMES = {"smuggling": ("air", "sea"), "distress": ("plea", "search", "warning")}
PLAIN = Spread((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
SCALING = Scaling(tuple((0.0,) * 3 + tuple(float(one == kind) for one in KINDS) for kind in KINDS), (0.0,) * len(KINDS))
CALIBRATION = Calibration({}, PLAIN, dict.fromkeys(LANES, (3.0, 5.0)), dict.fromkeys(LANES, 0.0), 0.0, SCALING)


def test_the_likeliest_subtype_of_the_kind_is_named_and_a_second_that_is_nearly_as_likely() -> None:
    logits = np.array([0.0, 3.0, 1.0, 1.1, -9.0])
    assert named(logits, "smuggling", NAMES) == ("sea",)
    assert named(logits, "distress", NAMES) == ("search", "plea")
    assert named(logits, "benign", NAMES) == ()


def test_subtypes_read_the_first_features_alone() -> None:
    subtypes = Subtypes({"smuggling": ("air", "sea")}, Linear(np.eye(2, 3, dtype=np.float32), np.zeros(2, np.float32)))
    features = np.array([[1.0, 2.0, 0.0, np.nan]], np.float32)
    assert subtypes.named(subtypes(features), ["smuggling"]) == [("sea",)]


@pytest.mark.parametrize("weight", [np.zeros((3, 4), np.float32), np.zeros((2, 9000), np.float32)])
def test_a_map_that_does_not_fit_its_names_or_the_features_is_refused(
    weight: NDArray[np.float32], tmp_path: Path
) -> None:
    wrong = Subtypes({"smuggling": ("air", "sea")}, Linear(weight, np.zeros(len(weight), np.float32)))
    save_heads(replace(load_heads(), subtypes=wrong), tmp_path, {})
    with pytest.raises(ModelError, match="subtypes"):
        load_heads(tmp_path)


def test_subtypes_and_scaling_survive_their_written_form(tmp_path: Path) -> None:
    heads = load_heads()
    width = heads.near.weight.shape[1] // 2
    linear = Linear(np.ones((2, width), np.float32), np.ones(2, np.float32))
    own = replace(heads, subtypes=Subtypes({"smuggling": ("air", "sea")}, linear))
    save_heads(own, tmp_path, {})
    again = load_heads(tmp_path)
    assert again.subtypes is not None
    assert again.subtypes.names == {"smuggling": ("air", "sea")}
    assert np.array_equal(again.subtypes.linear.weight, linear.weight)
    assert calibration_from_json(json.loads(json.dumps(CALIBRATION.as_json()))) == CALIBRATION
    assert calibration_from_json(replace(CALIBRATION, scaling=None).as_json()).scaling is None


def test_scaled_scores_sum_to_one_and_follow_the_scaling() -> None:
    logits = Logits(np.array([[9.0, -9.0, -9.0]]), np.array([[4.0, 0.0, 0.0, 0.0, 0.0]]))
    found = scores(logits, ["fr"], KINDS, LANES, CALIBRATION)
    assert found.sum() == pytest.approx(1.0)
    assert found.argmax() == 0
    biased = replace(CALIBRATION, scaling=Scaling(SCALING.weight, (0.0, 0.0, 0.0, 0.0, 50.0)))
    assert scores(logits, ["fr"], KINDS, LANES, biased)[0, 4] == pytest.approx(1.0)


def test_far_from_every_threshold_nothing_more_is_said() -> None:
    near = np.array([[50.0, 0.0, 0.0, 0.0, -90.0]])
    far, farther = (inputs(np.full((1, 3), -size), near) for size in (50.0, 500.0))
    assert np.array_equal(far, farther)
    assert np.isfinite(far).all()


@pytest.mark.parametrize(
    "scaling",
    [
        Scaling(SCALING.weight[:-1], SCALING.bias),
        Scaling(tuple(row[1:] for row in SCALING.weight), SCALING.bias),
        Scaling(SCALING.weight, (float("nan"), *SCALING.bias[1:])),
    ],
)
def test_a_scaling_of_other_kinds_or_without_numbers_is_refused(scaling: Scaling) -> None:
    with pytest.raises(ValueError, match="scaling"):
        replace(CALIBRATION, scaling=scaling).refuse_unsound(list(LANES))
