"""The token states of posts at the layer above which the encoder is tuned: read once, kept on disk in fp16."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from models.base import Base, Progress, silent
from models.batching import Batch, batches
from models.encoder import MAX_TOKENS
from models.engines import BF16, F32, cpu_flags, runs_natively
from models.graph import build_states
from models.runners.inputs import inputs
from models.tokens import Tokens
from models.tuned import cut_of

_BUDGET = 512
_STREAMS = 2


@dataclass(frozen=True, slots=True)
class States:
    """The states [tokens, hidden] of all posts, one after the other; post i has those from `starts[i]` to `starts[i + 1]`."""

    tokens: NDArray[np.float16]
    starts: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Give how many tokens each post has."""
        return np.diff(self.starts)

    def padded(
        self, places: NDArray[np.int64], rows: int, length: int
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Give the states [rows, length, hidden] of some posts and where a token stands [rows, length].

        Rows beyond the posts are padding, and keep one token.
        """
        found = np.zeros((rows, length, self.tokens.shape[1]), np.float32)
        kept = np.zeros((rows, length), np.bool_)
        kept[:, 0] = True
        for row, place in enumerate(places.tolist()):
            size = int(self.starts[place + 1] - self.starts[place])
            found[row, :size] = self.tokens[self.starts[place] : self.starts[place + 1]]
            kept[row, :size] = True
        return found, kept


def read_states(base: Base, texts: Sequence[str], folder: Path, progress: Progress = silent) -> States:
    """Read the states of the texts, from the folder where they were read before.

    Read in bf16 where the processor has it (the next layers meet the same rounding there), else in f32.
    """
    engine = BF16 if runs_natively(BF16, cpu_flags()) else F32
    name = hashlib.sha256("\0".join([engine, base.sha256, *texts]).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    ids = Tokens.load(base.folder, MAX_TOKENS).encode(texts)
    starts = np.concatenate([[0], np.cumsum([len(one) for one in ids])]).astype(np.int64)
    path = folder / f"states-{name}.npy"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        shape = (int(starts[-1]), base.shape.hidden)
        found = np.lib.format.open_memmap(draft, "w+", np.float16, shape)
        _fill(found, starts, _Reader(base, engine), batches(ids, _BUDGET, _STREAMS), progress)
        found.flush()
        draft.rename(path)
    return States(np.load(path, mmap_mode="r"), starts)


class _Reader:
    """The first layers of the base, compiled; a request a stream."""

    def __init__(self, base: Base, engine: str) -> None:
        options = {
            "PERFORMANCE_HINT": "THROUGHPUT",
            "NUM_STREAMS": str(_STREAMS),
            "INFERENCE_PRECISION_HINT": "bf16" if engine == BF16 else "f32",
        }
        compiled = ov.Core().compile_model(build_states(base, cut_of(base)), "CPU", options)
        self._base = base
        self._places = base.weights["emb.pos"] + base.weights["emb.type"][0]
        self._requests: SimpleQueue[ov.InferRequest] = SimpleQueue()
        for _ in range(_STREAMS):
            self._requests.put(compiled.create_infer_request())

    def run(self, batch: Batch) -> NDArray[np.float16]:
        """Give the states [rows, length, hidden] of a batch."""
        request = self._requests.get()
        try:
            request.infer(list(inputs(self._base, self._places, batch)), share_inputs=True)
            return np.array(request.get_output_tensor(0).data).astype(np.float16)
        finally:
            self._requests.put(request)


def _fill(
    found: NDArray[np.float16], starts: NDArray[np.int64], reader: _Reader, ready: list[Batch], progress: Progress
) -> None:
    with ThreadPoolExecutor(_STREAMS) as pool:
        for number, (batch, states) in enumerate(zip(ready, pool.map(reader.run, ready), strict=True)):
            for row, place in enumerate(batch.places):
                found[starts[place] : starts[place + 1]] = states[row, : starts[place + 1] - starts[place]]
            progress("reading posts up to the tuned layers", (number + 1) / len(ready))
