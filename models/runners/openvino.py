"""The encoder on OpenVINO: the graph of `models.graph` in fp32 or bf16, or the one that the build quantised to int8."""

import os
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import openvino as ov

from models.base import Base
from models.batching import Batch
from models.engines import BF16, INT8, Engine, Sizing, cpu_flags, runs_natively
from models.errors import EngineError
from models.graph import build_graph
from models.runners import Features
from models.runners.inputs import inputs

BUDGET = 512  # padded tokens a batch: what stays in a core's L2 cache (measured: 256 and 1024 are slower)

_GROUP = (
    128  # of what is multiplied in int8, so many values share a scale (measured: 96 is slower, all 384 far less exact)
)


class OpenVinoRunner:
    """A compiled graph and a request a stream; one thread a stream unless told otherwise."""

    place = "cpu"

    def __init__(self, base: Base, engine: Engine, sizing: Sizing, graph: ov.Model) -> None:
        threads = sizing.threads or len(os.sched_getaffinity(0))
        self.streams = min(sizing.streams or threads, threads)
        self.budget = sizing.budget or BUDGET
        self._base = base
        self._places = base.weights["emb.pos"] + base.weights["emb.type"][0]
        compiled = _compile(graph, engine, threads, self.streams)
        self._requests: SimpleQueue[ov.InferRequest] = SimpleQueue()
        for _ in range(self.streams):
            self._requests.put(compiled.create_infer_request())

    def run(self, batch: Batch) -> Features:
        """Give the features of a batch, [rows, width]."""
        request = self._requests.get()
        try:
            request.infer(list(inputs(self._base, self._places, batch)), share_inputs=True)
            return np.array(request.get_output_tensor(0).data)
        finally:
            self._requests.put(request)


def graph_of(base: Base, engine: Engine, built: Path | None) -> ov.Model:
    """Give the graph of an engine: built from the base, or read from the files of a build.

    Raises:
        EngineError: it was not built here, or its file is damaged.
    """
    if not engine.built:
        return build_graph(base, int8=engine.precision == "int8")
    path = built / f"{engine.name}.xml" if built else None
    if path is None or not path.is_file():
        raise EngineError(f"the engine {engine.name} has not been built here: run `fanal model build` first")
    try:
        return ov.Core().read_model(path)
    except RuntimeError as error:
        raise EngineError(f"{path} is damaged: run `fanal model build` again") from error


def _compile(graph: ov.Model, engine: Engine, threads: int, streams: int) -> ov.CompiledModel:
    options = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "NUM_STREAMS": str(streams),
        "INFERENCE_NUM_THREADS": str(threads),
        "INFERENCE_PRECISION_HINT": _hint(engine),  # never left to OpenVINO: calibrations are filed under it
    }
    if engine.name == INT8:
        options["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = str(_GROUP)
    return ov.Core().compile_model(graph, "CPU", options)


def _hint(engine: Engine) -> str:
    """Give OpenVINO's name of the precision of all that is not an int8 product."""
    if engine.precision == "int8":
        return "bf16" if runs_natively(BF16, cpu_flags()) else "f32"
    return engine.precision
