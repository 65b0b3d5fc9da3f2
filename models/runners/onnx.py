"""The encoder on ONNX Runtime: the graph of `models.runners.onnx_graph` in fp32, or the one that the build quantised.

It needs onnx and onnxruntime (the extra `onnx`), and imports them when an engine is opened.
"""

import os
from pathlib import Path
from typing import Any

from models.base import Base
from models.batching import Batch
from models.engines import Engine, Sizing
from models.errors import EngineError
from models.runners import Features
from models.runners.inputs import inputs
from models.runners.onnx_graph import OUTPUT, build_graph, libraries, stamp

BUDGET = 512  # padded tokens a batch

_ERRORS = 3  # the lowest severity that is logged


class OnnxRunner:
    """One session, called from as many threads as it has streams; one thread a stream unless told otherwise."""

    place = "cpu"

    def __init__(self, base: Base, engine: Engine, sizing: Sizing, built: Path | None) -> None:
        threads = sizing.threads or len(os.sched_getaffinity(0))
        self.streams = min(sizing.streams or threads, threads)
        self.budget = sizing.budget or BUDGET
        self._base = base
        self._places = base.weights["emb.pos"] + base.weights["emb.type"][0]
        self._session = _open(base, engine, built, threads - self.streams + 1)

    def run(self, batch: Batch) -> Features:
        """Give the features of a batch, [rows, width]."""
        embedded, mask = inputs(self._base, self._places, batch)
        found: Features = self._session.run([OUTPUT], {"embedded": embedded, "mask": mask})[0]
        return found


def _open(base: Base, engine: Engine, built: Path | None, threads: int) -> Any:
    _, onnxruntime = libraries()
    onnxruntime.set_default_logger_severity(_ERRORS)
    onnxruntime.disable_telemetry_events()
    options = _options(onnxruntime, threads)
    if not engine.built:
        return onnxruntime.InferenceSession(build_graph(base).SerializeToString(), options)
    path = built / f"{engine.name}.onnx" if built else None
    if path is None or not path.is_file():
        raise EngineError(f"the engine {engine.name} has not been built here: run `fanal model build` first")
    try:
        session = onnxruntime.InferenceSession(path, options)
    except Exception as error:  # its errors have no base of their own
        raise EngineError(f"{path} is damaged: run `fanal model build` again") from error
    if stamp(base).items() - session.get_modelmeta().custom_metadata_map.items():
        raise EngineError(f"{path} was built from another base: run `fanal model build` again")
    return session


def _options(onnxruntime: Any, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = threads  # the caller's is one of them: other callers share the rest
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS
    options.enable_mem_pattern = False  # one would be kept for every shape
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
