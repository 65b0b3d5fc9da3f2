"""The encoder as the Hugging Face model that it is, a BERT on torch: the reference, and the way onto an accelerator.

It needs torch and transformers (the extra `torch`; `train` holds them too) and imports them when an engine is opened.
Nothing is fetched by name: the configuration comes from the base's shape, the weights from the converted base.
"""

import os
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.base import Base
from models.batching import Batch
from models.engines import BF16, Engine, Sizing, cpu_flags, runs_natively
from models.errors import EngineError, ModelError
from models.names import their_name
from models.runners import Features
from models.runners.inputs import inputs
from models.tokens import PAD

CPU = "cpu"
_BUDGETS = {CPU: 1024}  # padded tokens a batch
_ACCELERATOR_BUDGET = 16_384
_SIDE, _PRODUCTS = 4096, 20  # of the matrices whose products give the peak: enough to fill a large accelerator
_TYPES = {"f32": "float32", "bf16": "bfloat16", "f16": "float16"}


class TorchRunner:
    """`transformers.BertModel` in the engine's precision: on an accelerator that torch has, else on the processor.

    On the processor the embeddings are looked up outside, as the other runners do it; an accelerator holds the table, so
    that only ids travel to it.
    """

    streams = 1

    def __init__(self, base: Base, engine: Engine, sizing: Sizing) -> None:
        self._torch, _ = libraries()
        self.place = accelerator(self._torch) or CPU
        _check(engine, self.place)
        self.budget = sizing.budget or _BUDGETS.get(self.place, _ACCELERATOR_BUDGET)
        self._base = base
        self._words_inside = self.place != CPU
        if not self._words_inside:
            self._torch.set_num_threads(sizing.threads or len(os.sched_getaffinity(0)))
        kind = getattr(self._torch, _TYPES[engine.precision])
        self._bert = build_bert(base, words=self._words_inside).to(device=self.place, dtype=kind)
        self._kind = kind
        self._nowhere = np.zeros((base.shape.positions, base.shape.hidden), np.float32)

    def run(self, batch: Batch) -> Features:
        """Give the features of a batch, [rows, width]."""
        torch = self._torch
        with torch.inference_mode():
            mask = torch.from_numpy(batch.mask()).to(self.place)
            states = self._bert(**self._entry(batch), attention_mask=mask, output_hidden_states=True).hidden_states
            counts = mask.sum(dim=1, keepdim=True)
            means = [(states[layer].float() * mask.unsqueeze(-1)).sum(dim=1) / counts for layer in self._base.layers]
            found: Features = torch.cat(means, dim=1).cpu().numpy()
        return found

    def _entry(self, batch: Batch) -> dict[str, Any]:
        if self._words_inside:
            return {"input_ids": self._torch.from_numpy(batch.padded(PAD)).to(self.place)}
        embedded, _ = inputs(self._base, self._nowhere, batch)
        return {"inputs_embeds": self._torch.from_numpy(embedded).to(self._kind)}


def accelerator(torch: Any) -> str | None:
    """Name the accelerator that torch has here (CUDA, an Intel one, Apple's), or None."""
    if torch.cuda.is_available():
        return "cuda"
    if getattr(torch, "xpu", None) is not None and torch.xpu.is_available():
        return "xpu"
    return "mps" if torch.backends.mps.is_available() else None


def products_peak(place: str, precision: str, trials: int) -> float:
    """Measure the best rate of square matrix products on an accelerator, in operations a second."""
    torch, _ = libraries()
    one = torch.randn(_SIDE, _SIDE, device=place, dtype=getattr(torch, _TYPES[precision]))
    seconds = []
    for _ in range(trials):
        began = time.perf_counter()
        product = one
        for _ in range(_PRODUCTS):
            product = product @ one
        float(product[0, 0])  # waits until it is computed
        seconds.append(time.perf_counter() - began)
    return float(_PRODUCTS * 2 * _SIDE**3 / min(seconds))


def _check(engine: Engine, place: str) -> None:
    """Refuse a precision that would be emulated here."""
    if engine.precision == "f32" or place != CPU:
        return
    if engine.precision == "bf16" and runs_natively(BF16, cpu_flags()):
        return
    raise EngineError(f"the engine {engine.name} needs an accelerator that torch knows, and there is none: choose auto")


def libraries() -> tuple[Any, Any]:
    """Import torch and transformers, which the default install does not hold; their types are not read.

    Without them this is a `ModelError` that says how to get them.
    """
    try:
        import torch
        import transformers
    except ImportError as error:
        raise ModelError(
            f"the torch engines need the extra `torch`, and {error.name} is not installed: in a checkout, "
            "pip install --require-hashes -r requirements/torch.txt"
        ) from error
    return torch, transformers


def build_bert(base: Base, words: bool = True) -> Any:
    """Build the base as the `transformers.BertModel` that it is, ready to run; `words` says whether with its table."""
    torch, transformers = libraries()
    bert = transformers.BertModel(_configuration(base, transformers, words), add_pooling_layer=False)
    bert.load_state_dict({name: torch.from_numpy(np.array(tensor)) for name, tensor in _weights(base, words)})
    return bert.eval()


def _configuration(base: Base, transformers: Any, words: bool) -> Any:
    """Describe the base as transformers does."""
    return transformers.BertConfig(
        vocab_size=len(base.words) if words else PAD + 1,
        hidden_size=base.shape.hidden,
        num_hidden_layers=base.shape.layers,
        num_attention_heads=base.shape.heads,
        intermediate_size=base.shape.inner,
        max_position_embeddings=base.shape.positions,
        type_vocab_size=len(base.weights["emb.type"]),
        layer_norm_eps=base.shape.epsilon,
        hidden_act="gelu",
        pad_token_id=PAD,
    )


def _weights(base: Base, words: bool) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Give every tensor of the base under the name that transformers knows it by."""
    yield their_name("emb.word"), base.embed(np.arange(len(base.words) if words else PAD + 1))
    for name, tensor in base.weights.items():
        yield their_name(name), tensor
