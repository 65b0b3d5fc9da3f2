"""The base encoder as an OpenVINO graph, written out with the opset: no exporter, no torch."""

from dataclasses import dataclass

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops

from models.base import Base

_MASKED = 10000.0  # taken from the attention scores of padding: e to the minus that is zero in fp32


def build_graph(base: Base, int8: bool = False) -> ov.Model:
    """Build the graph from summed embeddings [batch, length, hidden] and a mask [batch, length] to pooled layers.

    The one output, [batch, len(base.layers) * hidden], holds the mean of each of those layers' states over the tokens
    whose mask is 1, layers side by side. The embedding table is looked up outside, where it stays mapped from disk.

    With `int8` the matrices of the products are signed bytes with a scale a row; OpenVINO then quantises what they are
    multiplied with as it comes, in groups, and needs no posts to learn ranges from.
    """
    embedded = ops.parameter([-1, -1, base.shape.hidden], ov.Type.f32, name="embedded")
    mask = ops.parameter([-1, -1], ov.Type.f32, name="mask")
    graph = _Graph(base, mask, int8)
    state = graph.normalised(embedded, "emb.ln")
    pooled = []
    for layer in range(max(base.layers)):
        state = graph.layer(state, f"l{layer}")
        if layer + 1 in base.layers:
            pooled.append(graph.pooled(state))
    return ov.Model([ops.concat(pooled, axis=1)], [embedded, mask], "encoder")


def build_states(base: Base, depth: int) -> ov.Model:
    """Build the graph of the first layers, from the same inputs to the states of every token [batch, length, hidden]."""
    embedded = ops.parameter([-1, -1, base.shape.hidden], ov.Type.f32, name="embedded")
    mask = ops.parameter([-1, -1], ov.Type.f32, name="mask")
    graph = _Graph(base, mask, int8=False)
    state = graph.normalised(embedded, "emb.ln")
    for layer in range(depth):
        state = graph.layer(state, f"l{layer}")
    return ov.Model([state], [embedded, mask], "states")


def signed_bytes(matrix: NDArray[np.float32]) -> ov.Node:
    """Give a matrix [rows, columns] as signed bytes and a scale a row, the largest of each row being -128.

    So a row whose values are multiples of its largest by an eighth, as those of 4-bit weights often are, loses nothing.
    """
    largest = np.take_along_axis(matrix, np.abs(matrix).argmax(axis=1)[:, None], axis=1)
    scale = np.where(largest == 0, 1, -largest / 128).astype(np.float32)
    whole = ops.constant(np.clip(np.round(matrix / scale), -128, 127).astype(np.int8))
    return ops.multiply(ops.convert(whole, ov.Type.f32), ops.constant(scale))


def _number(value: float) -> ov.Node:
    return ops.constant(np.float32(value))


def _whole(*values: int) -> ov.Node:
    return ops.constant(np.array(values, np.int64))


@dataclass(frozen=True)
class _Graph:
    """The parts of one graph: they share the weights and the mask."""

    base: Base
    mask: ov.Node
    int8: bool

    def layer(self, state: ov.Node, name: str) -> ov.Node:
        """Add one transformer layer (post-norm, as BERT)."""
        attended = self.linear(self.attention(state, name), f"{name}.ao")
        state = self.normalised(ops.add(state, attended), f"{name}.aln")
        inner = ops.gelu(self.linear(state, f"{name}.fi"), "erf")
        return self.normalised(ops.add(state, self.linear(inner, f"{name}.fo")), f"{name}.oln")

    def attention(self, state: ov.Node, name: str) -> ov.Node:
        """Add multi-head attention, the padding masked."""
        query, key, value = (self.heads(self.linear(state, f"{name}.{part}")) for part in "qkv")
        bias = ops.multiply(ops.subtract(self.mask, _number(1.0)), _number(_MASKED))
        bias = ops.unsqueeze(bias, _whole(1, 2))
        mixed = ops.scaled_dot_product_attention(query, key, value, bias)
        joined = ops.transpose(mixed, _whole(0, 2, 1, 3))
        return ops.reshape(joined, _whole(0, 0, self.base.shape.hidden), special_zero=True)

    def heads(self, state: ov.Node) -> ov.Node:
        """Split [batch, length, hidden] into [batch, heads, length, width of a head]."""
        count = self.base.shape.heads
        split = ops.reshape(state, _whole(0, 0, count, self.base.shape.hidden // count), special_zero=True)
        return ops.transpose(split, _whole(0, 2, 1, 3))

    def linear(self, state: ov.Node, name: str) -> ov.Node:
        """Add a matrix product and its bias."""
        matrix = signed_bytes(self.base.weights[f"{name}.w"]) if self.int8 else self.weight(f"{name}.w")
        product = ops.matmul(state, matrix, transpose_a=False, transpose_b=True)
        return ops.add(product, self.weight(f"{name}.b"))

    def normalised(self, state: ov.Node, name: str) -> ov.Node:
        """Add layer normalisation over the width."""
        centred = ops.mvn(state, _whole(-1), True, self.base.shape.epsilon, "INSIDE_SQRT")
        return ops.add(ops.multiply(centred, self.weight(f"{name}.w")), self.weight(f"{name}.b"))

    def pooled(self, state: ov.Node) -> ov.Node:
        """Add the mean over the tokens that the mask keeps."""
        weights = ops.unsqueeze(self.mask, _whole(1))
        total = ops.squeeze(ops.matmul(weights, state, transpose_a=False, transpose_b=False), _whole(1))
        return ops.divide(total, ops.reduce_sum(self.mask, _whole(1), keep_dims=True))

    def weight(self, name: str) -> ov.Node:
        """Add a tensor of the base as a constant."""
        values: NDArray[np.float32] = self.base.weights[name]
        return ops.constant(values, shared_memory=True)
