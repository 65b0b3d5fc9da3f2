"""Tiny models that `transformers` saved itself: the same ids, the same states, whatever class and precision."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.base import load_base
from models.baseline import Baseline
from models.encoder import MAX_TOKENS, Encoder
from models.engines import TORCH_F32, Sizing
from models.runners import Features
from models.tokens import PREFIX
from tests.saved_models import tiny_tokenizer

pytestmark = pytest.mark.torch

TEXTS = ["boat work the a, b!", "ａｂｃ … работа", "x" * 400, "", "one </s> two <mask>", "é ñ e\u0301"]
SIZES = {
    "hidden_size": 48,
    "num_hidden_layers": 5,
    "num_attention_heads": 6,
    "intermediate_size": 40,
    "max_position_embeddings": 150,
    "vocab_size": 80,
    "layer_norm_eps": 1e-5,
    "pad_token_id": 1,
}


def saved(folder: Path, name: str, precision: str, shard: str) -> tuple[Any, Any]:
    """Save a random model of a class, and give it with the tokenizer that was saved beside it."""
    import torch
    import transformers

    torch.manual_seed(5)
    kind = getattr(transformers, name)
    model = kind(kind.config_class(**SIZES)).to(getattr(torch, precision)).eval()
    model.save_pretrained(folder, max_shard_size=shard)
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=tiny_tokenizer(), pad_token="<pad>")
    tokenizer.save_pretrained(folder)
    return getattr(model, model.base_model_prefix, model).float(), tokenizer


def states(model: Any, tokenizer: Any) -> tuple[list[list[int]], Features]:
    """Give each text's ids, and the means of layers 2, 3 and 5 of 5, one text at a time."""
    import torch

    ids = tokenizer([PREFIX + text for text in TEXTS], truncation=True, max_length=MAX_TOKENS)["input_ids"]
    with torch.inference_mode():
        found = [model(input_ids=torch.tensor([one]), output_hidden_states=True).hidden_states for one in ids]
    means = [torch.cat([layers[at].mean(dim=1) for at in (2, 3, 5)], dim=1).numpy() for layers in found]
    return ids, np.concatenate(means)


@pytest.mark.parametrize(
    ("name", "precision", "shard"),
    [
        ("BertModel", "float32", "5GB"),
        ("BertForMaskedLM", "float16", "5GB"),
        ("XLMRobertaModel", "bfloat16", "60KB"),
        ("XLMRobertaForMaskedLM", "float32", "5GB"),
    ],
)
def test_ids_and_features_are_those_of_transformers(name: str, precision: str, shard: str, tmp_path: Path) -> None:
    ids, expected = states(*saved(tmp_path / "model", name, precision, shard))
    base = load_base(tmp_path / "cache", tmp_path / "model")
    assert base.layers == (2, 3, 5)
    assert (shard == "5GB") == (tmp_path / "model" / "model.safetensors").is_file()
    encoder = Encoder(base, sizing=Sizing(1))
    assert encoder._tokens.encode(TEXTS) == ids
    np.testing.assert_allclose(encoder.encode(TEXTS), expected, atol=2e-6)
    np.testing.assert_allclose(Encoder(base, TORCH_F32).encode(TEXTS), expected, atol=2e-6)


def test_the_baseline_runs_on_such_a_base(tmp_path: Path) -> None:
    saved(tmp_path / "model", "XLMRobertaModel", "float32", "5GB")
    base = load_base(tmp_path / "cache", tmp_path / "model")
    found = Baseline(base).read(TEXTS[:1], batch=1)
    np.testing.assert_allclose(
        found[0][0].mean(dim=0).numpy(), Encoder(base, TORCH_F32).encode(TEXTS[:1])[0, -48:], atol=2e-6
    )
