"""Turn texts into features: one pass of the base encoder, the means of three of its layers side by side."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from models.base import Base, Progress, load_base, silent
from models.batching import batches, padded_length
from models.engines import F32, checked, cpu_flags, precision_hint
from models.graph import build_graph
from models.tokens import Tokens

Features = NDArray[np.float32]

MAX_TOKENS = 128
_BUDGET = 512  # padded tokens a batch: what stays in a core's L2 cache (measured: 256 and 1024 are slower)


class Encoder:
    """The base encoder on OpenVINO, in fp32 or another precision, one stream a core.

    One thread at a time may call `encode`; the streams run beside each other within the call. An engine that the
    processor would emulate is an `EngineError`.
    """

    def __init__(self, base: Base, threads: int | None = None, engine: str = F32) -> None:
        self.engine = checked(engine, cpu_flags())
        self.base_sha256 = base.sha256
        self.width = len(base.layers) * base.shape.hidden
        self._tokens = Tokens.load(base.folder, MAX_TOKENS)
        self._embed = base.embed
        self._places = base.weights["emb.pos"] + base.weights["emb.type"][0]
        self._queue = _compile(base, threads or len(os.sched_getaffinity(0)), precision_hint(engine))
        self._queue.set_callback(_keep)

    @classmethod
    def load(
        cls,
        cache: Path | None = None,
        weights: Path | None = None,
        threads: int | None = None,
        progress: Progress = silent,
        engine: str = F32,
    ) -> "Encoder":
        """Load the base (see `models.base.load_base`) and compile it for this machine."""
        return cls(load_base(cache, weights, progress), threads, engine)

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> Features:
        """Give the features [len(texts), width] in the order of the texts."""
        found = np.zeros((len(texts), self.width), np.float32)
        ids = self._tokens.encode(texts)
        done = 0
        for places in batches([len(one) for one in ids], _BUDGET):
            self._queue.start_async(self._inputs([ids[place] for place in places]), (found, places))
            done += len(places)
            progress("reading posts", done / len(texts))
        self._queue.wait_all()
        return found

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Give how many tokens of each text are encoded."""
        return [len(ids) for ids in self._tokens.encode(texts)]

    def _inputs(self, ids: list[list[int]]) -> list[NDArray[np.float32]]:
        """Look up the embeddings and build the mask of one batch, padded to its longest."""
        length = padded_length(max(len(one) for one in ids))
        embedded = np.zeros((len(ids), length, self._places.shape[1]), np.float32)
        mask = np.zeros((len(ids), length), np.float32)
        for row, one in enumerate(ids):
            embedded[row, : len(one)] = self._embed(one)
            mask[row, : len(one)] = 1.0
        embedded += self._places[:length]
        return [embedded, mask]


def _compile(base: Base, streams: int, precision: str) -> ov.AsyncInferQueue:
    options = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "NUM_STREAMS": str(streams),
        "INFERENCE_NUM_THREADS": str(streams),
        "INFERENCE_PRECISION_HINT": precision,  # never left to OpenVINO: calibrations are filed under it
    }
    compiled = ov.Core().compile_model(build_graph(base), "CPU", options)
    return ov.AsyncInferQueue(compiled, streams)


def _keep(request: ov.InferRequest, work: tuple[Features, list[int]]) -> None:
    """Put a finished batch's rows where its texts stand."""
    found, places = work
    found[places] = request.get_output_tensor(0).data
