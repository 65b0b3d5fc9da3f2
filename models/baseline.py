"""What anyone would write first, to be compared with: `transformers.pipeline("feature-extraction")` on the base."""

import json
from collections.abc import Sequence
from typing import Any

from models.base import Base
from models.encoder import MAX_TOKENS
from models.runners.torch import build_bert, libraries
from models.tokens import PREFIX

BATCHES = (1, 32)  # one post at a time, and the batch that tutorials show


class Baseline:
    """The pipeline of transformers on torch in fp32, its texts cut where the encoder cuts them.

    It needs the extra `train`: without it this is a `ModelError` that says how to get it.
    """

    def __init__(self, base: Base) -> None:
        _, transformers = libraries()
        written = json.loads((base.folder / "tokenizer.json").read_text(encoding="utf-8"))
        pieces = [(piece, score) for piece, score in written["model"]["vocab"]]
        tokenizer = transformers.XLMRobertaTokenizer(vocab=pieces, model_max_length=MAX_TOKENS)
        self._pipeline: Any = transformers.pipeline(
            "feature-extraction", model=build_bert(base), tokenizer=tokenizer, device="cpu"
        )

    def read(self, texts: Sequence[str], batch: int) -> list[Any]:
        """Run the texts in batches of so many, in their order; gives the last layer's states, a tensor a text."""
        prefixed = [PREFIX + text for text in texts]
        # as tensors: as lists, which is the default, it would be slower still
        return list(self._pipeline(prefixed, batch_size=batch, truncation=True, return_tensors=True))
