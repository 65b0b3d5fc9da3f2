"""The base encoder as an ONNX graph, written out with the standard operators: no exporter, no torch.

It needs onnx, and to quantise also onnxruntime (the extra `onnx`); both are imported when a graph is built.
"""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.base import Base
from models.engines import ORT_INT8, cpu_flags, runs_natively
from models.errors import ModelError

OUTPUT = "features"

_OPSET = 23  # the first with attention as one operator
_IR = 11  # the form of file that goes with it
_MASKED = 10000.0  # taken from the attention scores of padding, as in `models.graph`
_SMALLEST = 1e-6  # what a row is scaled by at least, so that one of zeros stays whole
_UNEVEN = (".fi", ".fo")  # inputs with rows up to 35 times as large as most: unscaled, logits move 5 times as far

_Attribute = int | float | tuple[int, ...]


def build_graph(base: Base, by_row: bool = False) -> Any:
    """Build the `onnx.ModelProto` from summed embeddings [rows, length, hidden] and a mask [rows, length].

    The one output, [rows, len(base.layers) * hidden], is that of `models.graph.build_graph`: the means of its layers'
    states over the tokens whose mask is 1, side by side. `by_row` scales each row of an uneven input to 1 at most before
    its product and the result back after: the same graph, but one that quantises well.
    """
    graph = _Graph(base, by_row)
    state = graph.normalised("embedded", "emb.ln")
    seen = graph.seen()
    pooled = []
    for layer in range(max(base.layers)):
        state = graph.layer(state, seen, f"l{layer}")
        if layer + 1 in base.layers:
            pooled.append(graph.pooled(state))
    graph.add("Concat", *pooled, to=OUTPUT, axis=1)
    return _model(graph, len(base.layers) * base.shape.hidden, stamp(base))


def stamp(base: Base) -> dict[str, str]:
    """Say what a graph was built from: its file holds this, and must match what it is used for."""
    return {"base": base.sha256, "layers": " ".join(map(str, base.layers))}


def quantise(base: Base, folder: Path) -> Path:
    """Write the graph with its products in int8 into the folder, and give the file. No posts are needed for it.

    Weights are rounded a channel at a time; inputs are rounded as they come. Where the processor cannot add up products
    of whole bytes without overflow, weights take 7 bits.
    """
    libraries()
    path = folder / f"{ORT_INT8}.onnx"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="draft-", dir=folder) as draft:
            _write_rounded(build_graph(base, by_row=True), Path(draft) / path.name).replace(path)
    except OSError as error:
        raise ModelError(f"the engine {ORT_INT8} cannot be written to {folder}: {error.strerror}") from error
    return path


def _write_rounded(graph: Any, path: Path) -> Path:
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.quant_utils import add_pre_process_metadata

    add_pre_process_metadata(graph)  # else it warns, on the root logger, that the graph should be optimised first
    quantize_dynamic(
        graph,
        path,
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        reduce_range=not runs_natively(ORT_INT8, cpu_flags()),
        weight_type=QuantType.QInt8,
    )
    return path


def libraries() -> tuple[Any, Any]:
    """Import onnx and onnxruntime, which the default install does not hold; their types are not read.

    Without them this is a `ModelError` that says how to get them.
    """
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise ModelError(
            f"the onnxruntime engines need the extra `onnx`, and {error.name} is not installed: in a checkout, "
            "pip install --require-hashes -r requirements/dev.txt"
        ) from error
    return onnx, onnxruntime


@dataclass(frozen=True, slots=True)
class _Node:
    operator: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, _Attribute]


