"""Quantise the encoder to int8 with NNCF: static ranges from real posts, the products smoothed layer by layer.

It needs the extra `build`. Post-training quantisation for transformers (SmoothQuant with its migration strength chosen a
product, fast bias correction): weights a channel, activations a tensor. Xiao et al. 2023, arXiv:2211.10438.
"""

import logging
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import openvino as ov

from models.base import Base
from models.batching import batches
from models.errors import ModelError
from models.graph import build_graph
from models.runners.inputs import inputs
from models.tokens import Tokens

POSTS = 300  # more calibration posts gave the same ranges (measured: 300 and 1,000)
SMOOTHINGS = (0.95, 0.85, 0.75)  # how much of an activation's range its weights take over, the first NNCF's own default


def quantise(base: Base, texts: Sequence[str], longest: int, smoothing: float) -> ov.Model:
    """Give the graph quantised on the texts, which should be posts as they come and unlike each other.

    Without NNCF this is a `ModelError` that says how to get it.
    """
    nncf = _library()
    ids = Tokens.load(base.folder, longest).encode(texts)
    places = base.weights["emb.pos"] + base.weights["emb.type"][0]
    posts = [inputs(base, places, batch) for one in ids for batch in batches([one], len(one))]
    with redirect_stdout(sys.stderr):  # NNCF draws its progress on standard output
        return nncf.quantize(
            build_graph(base),
            nncf.Dataset(posts, lambda post: dict(enumerate(post))),
            model_type=nncf.ModelType.TRANSFORMER,
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(posts),
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                smooth_quant_alphas=nncf.AdvancedSmoothQuantParameters(matmul=smoothing)
            ),
        )


def save(graph: ov.Model, path: Path) -> None:
    """Write a graph beside its weights; readable only once whole."""
    draft = path.with_name(f"{path.stem}-{os.getpid()}.xml")
    ov.save_model(graph, draft, compress_to_fp16=False)
    draft.with_suffix(".bin").replace(path.with_suffix(".bin"))
    draft.replace(path)


def _library() -> Any:
    try:
        import nncf
    except ImportError as error:
        raise ModelError(
            f"int8 engines need the extra `build`, and {error.name} is not installed: in a checkout, "
            "pip install --require-hashes -r requirements/engines.txt"
        ) from error
    logging.getLogger("nncf").setLevel(logging.ERROR)
    return nncf
