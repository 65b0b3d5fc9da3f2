"""Tiny encoders in folders as `transformers` saves them, written by hand: random weights, no torch."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram

from models.names import tensor_shapes, their_name

HIDDEN, INNER, LAYERS, HEADS, POSITIONS = 32, 48, 3, 4, 140
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
WORDS = [
    "▁query",
    ":",
    "▁boat",
    "▁work",
    "▁the",
    "▁a",
    "ing",
    "▁",
    *"abcdefghijklmnopqrstuvwxyz0123456789.,!?éñ",
    "работа",
]
PREFIXES = {"bert": "bert.", "xlm-roberta": "roberta."}

Weights = dict[str, NDArray[np.float32]]


def tiny_tokenizer() -> Tokenizer:
    """A Unigram tokenizer with the parts that XLM-R's has: normaliser, two pre-tokenizers, template, special tokens."""
    pieces = [(piece, 0.0) for piece in SPECIAL] + [(word, -1.0 - len(word) % 7) for word in WORDS]
    tokenizer = Tokenizer(Unigram(pieces, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace("…", "...")])
    marked = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), marked])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in (*SPECIAL, "<mask>")])
    tokenizer.enable_padding(length=64, pad_id=1, pad_token="<pad>")  # as some models are saved
    tokenizer.enable_truncation(48)
    return tokenizer


def tiny_weights(seed: int = 0) -> Weights:
    """Random weights under our names, exact in bf16 and so in fp16 and fp32 too; positions begin at 0."""
    random = np.random.default_rng(seed)
    vocabulary = tiny_tokenizer().get_vocab_size()
    tables = {"emb.word": (vocabulary, HIDDEN), "emb.pos": (POSITIONS, HIDDEN), "emb.type": (1, HIDDEN)}
    shapes: dict[str, tuple[int, ...]] = tables | tensor_shapes(HIDDEN, INNER, LAYERS)
    found = {name: random.normal(scale=0.2, size=shape).astype(np.float32) for name, shape in shapes.items()}
    return {name: (one.view(np.uint32) & 0xFFFF0000).view(np.float32) for name, one in found.items()}


def save_tiny(
    folder: Path, kind: str = "xlm-roberta", dtype: str = "F32", shards: int = 1, seed: int = 0, **config: Any
) -> Path:
    """Save a tiny model as its library would: its prefix, its offset of positions, one file or shards with an index."""
    folder.mkdir(parents=True)
    weights = tiny_weights(seed)
    if kind == "xlm-roberta":
        weights["emb.pos"] = np.vstack([np.full((2, HIDDEN), 9.0, np.float32), weights["emb.pos"]])
    written = {f"{PREFIXES.get(kind, '')}{their_name(name)}": one for name, one in weights.items()}
    written["pooler.dense.weight"] = np.zeros((HIDDEN, HIDDEN), np.float32)
    save_config(folder, kind, weights, config)
    tiny_tokenizer().save(str(folder / "tokenizer.json"))
    save_shards(folder, written, dtype, shards)
    return folder


def save_config(folder: Path, kind: str, weights: Weights, changes: Mapping[str, Any]) -> None:
    config = {
        "model_type": kind,
        "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": INNER,
        "max_position_embeddings": len(weights["emb.pos"]),
        "type_vocab_size": len(weights["emb.type"]),
        "vocab_size": len(weights["emb.word"]),
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-5,
        "pad_token_id": 1,
    }
    (folder / "config.json").write_text(json.dumps(config | dict(changes)), encoding="utf-8")


def save_shards(folder: Path, tensors: Weights, dtype: str, shards: int) -> None:
    if shards == 1:
        save_tensors(folder / "model.safetensors", tensors, dtype)
        return
    names = sorted(tensors)
    files = {name: f"model-{1 + at % shards:05d}-of-{shards:05d}.safetensors" for at, name in enumerate(names)}
    for file in set(files.values()):
        save_tensors(folder / file, {name: tensors[name] for name in names if files[name] == file}, dtype)
    index = {"metadata": {"total_size": 0}, "weight_map": files}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")


def save_tensors(path: Path, tensors: Weights, dtype: str) -> None:
    """Write safetensors as the format's own page has it."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, tensor in tensors.items():
        raw = _raw(tensor, dtype)
        header[name] = {"dtype": dtype, "shape": tensor.shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    written = json.dumps(header).encode()
    written += b" " * (-len(written) % 8)
    path.write_bytes(struct.pack("<Q", len(written)) + written + data)


def _raw(tensor: NDArray[np.float32], dtype: str) -> bytes:
    if dtype == "BF16":
        return (tensor.view(np.uint32) >> 16).astype("<u2").tobytes()
    return tensor.astype({"F16": "<f2", "F32": "<f4", "I8": "i1"}[dtype]).tobytes()
