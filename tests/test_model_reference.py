"""OpenVINO against transformers: the same token ids, the same features, the same flags."""

import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import yaml

from models.base import Base, load_base
from models.baseline import Baseline
from models.classifier import Classifier
from models.corpus_check import TAXONOMY
from models.decision import Decision, decide
from models.encoder import MAX_TOKENS, Encoder
from models.engines import AS_MEASURED, F32, TORCH_F32
from models.errors import ModelError
from models.examples import read_corpus
from models.heads import Logits, load_heads
from models.packed import Shape
from models.runners import Features, open_runner
from models.tokens import PREFIX, Tokens

SAMPLES = Path(__file__).parent.parent / "config" / "samples" / "posts.ndjson"
LANGUAGES = yaml.safe_load(TAXONOMY.read_text(encoding="utf-8"))["languages"]
EACH = 3
SHAPE = Shape(hidden=4, layers=1, heads=1, inner=1, positions=9, epsilon=1e-5)

Posts = tuple[list[str], list[str]]


@pytest.fixture(scope="module")
def posts() -> Posts:
    """The texts and languages of three posts in each language: of the samples, or of the corpus where those have none."""
    samples = map(json.loads, SAMPLES.read_text(encoding="utf-8").splitlines())
    found = [(row["lang_hint"][0], row["text"]) for row in samples]
    by_language: dict[str, list[str]] = defaultdict(list)
    for lang, text in [*found, *((row.lang, row.text) for row in read_corpus())]:
        by_language[lang].append(text)
    chosen = [(text, lang) for lang in LANGUAGES for text in by_language[lang][:EACH]]
    return [text for text, _ in chosen], [lang for _, lang in chosen]


@pytest.fixture(scope="module")
def base() -> Base:
    return load_base()


@pytest.fixture(scope="module")
def reference(base: Base) -> Encoder:
    return Encoder(base, TORCH_F32)


@pytest.fixture(scope="module")
def theirs(reference: Encoder, posts: Posts) -> Features:
    return reference.encode(posts[0])


@pytest.fixture(scope="module")
def ours(base: Base, posts: Posts) -> Features:
    return Encoder(base).encode(posts[0])


@pytest.mark.parametrize("missing", ["torch", "transformers"])
def test_without_the_extra_the_torch_engines_say_what_to_install(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ModelError, match=r"need the extra `torch`.* -r requirements/torch\.txt") as refused:
        open_runner(Base(Path(), "", SHAPE, {}, np.zeros((1, 1), np.uint8)), TORCH_F32, AS_MEASURED)
    assert "\n" not in str(refused.value)


@pytest.mark.torch
def test_the_posts_cover_every_language(posts: Posts) -> None:
    assert len(posts[0]) == EACH * len(LANGUAGES)


@pytest.mark.torch
def test_every_layer_points_where_that_of_transformers_does(base: Base, ours: Features, theirs: Features) -> None:
    shape = (len(ours), len(base.layers), -1)
    one, other = ours.reshape(shape), theirs.reshape(shape)
    cosines = (one * other).sum(axis=2) / np.linalg.norm(one, axis=2) / np.linalg.norm(other, axis=2)
    assert cosines.min() >= 0.9999
    np.testing.assert_allclose(ours, theirs, atol=2e-5)


@pytest.mark.torch
def test_the_heads_give_the_same_logits_and_flags_on_both(ours: Features, theirs: Features, posts: Posts) -> None:
    one, other = load_heads()(ours), load_heads()(theirs)
    apart = np.abs(np.hstack([one.stream - other.stream, one.near - other.near]))
    assert np.quantile(apart, 0.99) < 1e-4
    flags = decisions(one, posts[1])
    assert flags == decisions(other, posts[1])
    assert 3 < sum(flag.lane == "offers" for flag in flags) < len(flags) / 2


@pytest.mark.torch
def test_the_classifier_on_the_reference_scores_and_never_flags(
    reference: Encoder, theirs: Features, posts: Posts
) -> None:
    heads = load_heads()
    classifier = Classifier(heads, reference)
    assert not classifier.can_flag
    found = classifier.assess(*posts)
    uncalibrated = decide(heads(theirs), posts[1], heads.labels, heads.lanes, None)
    assert [one.kind for one in found] == [one.kind for one in uncalibrated]
    assert len({one.kind for one in found}) > 2
    assert not any(one.lane or one.flagged for one in found)
    assert reference.encode([]).shape == (0, reference.width)


@pytest.mark.torch
def test_the_tokens_are_those_of_transformers_own_tokenizer(base: Base, posts: Posts) -> None:
    import transformers

    pieces = json.loads((base.folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    whole = transformers.XLMRobertaTokenizer(vocab=[(piece, score) for piece, score in pieces])
    bare = transformers.PreTrainedTokenizerFast(tokenizer_file=str(base.folder / "tokenizer.json"))
    tokens = Tokens.load(base.folder, MAX_TOKENS)
    texts = [*posts[0], "Une phrase " * MAX_TOKENS]
    # transformers has no code point map where the vocabulary is given without SentencePiece's own: ours goes before
    normal = [tokens._normalise(PREFIX + text) for text in texts]
    ids = tokens.encode(texts)
    assert ids == whole(normal, truncation=True, max_length=MAX_TOKENS)["input_ids"]
    assert ids == bare(normal, truncation=True, max_length=MAX_TOKENS)["input_ids"]
    assert len(ids[-1]) == MAX_TOKENS


@pytest.mark.torch
def test_the_baseline_is_the_same_model_in_any_batch(base: Base) -> None:
    texts = ["boat tonight to italy 4000 per head write me", "Good morning everyone"]
    ours = Encoder(base).encode(texts)[:, -base.shape.hidden :]
    alone = [states[0].mean(dim=0).numpy() for states in Baseline(base).read(texts, batch=1)]
    np.testing.assert_allclose(alone, ours, atol=2e-5)
    padded = Baseline(base).read(texts, batch=2)
    np.testing.assert_allclose(padded[0][0].mean(dim=0).numpy(), ours[0], atol=2e-5)


def decisions(logits: Logits, langs: list[str]) -> list[Decision]:
    """What is decided by the calibration for OpenVINO, whichever engine the features are from."""
    heads = load_heads()
    return decide(logits, langs, heads.labels, heads.lanes, heads.calibrations[F32])
