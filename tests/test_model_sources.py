"""Bases in folders as `transformers` saves them: read exactly whatever their form, and refused in one line."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.architecture import LONGEST
from models.base import Base, Wanted, load_base
from models.encoder import MAX_TOKENS, Encoder
from models.engines import Sizing
from models.errors import ModelError
from models.runners import Features
from models.saved import checksum
from tests.saved_models import HIDDEN, save_tiny, tiny_tokenizer, tiny_weights

TEXTS = ["boat work the a, b!", "ａｂｃ … работа", "x" * 400, "", "<mask> one </s> two"]


def features(base: Base) -> Features:
    return Encoder(base, sizing=Sizing(1)).encode(TEXTS)


def refusal(*arguments: Any) -> str:
    """The one line in which a base is refused, and nothing is left of it."""
    with pytest.raises(ModelError) as refused:
        load_base(*arguments)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """The tiny BERT in one file of fp32."""
    folder = tmp_path_factory.mktemp("plain")
    return load_base(folder / "cache", save_tiny(folder / "model", "bert"))


def test_a_saved_folder_becomes_a_base(plain: Base, tmp_path: Path) -> None:
    assert (plain.shape.hidden, plain.shape.layers, plain.layers) == (HIDDEN, 3, (1, 2, 3))
    assert (plain.name, plain.licence, plain.about.architecture) == ("model", "not stated", "BertModel")
    assert plain.sha256[:12] in plain.folder.name
    found = features(plain)
    assert found.shape == (len(TEXTS), 3 * HIDDEN)
    assert np.isfinite(found).all()
    ids = [7, 3, 7]
    np.testing.assert_array_equal(plain.embed(ids), tiny_weights()["emb.word"][ids])


def test_no_form_of_the_same_weights_changes_a_feature(plain: Base, tmp_path: Path) -> None:
    expected = features(plain)
    forms = [("bert", "F16", 1), ("bert", "BF16", 1), ("bert", "F32", 3), ("xlm-roberta", "F32", 1)]
    for kind, dtype, shards in [*forms, ("xlm-roberta", "BF16", 2)]:
        base = load_base(tmp_path / "cache", save_tiny(tmp_path / f"{kind}-{dtype}-{shards}", kind, dtype, shards))
        assert base.words.dtype == (np.float16 if dtype == "F16" else np.float32)
        assert base.shape == plain.shape
        np.testing.assert_array_equal(features(base), expected)


def test_a_bare_model_needs_no_prefix_and_a_masked_one_has_it(plain: Base, tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "bare", "bert")
    weights = folder / "model.safetensors"
    raw = weights.read_bytes()
    # as many bytes as before, so that the header stays as long: a space may stand anywhere in JSON
    weights.write_bytes(raw.replace(b'"bert.', b'     "'))
    np.testing.assert_array_equal(features(load_base(tmp_path / "cache", folder)), features(plain))


def test_the_ids_are_those_of_the_saved_tokenizer(plain: Base) -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    encoder = Encoder(plain, sizing=Sizing(1))
    expected = [one.ids for one in tokenizer.encode_batch([f"query: {text}" for text in TEXTS])]
    assert encoder._tokens.encode(TEXTS) == expected
    assert max(map(len, expected)) == MAX_TOKENS
    assert np.isfinite(encoder.encode(["\ud83d half"])).all()


def test_the_checksum_is_that_of_the_file_or_of_the_shards_digests(tmp_path: Path) -> None:
    assert checksum(["ab"]) == "ab"
    # printf abcd | sha256sum
    assert checksum(["ab", "cd"]) == "88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589"
    folder = save_tiny(tmp_path / "model")
    base = load_base(tmp_path / "cache", Wanted(str(folder)))
    assert load_base(tmp_path / "cache", Wanted(str(folder), base.sha256.upper())).sha256 == base.sha256


def test_another_checksum_is_refused_with_both_and_nothing_is_kept(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "model")
    told = refusal(tmp_path / "cache", Wanted(str(folder), "0" * 64))
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]
    base = load_base(tmp_path / "cache", folder)
    assert base.sha256[:12] in told
    assert "0" * 12 in told
    assert refusal(tmp_path / "cache", Wanted(str(folder), "0" * 64)) == told
    assert "0" * 12 in refusal(tmp_path / "cache", Wanted(str(base.folder), "0" * 64))


def test_a_converted_folder_can_be_named_itself(plain: Base, tmp_path: Path) -> None:
    again = load_base(tmp_path / "unused", plain.folder)
    assert (again.sha256, again.about) == (plain.sha256, plain.about)
    assert not (tmp_path / "unused").exists()


@pytest.mark.parametrize(
    "file", ["words.npy", "encoder.safetensors", "tokenizer.json", "normal_forms.json", "base.json"]
)
def test_a_cut_cache_is_built_again_from_its_source(file: str, tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "model")
    base = load_base(tmp_path / "cache", folder)
    expected = features(base)
    path = base.folder / file
    os.truncate(path, path.stat().st_size // 2)
    stages: list[str] = []
    again = load_base(tmp_path / "cache", folder, lambda stage, _: stages.append(stage))
    assert stages[-1] == "base encoder ready"
    np.testing.assert_array_equal(features(again), expected)


def test_a_changed_byte_is_seen_and_without_its_source_said(tmp_path: Path) -> None:
    base = load_base(tmp_path / "cache", save_tiny(tmp_path / "model"))
    words = base.folder / "words.npy"
    raw = bytearray(words.read_bytes())
    raw[-1] ^= 1
    words.unlink()
    words.write_bytes(raw)
    assert "does not hold a whole converted base" in refusal(None, base.folder)


def test_other_files_in_the_folder_are_another_source(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "model")
    first = load_base(tmp_path / "cache", folder)
    config = folder / "config.json"
    config.write_text(config.read_text(encoding="utf-8").replace("1e-05", "1e-03"), encoding="utf-8")
    second = load_base(tmp_path / "cache", folder)
    assert first.folder != second.folder
    assert (first.shape.epsilon, second.shape.epsilon) == (1e-5, 1e-3)


def test_of_workers_that_start_at_once_one_converts(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "model")
    stages: list[str] = []
    loaded: list[Base] = []

    def start() -> None:
        loaded.append(load_base(tmp_path / "cache", folder, lambda stage, _: stages.append(stage)))

    workers = [threading.Thread(target=start) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len({base.folder for base in loaded}) == 1
    assert len(loaded) == 4
    assert stages.count("base encoder ready") == 1


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"model_type": "distilbert"}, "model_type is 'distilbert': supported are BertModel and XLMRobertaModel"),
        ({"model_type": ["bert"]}, "model_type is"),
        ({"hidden_act": "relu"}, "hidden_act is 'relu': supported is gelu"),
        (
            {"position_embedding_type": "relative_key"},
            "position_embedding_type is 'relative_key': supported is absolute",
        ),
        ({"is_decoder": True}, "is_decoder is True"),
        ({"auto_map": {"AutoModel": "modeling.Own"}}, "supported is no code of its own"),
        ({"hidden_size": "big"}, "hidden_size is 'big'"),
        ({"num_attention_heads": 5}, "5 heads do not divide a width of 32"),
        ({"num_hidden_layers": 2}, "num_hidden_layers is 2, which should be 3 or more"),
        ({"num_hidden_layers": 4}, "there is no tensor roberta.encoder.layer.3"),
        ({"max_position_embeddings": 100}, "max_position_embeddings is 100, which should be 130 or more"),
        ({"intermediate_size": 64}, r"intermediate.dense.weight is (48, 32), and config.json says (64, 32)"),
        ({"vocab_size": 7}, "ids up to"),
    ],
)
def test_what_the_configuration_may_not_say_is_refused(changes: dict[str, Any], what: str, tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "model")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | changes), encoding="utf-8")
    told = refusal(tmp_path / "cache", folder)
    assert what in told
    assert str(folder) in told


@pytest.mark.parametrize(
    ("file", "content", "what"),
    [
        ("config.json", "[]", "config.json is damaged"),
        ("config.json", "{", "config.json is damaged"),
        ("tokenizer.json", "{", "tokenizer.json is of no use"),
        ("model.safetensors", "not at all", "model.safetensors is damaged or cut short"),
        ("config.json", None, "holds neither a saved model (config.json) nor a converted one (base.json)"),
        ("tokenizer.json", None, "there is no tokenizer.json"),
        ("model.safetensors", None, "there is no model.safetensors (weights in another form"),
    ],
)
def test_a_file_that_is_damaged_or_missing_is_named(file: str, content: str | None, what: str, tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "model")
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_text(content, encoding="utf-8")
    assert what in refusal(tmp_path / "cache", folder)


def test_weights_that_are_cut_or_whole_numbers_are_refused(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "model")
    weights = folder / "model.safetensors"
    os.truncate(weights, weights.stat().st_size - 8)
    assert "damaged or cut short" in refusal(tmp_path / "cache", folder)
    assert "in fp32, fp16 or bf16" in refusal(tmp_path / "cache", save_tiny(tmp_path / "int8", dtype="I8"))


def test_an_index_cannot_lead_out_of_its_folder(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "model", shards=2)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "../model.safetensors"}}), encoding="utf-8")
    assert "names no files of weights" in refusal(tmp_path / "cache", folder)


def test_a_tokenizer_of_another_sort_is_refused(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "model")
    wordpiece = {"type": "WordPiece", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]", "max_input_chars_per_word": 9}
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    changed = tokenizer | {"model": wordpiece | {"continuing_subword_prefix": "##"}, "added_tokens": []}
    (folder / "tokenizer.json").write_text(json.dumps(changed), encoding="utf-8")
    assert "type WordPiece: supported are" in refusal(tmp_path / "cache", folder)
    unknowing = tokenizer | {"model": tokenizer["model"] | {"unk_id": None}}
    (folder / "tokenizer.json").write_text(json.dumps(unknowing), encoding="utf-8")
    assert "tokenizer.json is of no use" in refusal(tmp_path / "cache", folder)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer | {"post_processor": None}), encoding="utf-8")
    assert "between a start and an end token" in refusal(tmp_path / "cache", folder)


def test_a_base_that_is_nowhere_is_said_with_what_may_be_named(tmp_path: Path) -> None:
    told = refusal(tmp_path / "cache", tmp_path / "nowhere")
    assert "no such file or folder" in told
    assert "hub:OWNER/NAME@COMMIT" in told


def test_no_base_has_fewer_positions_than_the_encoder_reads() -> None:
    assert LONGEST >= MAX_TOKENS
