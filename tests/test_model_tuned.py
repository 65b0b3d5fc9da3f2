"""Layers that were trained with the heads: kept in the artefact, put in the place of the base's own."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.base import Base, load_base
from models.encoder import Encoder
from models.engines import Sizing
from models.errors import ModelError
from models.heads import Heads, load_heads, save_heads
from models.tuned import cut_of, tuned_names, with_tuned
from tests.saved_models import save_tiny

TEXTS = ["a boat", "the work is working", ""]


@pytest.fixture
def base(tmp_path: Path) -> Base:
    return load_base(tmp_path / "cache", save_tiny(tmp_path / "tiny"))


def tuned(base: Base) -> Heads:
    """The shipped heads, as if they had been trained on a base whose last layers were doubled."""
    layers = {name: (2 * base.weights[name]).astype(np.float16) for name in tuned_names(base)}
    return replace(load_heads(), base_sha256=base.sha256, tuned=layers)


def test_tuned_layers_come_back_from_the_artefact_bit_for_bit(base: Base, tmp_path: Path) -> None:
    heads = tuned(base)
    save_heads(heads, tmp_path / "artefact", {})
    again = load_heads(tmp_path / "artefact")
    assert list(again.tuned) == list(heads.tuned)
    for name, tensor in again.tuned.items():
        assert tensor.dtype == np.float16
        np.testing.assert_array_equal(tensor, heads.tuned[name])


def test_the_features_below_the_tuned_layers_stay_as_they_are(base: Base) -> None:
    plain = Encoder(base, sizing=Sizing(1)).encode(TEXTS)
    other = Encoder(tuned(base).tune(base), sizing=Sizing(1)).encode(TEXTS)
    frozen = plain.shape[1] * 2 // 3
    np.testing.assert_array_equal(plain[:, :frozen], other[:, :frozen])
    assert np.abs(plain[:, frozen:] - other[:, frozen:]).max() > 0.01


def test_all_that_lies_above_the_cut_is_tuned_and_nothing_below(base: Base) -> None:
    assert {name.split(".")[0] for name in tuned_names(base)} == {f"l{n}" for n in range(cut_of(base), 3)}


def test_layers_of_another_size_are_refused(base: Base) -> None:
    with pytest.raises(ModelError, match="do not fit the base encoder"):
        with_tuned(base, {"l2.q.w": np.zeros((2, 2), np.float16)})
    with pytest.raises(ModelError, match="do not fit the base encoder"):
        with_tuned(base, {"l99.q.w": np.zeros((2, 2), np.float16)})


def test_heads_refuse_to_tune_another_base(base: Base) -> None:
    with pytest.raises(ModelError, match="other base weights"):
        tuned(base).tune(replace(base, sha256="0" * 64))
