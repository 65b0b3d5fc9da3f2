"""The base encoder as the Hugging Face model that it is, a BERT on torch: what the OpenVINO engine is compared with.

It needs the extra `train`, and imports torch and transformers only when an engine is made. Nothing is fetched by name:
the configuration comes from the base's shape, the weights from the converted base.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.base import Base, Progress, load_base, silent
from models.batching import batches
from models.encoder import MAX_TOKENS, Features
from models.errors import ModelError
from models.names import their_name
from models.tokens import PAD, Tokens

_BUDGET = 1024  # padded tokens a batch


class Reference:
    """The base encoder on torch in fp32, with the interface of `models.encoder.Encoder`.

    The shipped heads are not calibrated for it: a classifier on it scores and never flags.
    """

    engine = "torch-f32"

    def __init__(self, base: Base) -> None:
        self._torch, _ = libraries()
        self.base_sha256 = base.sha256
        self.width = len(base.layers) * base.shape.hidden
        self._tokens = Tokens.load(base.folder, MAX_TOKENS)
        self._layers = base.layers
        self._bert = build_bert(base)

    @classmethod
    def load(cls, cache: Path | None = None, weights: Path | None = None, progress: Progress = silent) -> "Reference":
        """Load the base (see `models.base.load_base`); without torch or transformers this is a `ModelError`."""
        libraries()  # so that a machine without them is told at once, not after the base has been converted
        return cls(load_base(cache, weights, progress))

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> Features:
        """Give the features [len(texts), width] in the order of the texts."""
        found = np.zeros((len(texts), self.width), np.float32)
        ids = self._tokens.encode(texts)
        done = 0
        for places in batches([len(one) for one in ids], _BUDGET):
            found[places] = self._pooled([ids[place] for place in places])
            done += len(places)
            progress("reading posts", done / len(texts))
        return found

    def _pooled(self, ids: list[list[int]]) -> Features:
        """Run one batch, padded to its longest, and give the mean of each layer's states over the tokens."""
        lengths = self._torch.tensor([[len(one)] for one in ids])
        longest = int(lengths.max())
        mask = (self._torch.arange(longest) < lengths).float()
        padded = self._torch.tensor([one + [PAD] * (longest - len(one)) for one in ids])
        with self._torch.inference_mode():
            states = self._bert(input_ids=padded, attention_mask=mask, output_hidden_states=True).hidden_states
            means = [(states[layer] * mask.unsqueeze(-1)).sum(dim=1) / lengths for layer in self._layers]
            found: Features = self._torch.cat(means, dim=1).numpy()
        return found


def libraries() -> tuple[Any, Any]:
    """Import torch and transformers, which the default install does not hold; their types are not read.

    Without them this is a `ModelError` that says how to get them.
    """
    try:
        import torch
        import transformers
    except ImportError as error:
        raise ModelError(
            f"the engine {Reference.engine} needs the extra `train`, and {error.name} is not installed: in a checkout, "
            "pip install --require-hashes -r requirements/train.txt"
        ) from error
    return torch, transformers


def build_bert(base: Base) -> Any:
    """Build the base as the `transformers.BertModel` that it is, ready to run."""
    torch, transformers = libraries()
    bert = transformers.BertModel(_configuration(base, transformers), add_pooling_layer=False)
    bert.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in _weights(base)})
    return bert.eval()


def _configuration(base: Base, transformers: Any) -> Any:
    """Describe the base as transformers does."""
    return transformers.BertConfig(
        vocab_size=len(base.words),
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


def _weights(base: Base) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Give every tensor of the base under the name that transformers knows it by."""
    yield their_name("emb.word"), base.embed(range(len(base.words)))
    for name, tensor in base.weights.items():
        yield their_name(name), tensor
