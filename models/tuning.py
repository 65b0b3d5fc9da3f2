"""Train the last layers of the base, with heads of their own, on the states that the layers below them give.

AdamW with a warm-up and a linear descent, batches of one size in padded tokens, dropout over features. The heads read
the means of the frozen layers beside that of the tuned one, standardised. On a processor with bf16 the products run in
it. The same inputs on the same machine give the same tensors.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from models.base import Base, Progress, silent
from models.dataset import Row
from models.engines import BF16, cpu_flags, runs_natively
from models.examples import KINDS, LANES
from models.linear import Linear
from models.states import States
from models.tuned import TunedLayers, cut_of, tuned_names

Features = NDArray[np.float32]
Places = NDArray[np.int64]

EPOCHS = 2
RATE, HEAD_RATE = 1e-4, 1e-3
DROPOUT = 0.1
DECAY = 0.01
BUDGET = 2560  # padded tokens a batch
NEAR_WEIGHT = 0.5  # of the kinds' loss beside the lanes'
_STEP = 8  # lengths are padded to multiples of it: each new shape is compiled anew
_CHUNK = 2048  # posts that are sorted by length together
_WARM = 0.06  # of the steps
_SOME = 3000  # posts by which the features are standardised


@dataclass(frozen=True, slots=True)
class Material:
    """What is learnt from: rows with their states below the tuned layers and their frozen features [n, 2 * hidden]."""

    base: Base
    rows: Sequence[Row]
    states: States
    frozen: Features


@dataclass(frozen=True, slots=True)
class TunedFit:
    """The tuned layers, and maps from the features (frozen and tuned side by side) to lanes and to kinds."""

    layers: TunedLayers
    stream: Linear
    near: Linear


def tune(material: Material, places: Places, seed: int, progress: Progress = silent) -> TunedFit:
    """Train on the rows at `places`."""
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    weights = _leaves(material.base, material.base.weights)
    net = _Net(material, weights)
    centre, scale = net.spread(generator.permutation(places)[:_SOME])
    head = _new_head(len(centre))
    optimiser = _optimiser(weights, head)
    batches = [net.batches(places, generator) for _ in range(EPOCHS)]
    steps = sum(map(len, batches))
    descent = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _pace(step, steps))
    targets = _Targets.of(material.rows)
    for step, chosen in enumerate(batch for epoch in batches for batch in epoch):
        loss = targets.loss(_apply(head, (net.features(chosen, training=True) - centre) / scale), chosen)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([*weights.values(), *head], 1.0)
        optimiser.step()
        descent.step()
        progress("tuning the last layers", (step + 1) / steps)
    layers = {name: one.detach().numpy().astype(np.float16) for name, one in weights.items()}
    return TunedFit(layers, *_raw(head, centre.numpy(), scale.numpy()))


def read_tuned(material: Material, layers: TunedLayers, places: Places) -> Features:
    """Give the features [n, 3 * hidden] of the rows at `places` with tuned layers."""
    net = _Net(material, _leaves(material.base, layers))
    found = np.zeros((len(material.rows), material.frozen.shape[1] + material.base.shape.hidden), np.float32)
    with torch.inference_mode():
        for chosen in net.batches(places):
            found[chosen] = net.features(chosen).numpy()
    return found[places]


class _Net:
    """The tuned layers over the material's states."""

    def __init__(self, material: Material, weights: Mapping[str, Any]) -> None:
        self._material = material
        self._weights = weights
        self._shape = material.base.shape
        self._layers = range(cut_of(material.base), max(material.base.layers))
        self._bf16 = runs_natively(BF16, cpu_flags())

    def features(self, chosen: Places, training: bool = False) -> Any:
        """Give the frozen features and the tuned mean of a batch side by side, [n, 3 * hidden]."""
        length = _padded(int(self._material.states.lengths[chosen].max()))
        states, kept = self._material.states.padded(chosen, max(len(chosen), BUDGET // length), length)
        mask = torch.from_numpy(kept)
        with torch.autocast("cpu", torch.bfloat16, enabled=self._bf16):
            state = torch.from_numpy(states)
            for layer in self._layers:
                state = self._layer(state, mask, f"l{layer}", training)
        share = mask[:, :, None].float()
        mean = (state.float() * share).sum(1) / share.sum(1)
        return torch.cat([torch.from_numpy(self._material.frozen[chosen]), mean[: len(chosen)]], 1)

    def spread(self, places: Places) -> tuple[Any, Any]:
        """Give the mean and deviation of the features of some rows."""
        with torch.no_grad():
            found = torch.cat([self.features(chosen) for chosen in self.batches(places)])
        return found.mean(0), found.std(0) + 1e-6

    def batches(self, places: Places, generator: np.random.Generator | None = None) -> list[Places]:
        """Give the places in batches of like length, in a random order where there is a generator."""
        order = places if generator is None else generator.permutation(places)
        chunk = max(1, len(order)) if generator is None else _CHUNK
        found = [one for first in range(0, len(order), chunk) for one in self._sorted(order[first : first + chunk])]
        return found if generator is None else [found[place] for place in generator.permutation(len(found))]

    def _sorted(self, places: Places) -> Iterator[Places]:
        lengths = self._material.states.lengths
        order = places[np.argsort(lengths[places], kind="stable")]
        first = 0
        for last in range(1, len(order) + 1):
            if last == len(order) or (last + 1 - first) * _padded(int(lengths[order[last]])) > BUDGET:
                yield order[first:last]
                first = last

    def _layer(self, state: Any, mask: Any, name: str, training: bool) -> Any:
        """Run one transformer layer (post-norm, as BERT), in training with dropout over features."""
        state = self._normalised(state + self._dropped(self._attended(state, mask, name), training), f"{name}.aln")
        inner = self._linear(functional.gelu(self._linear(state, f"{name}.fi")), f"{name}.fo")
        return self._normalised(state + self._dropped(inner, training), f"{name}.oln")

    def _attended(self, state: Any, mask: Any, name: str) -> Any:
        rows, length, hidden = state.shape
        width = hidden // self._shape.heads
        query, key, value = (
            self._linear(state, f"{name}.{part}").view(rows, length, self._shape.heads, width).transpose(1, 2)
            for part in "qkv"
        )
        bias = torch.where(mask, 0.0, -10000.0)[:, None, None, :]
        weights = torch.softmax(torch.matmul(query * width**-0.5, key.transpose(2, 3)) + bias, -1, dtype=torch.float32)
        mixed = torch.matmul(weights.to(value.dtype), value).transpose(1, 2).reshape(rows, length, hidden)
        return self._linear(mixed, f"{name}.ao")

    def _linear(self, state: Any, name: str) -> Any:
        return functional.linear(state, self._weights[f"{name}.w"], self._weights[f"{name}.b"])

    def _normalised(self, state: Any, name: str) -> Any:
        weight, bias = self._weights[f"{name}.w"], self._weights[f"{name}.b"]
        return functional.layer_norm(state.float(), (state.shape[-1],), weight, bias, self._shape.epsilon)

    @staticmethod
    def _dropped(state: Any, training: bool) -> Any:
        """Drop some features of each post, of all its tokens alike (cheaper than token by token)."""
        if not training:
            return state
        return state * functional.dropout(torch.ones(state.shape[0], 1, state.shape[2]), DROPOUT).to(state.dtype)


@dataclass(frozen=True, slots=True)
class _Targets:
    """What each row is: lanes [n, lanes], the kind [n], and whether it is an example."""

    lanes: Any
    kinds: Any
    examples: Any

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "_Targets":
        lanes = np.array([[row.kind in kinds for kinds in LANES.values()] for row in rows], np.float32)
        kinds = np.array([KINDS.index(row.kind) for row in rows])
        examples = np.array([not row.is_background for row in rows])
        return cls(*map(torch.from_numpy, (lanes, kinds, examples)))

    def loss(self, logits: Any, chosen: Places) -> Any:
        """Give the lanes' loss on all rows, and the kinds' on the examples among them."""
        places = torch.from_numpy(chosen)
        lanes, kinds = logits.split([len(LANES), len(KINDS)], dim=1)
        loss = functional.binary_cross_entropy_with_logits(lanes, self.lanes[places], reduction="none").sum(1).mean()
        own = self.examples[places]
        if own.any():
            near = functional.cross_entropy(kinds[own], self.kinds[places][own], reduction="sum")
            loss = loss + NEAR_WEIGHT * near / len(chosen)
        return loss


def _leaves(base: Base, tensors: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    return {name: torch.from_numpy(np.array(tensors[name], np.float32)).requires_grad_() for name in tuned_names(base)}


def _new_head(width: int) -> tuple[Any, Any]:
    weight = torch.zeros(len(LANES) + len(KINDS), width, requires_grad=True)
    bias = torch.tensor([-3.0] * len(LANES) + [0.0] * len(KINDS), requires_grad=True)
    return weight, bias


def _apply(head: tuple[Any, Any], standard: Any) -> Any:
    return functional.linear(functional.dropout(standard, DROPOUT), *head)


def _optimiser(weights: Mapping[str, Any], head: tuple[Any, Any]) -> Any:
    wide = [one for one in weights.values() if one.dim() > 1]
    narrow = [one for one in weights.values() if one.dim() <= 1]
    groups = [
        {"params": wide, "lr": RATE, "weight_decay": DECAY},
        {"params": narrow, "lr": RATE, "weight_decay": 0.0},
        {"params": list(head), "lr": HEAD_RATE, "weight_decay": DECAY},
    ]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98))


def _pace(step: int, steps: int) -> float:
    """Give the share of the learning rate at a step: up, then down to a fiftieth."""
    return min(1.0, (step + 1) / (_WARM * steps)) * max(0.0, 1 - step / steps) + 0.02


def _padded(tokens: int) -> int:
    return -(-tokens // _STEP) * _STEP


def _raw(head: tuple[Any, Any], centre: Features, scale: Features) -> tuple[Linear, Linear]:
    """Give the head's two maps in the raw features' own scale."""
    weight, bias = (one.detach().numpy() for one in head)
    weight = weight / scale
    bias = bias - weight @ centre
    lanes = len(LANES)
    return Linear(weight[:lanes], bias[:lanes]), Linear(weight[lanes:], bias[lanes:])
