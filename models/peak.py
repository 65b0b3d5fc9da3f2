"""What the processor could do at most: the useful work of the encoder, and the rate of plain matrix products."""

import os
import time
from collections.abc import Callable, Sequence

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops

from models.base import Base
from models.engines import ENGINES, checked, cpu_flags
from models.graph import signed_bytes

CPU = "cpu"
_SIDE = 2048
_PRODUCTS = 4  # in a row, so that converting the input to the precision weighs little
_TRIALS = 12


def useful_flops(base: Base, lengths: Sequence[int]) -> float:
    """Give the floating-point operations for texts of so many tokens: matrices and attention, no padding."""
    matrices = sum(tensor.size for name, tensor in base.weights.items() if name.startswith("l") and tensor.ndim == 2)
    attention = 4 * base.shape.hidden * base.shape.layers
    return float(2 * matrices * sum(lengths) + attention * sum(length * length for length in lengths))


def gemm_peak(engine: str, threads: int | None = None, place: str = CPU) -> float:
    """Measure the best rate of square matrix products in the engine's precision, in operations a second.

    On the processor OpenVINO computes them, whose products are the fastest there; on an accelerator torch does.
    """
    if place != CPU:
        from models.runners.torch import products_peak

        return products_peak(place, ENGINES[engine].precision, _TRIALS)
    precision = ENGINES[checked(engine, cpu_flags())].precision
    options = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": str(threads or len(os.sched_getaffinity(0))),
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
    }
    products = _products(signed_bytes if precision == "int8" else ops.constant)
    request = ov.Core().compile_model(products, "CPU", options).create_infer_request()
    request.set_input_tensor(ov.Tensor(np.ones((_SIDE, _SIDE), np.float32)))
    best = min(_seconds(request) for _ in range(_TRIALS))
    return _PRODUCTS * 2 * _SIDE**3 / best


def _seconds(request: ov.InferRequest) -> float:
    began = time.perf_counter()
    request.infer()
    return time.perf_counter() - began


def _products(constant: Callable[[NDArray[np.float32]], ov.Node]) -> ov.Model:
    """Build a chain of products with constant matrices, of which none can be folded into another."""
    state = entry = ops.parameter([_SIDE, _SIDE], ov.Type.f32, name="matrix")
    random = np.random.default_rng(0)
    for _ in range(_PRODUCTS):
        weight = random.normal(scale=_SIDE**-0.5, size=(_SIDE, _SIDE)).astype(np.float32)
        if constant is signed_bytes:
            state = _levels(state, 0.0, 4.0, 256)
        state = ops.matmul(state, constant(weight), transpose_a=False, transpose_b=True)
    return ov.Model([state], [entry], "products")


def _levels(state: ov.Node, low: float, high: float, levels: int) -> ov.Node:
    bounds = [ops.constant(np.float32(value)) for value in (low, high, low, high)]
    return ops.fake_quantize(state, *bounds, levels)