@dataclass(frozen=True)
class _Graph:
    """The parts of one graph: nodes and constants by name. What a method gives is the name of a tensor."""

    base: Base
    by_row: bool
    nodes: list[_Node] = field(default_factory=list)
    constants: dict[str, NDArray[Any]] = field(default_factory=dict)

    def add(self, operator: str, *inputs: str, to: str = "", **attributes: _Attribute) -> str:
        """Add a node."""
        output = to or f"{operator}.{len(self.nodes)}"
        self.nodes.append(_Node(operator, inputs, output, attributes))
        return output

    def seen(self) -> str:
        """Add what goes onto attention scores [rows, 1, length, length]: a token sees tokens as they are, padding far below.

        What padding sees matters to nothing; that its own mask is taken gives the operator the shape that it wants.
        """
        keys = self.add("Unsqueeze", "mask", self.whole(1, 2))
        queries = self.add("Unsqueeze", "mask", self.whole(1, 3))
        return self.add("Mul", self.add("Sub", keys, queries), self.number(_MASKED))

    def layer(self, state: str, seen: str, name: str) -> str:
        """Add one transformer layer (post-norm, as BERT)."""
        attended = self.linear(self.attention(state, seen, name), f"{name}.ao")
        state = self.normalised(self.add("Add", attended, state), f"{name}.aln")
        inner = self.add("Gelu", self.linear(state, f"{name}.fi"))
        return self.normalised(self.add("Add", self.linear(inner, f"{name}.fo"), state), f"{name}.oln")

    def attention(self, state: str, seen: str, name: str) -> str:
        """Add multi-head attention, the padding masked."""
        parts = (self.linear(state, f"{name}.{part}") for part in "qkv")
        count = self.base.shape.heads
        return self.add("Attention", *parts, seen, q_num_heads=count, kv_num_heads=count)

    def linear(self, state: str, name: str) -> str:
        """Add a matrix product and its bias."""
        weight = self.constant(f"{name}.w", self.base.weights[f"{name}.w"].T)
        multiply = self.scaled_product if self.by_row and name.endswith(_UNEVEN) else partial(self.add, "MatMul")
        return self.add("Add", multiply(state, weight), self.constant(f"{name}.b"))

    def scaled_product(self, state: str, weight: str) -> str:
        """Add a matrix product of rows scaled to 1 at most, and back: in int8 all rows of a batch have one scale."""
        largest = self.add("ReduceMax", self.add("Abs", state), self.whole(-1))
        scale = self.add("Max", largest, self.number(_SMALLEST))
        return self.add("Mul", self.add("MatMul", self.add("Div", state, scale), weight), scale)

    def normalised(self, state: str, name: str) -> str:
        """Add layer normalisation over the width."""
        learnt = self.constant(f"{name}.w"), self.constant(f"{name}.b")
        return self.add("LayerNormalization", state, *learnt, epsilon=self.base.shape.epsilon)

    def pooled(self, state: str) -> str:
        """Add the mean over the tokens that the mask keeps."""
        weights = self.add("Unsqueeze", "mask", self.whole(1))
        total = self.add("Squeeze", self.add("MatMul", weights, state), self.whole(1))
        return self.add("Div", total, self.add("ReduceSum", "mask", self.whole(1)))

    def number(self, value: float) -> str:
        """Add a number as a constant."""
        return self.constant(f"number {value}", np.array(value, np.float32))

    def whole(self, *values: int) -> str:
        """Add whole numbers, such as axes, as a constant."""
        return self.constant(f"whole {values}", np.array(values, np.int64))

    def constant(self, name: str, values: NDArray[Any] | None = None) -> str:
        """Add a constant, once for each name: a tensor of the base unless its values are given."""
        self.constants[name] = self.base.weights[name] if values is None else values
        return name


def _model(graph: _Graph, width: int, made_from: dict[str, str]) -> Any:
    onnx, _ = libraries()
    helper, number = onnx.helper, onnx.TensorProto.FLOAT
    entries = {"embedded": ["rows", "length", graph.base.shape.hidden], "mask": ["rows", "length"]}
    proto = helper.make_graph(
        [helper.make_node(one.operator, one.inputs, [one.output], one.output, **one.attributes) for one in graph.nodes],
        "encoder",
        [helper.make_tensor_value_info(name, number, shape) for name, shape in entries.items()],
        [helper.make_tensor_value_info(OUTPUT, number, ["rows", width])],
        [onnx.numpy_helper.from_array(np.ascontiguousarray(one), name) for name, one in graph.constants.items()],
    )
    model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    helper.set_model_props(model, made_from)
    return model
