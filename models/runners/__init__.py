"""What computes a batch: one module a library, opened by the engine's name.

A runner holds the weights in its own form and is called from as many threads at once as it has streams. Nothing else in
`models` knows OpenVINO's, ONNX Runtime's or torch's names.
"""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.base import Base
from models.batching import Batch
from models.engines import ENGINES, Sizing, checked, cpu_flags

Features = NDArray[np.float32]


class Runner(Protocol):
    """A base encoder, ready to compute on one engine."""

    @property
    def streams(self) -> int:
        """How many batches it computes at once."""

    @property
    def budget(self) -> int:
        """How many padded tokens a batch should hold at most."""

    @property
    def place(self) -> str:
        """Where it computes, in a word: `cpu`, or the accelerator."""

    def run(self, batch: Batch) -> Features:
        """Give the features of a batch, [rows, width]."""


def open_runner(base: Base, engine: str, sizing: Sizing, built: Path | None = None) -> Runner:
    """Open the runner of an engine. `built` is the folder of files that `fanal model build` made, for engines that need it.

    Raises:
        EngineError: the engine does not exist, was not built, or the machine cannot run it in its precision.
        ModelError: its library is not installed.
    """
    one = ENGINES[checked(engine, cpu_flags())]
    if one.runner == "torch":
        from models.runners.torch import TorchRunner

        return TorchRunner(base, one, sizing)
    if one.runner == "onnxruntime":
        from models.runners.onnx import OnnxRunner

        return OnnxRunner(base, one, sizing, built)
    from models.runners.openvino import OpenVinoRunner, graph_of

    return OpenVinoRunner(base, one, sizing, graph_of(base, one, built))
