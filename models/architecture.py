"""Which encoders there is a place for: what `config.json` and `tokenizer.json` of a saved model must say.

BERT and XLM-RoBERTa are one encoder; they differ in where positions begin. XLM-RoBERTa counts them from the padding
token on, so the first rows of its table are never used and are left out when it is converted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from tokenizers.models import Unigram

from models.errors import ModelError
from models.packed import Shape

CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
LONGEST = 128  # tokens, as many as `models.encoder.MAX_TOKENS`: the positions that any base must have

_CLASSES = {"bert": "BertModel", "xlm-roberta": "XLMRobertaModel"}
_SUPPORTED = "supported are BertModel and XLMRobertaModel with XLM-R's Unigram tokenizer"
_FEWEST_LAYERS = 3
_UNKNOWN = "\U0010fffd"  # in no vocabulary


@dataclass(frozen=True, slots=True)
class Architecture:
    """What `config.json` says: the class, the encoder's shape, and the rows of its three tables.

    `skipped` counts the rows of the position table that stand before the first token's.
    """

    name: str
    shape: Shape
    words: int
    types: int
    skipped: int


def read_architecture(folder: Path) -> Architecture:
    """Read `config.json`; what is no encoder of ours is a `ModelError` that says what is supported."""
    config = read_json(folder / CONFIG)
    _refuse_others(config)
    try:
        skipped = _count(config, "pad_token_id", 1, least=0) + 1 if config["model_type"] == "xlm-roberta" else 0
        shape = Shape(
            hidden=_count(config, "hidden_size"),
            layers=_count(config, "num_hidden_layers", least=_FEWEST_LAYERS),
            heads=_count(config, "num_attention_heads"),
            inner=_count(config, "intermediate_size"),
            positions=_count(config, "max_position_embeddings", least=LONGEST + skipped) - skipped,
            epsilon=float(config.get("layer_norm_eps", 1e-12)),
        )
        words, types = _count(config, "vocab_size"), _count(config, "type_vocab_size", 2)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{CONFIG} is of no use: {error}") from error
    if shape.hidden % shape.heads:
        raise ModelError(f"{CONFIG} is of no use: {shape.heads} heads do not divide a width of {shape.hidden}")
    return Architecture(_CLASSES[config["model_type"]], shape, words, types, skipped)


def read_tokenizer(folder: Path, architecture: Architecture) -> str:
    """Read `tokenizer.json`; one that is not XLM-R's sort, or that the embedding table is too short for, is refused."""
    try:
        written = (folder / TOKENIZER).read_text(encoding="utf-8")
        tokenizer = Tokenizer.from_str(written)
        tokenizer.no_padding()
        tokenizer.no_truncation()
        ends, ids = tokenizer.encode("").ids, tokenizer.encode(f"x {_UNKNOWN}").ids
    except OSError as error:
        raise ModelError(f"{TOKENIZER} cannot be read: {error.strerror}") from error
    except Exception as error:  # the library raises nothing more special
        raise ModelError(f"{TOKENIZER} is of no use: {_first_line(error)}") from error
    kind = type(tokenizer.model)
    if not issubclass(kind, Unigram):
        raise ModelError(f"the tokenizer is of type {kind.__name__}: {_SUPPORTED}")
    if len(ends) != 2 or [ids[0], ids[-1]] != ends:
        raise ModelError(f"the tokenizer does not put a text between a start and an end token: {_SUPPORTED}")
    highest = max(tokenizer.get_vocab(with_added_tokens=True).values())
    if highest >= architecture.words:
        raise ModelError(f"the tokenizer has ids up to {highest}, the embedding table {architecture.words} rows")
    return written


def _refuse_others(config: Mapping[str, Any]) -> None:
    """Refuse what computes something else than the encoder that is written out in `models.graph`."""
    kind = str(config.get("model_type"))
    if kind not in _CLASSES:
        raise ModelError(f"model_type is {kind!r:.40}: {_SUPPORTED}")
    expected = {
        "hidden_act": ("gelu", "gelu"),
        "position_embedding_type": ("absolute", "absolute"),
        "is_decoder": (False, "an encoder, not a decoder"),
        "add_cross_attention": (False, "no cross attention"),
        "auto_map": (None, "no code of its own"),
    }
    for name, (wanted, words) in expected.items():
        found = config.get(name)
        if found not in (None, wanted):
            raise ModelError(f"{name} is {found!r:.40}: supported is {words}")


def _count(config: Mapping[str, Any], name: str, default: int | None = None, least: int = 1) -> int:
    found = config.get(name, default)
    if not isinstance(found, int) or isinstance(found, bool) or found < least:
        raise ValueError(f"{name} is {found!r:.40}, which should be {least} or more")
    return found


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; what is none is a `ModelError`."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ModelError(f"{path.name} is damaged: {error}") from error
    if not isinstance(found, dict):
        raise ModelError(f"{path.name} is damaged: it holds no object")
    return found


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
