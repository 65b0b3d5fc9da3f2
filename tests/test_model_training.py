"""Training, small but whole: one language's examples against the benign of others, by the command that trains."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from models.base import load_base
from models.classifier import Classifier
from models.corpus_check import TAXONOMY
from models.encoder import Encoder
from models.engines import F32, Sizing, cpu_flags, native_engines
from models.errors import ModelError
from models.examples import CORPUS, LANES, read_corpus
from models.heads import load_heads
from tests.saved_models import save_tiny

pytestmark = [pytest.mark.torch, pytest.mark.timeout(1200)]  # six trainings of the last layers each

ROOT = Path(__file__).parent.parent
SOURCES = ("fr", "es", "it", "pt", "de", "nl")
"""Languages whose benign posts stand for the background, each a source of its own."""
UNSEEN = ("ro", "sq", "el", "ar", "tr")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The options of a training on 64 English examples and some 140 background posts."""
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "corpus").mkdir()
    shutil.copy(CORPUS / "en.jsonl", folder / "corpus")
    background = folder / "background.jsonl.gz"
    benign = [row for row in read_corpus() if row.lang in SOURCES and row.kind == "benign"]
    rows = [{"text": row.text, "lang": row.lang, "source": row.lang} for row in benign]
    with gzip.open(background, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)
    return ["--background", str(background), "--corpus", str(folder / "corpus")]


@pytest.fixture(scope="module")
def artefact(inputs: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artefact trained in this process, where a warning is an error."""
    from models.train import main

    folder = tmp_path_factory.mktemp("trained")
    main([*inputs, "--features", str(folder / "features"), "--out", str(folder / "artefact")])
    return folder / "artefact"


def test_a_second_training_gives_the_same_bytes(artefact: Path, inputs: list[str], tmp_path: Path) -> None:
    options = [*inputs, "--features", str(tmp_path / "features"), "--out", str(tmp_path / "artefact")]
    command = [sys.executable, "-m", "models.train", *options]
    subprocess.run(command, check=True, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": "1"}, timeout=900)
    first, second = contents(artefact), contents(tmp_path / "artefact")
    files = ["README.md", "artefact.json", "golden.safetensors", "heads.safetensors", "held-out.safetensors"]
    assert sorted(first) == files
    assert first == second


def test_what_was_trained_loads_with_the_labels_of_the_taxonomy(artefact: Path) -> None:
    taxonomy = yaml.safe_load(TAXONOMY.read_text(encoding="utf-8"))
    heads = load_heads(artefact)
    assert list(heads.labels) == list(taxonomy["kinds"])
    assert {lane: list(kinds) for lane, kinds in heads.lanes.items()} == taxonomy["lanes"]
    assert list(heads.calibrations) == native_engines(cpu_flags())
    assert list(heads.agreements) == list(heads.calibrations)[1:]
    for limits in (one for calibration in heads.calibrations.values() for one in calibration.thresholds.values()):
        assert np.isfinite(limits).all()
        assert len(limits) == len(taxonomy["levels"])


def test_what_was_trained_ranks_offers_higher_in_languages_that_it_has_not_read(artefact: Path) -> None:
    heads = load_heads(artefact)
    assert heads.tuned
    classifier = Classifier(heads, Encoder(heads.tune(load_base())))
    unseen = [row for row in read_corpus() if row.lang in UNSEEN]
    found = classifier.assess([row.text for row in unseen], [row.lang for row in unseen])
    chances = [sum(one.scores[kind] for kind in LANES["offers"]) for one in found]
    offers = [chance for chance, row in zip(chances, unseen, strict=True) if row.is_offer]
    others = [chance for chance, row in zip(chances, unseen, strict=True) if row.kind == "benign"]
    # so many of all pairs in the right order: chance is 0.5, and 64 examples against hard benign ones gave 0.71
    assert np.greater.outer(offers, others).mean() > 0.6


def test_what_was_trained_refuses_another_base(artefact: Path) -> None:
    other = Encoder(replace(load_base(), sha256="0" * 64))
    with pytest.raises(ModelError, match="other base weights"):
        Classifier(load_heads(artefact), other)


def test_only_the_last_third_of_the_layers_is_tuned(artefact: Path) -> None:
    from models.blending import frozen_width

    base, heads = load_base(), load_heads(artefact)
    assert {name.split(".")[0] for name in heads.tuned} == {"l8", "l9", "l10", "l11"}
    width = frozen_width(len(base.layers) * base.shape.hidden)
    before, after = Encoder(base).encode(["a boat on Friday"]), Encoder(heads.tune(base)).encode(["a boat on Friday"])
    np.testing.assert_array_equal(before[:, :width], after[:, :width])
    assert not np.array_equal(before, after)


def test_heads_can_be_trained_on_another_base(inputs: list[str], tmp_path: Path) -> None:
    from models.train import main

    base = load_base(tmp_path / "cache", save_tiny(tmp_path / "tiny"))
    named = ["--base", str(tmp_path / "tiny"), "--base-sha256", base.sha256, "--cache", str(tmp_path / "cache")]
    main(
        [*inputs, *named, "--engines", F32, "--features", str(tmp_path / "features"), "--out", str(tmp_path / "heads")]
    )
    heads = load_heads(tmp_path / "heads")
    assert heads.base_sha256 == base.sha256
    assert Classifier(heads, Encoder(heads.tune(base), sizing=Sizing(1))).assess(["boat"], ["en"])
    with pytest.raises(ModelError, match="base_sha256"):
        main([*inputs, *named[:2], "--base-sha256", "0" * 64, "--cache", str(tmp_path / "cache")])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
