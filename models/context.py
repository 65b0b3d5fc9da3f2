"""What stands around a post moves its score: the text that it replies to, its channel's name, its channel's recent posts.

Two small logistic regressions, fitted on the threads (`models.context_fit`). `before` sees the post alone and the channel's
recent posts, and costs nothing. Where it stands near enough, the post is read once more together with the text that it
replies to and the channel's name, and `after` sees that reading too. Context raises a post to review and does nothing
else: it never raises to alert, never lowers, and never moves a post that is less like an offer than half the background.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.calibration import Array
from models.errors import ModelError
from models.heads import ARTEFACT
from models.surroundings import Surroundings

FILE = "context.json"
REPLY, CHANNEL_NAME, CHANNEL_RECENT = "reply", "channel_name", "channel_recent"

_LONGEST_REPLY = 400
_LONGEST_NAME = 80
_LEAST, _MOST = (-3.0, -6.0), (6.0, 6.0)  # of a stream score and of near log-odds: beyond, nothing counts more


@dataclass(frozen=True, slots=True)
class Step:
    """A regression: a weight a column, its bias, and the log-odds from which it raises a post."""

    weights: tuple[float, ...]
    bias: float
    limit: float

    def __call__(self, columns: Array) -> Array:
        """Give the log-odds of rows [n, columns]."""
        found: Array = columns @ np.array(self.weights) + self.bias
        return found


@dataclass(frozen=True, slots=True)
class Weights:
    """How context counts.

    `heads` is the digest of the artefact whose scores it was fitted on. `neutral` is what an unknown channel is taken
    for, and stands beside the known posts with the weight `shrink`. `band` is the log-odds of `before` from which a post
    is read again, `floor` the post's own stream score below which it is left alone. `half_life_h` and `window` are those
    of the memory of recent posts.
    """

    heads: str
    neutral: tuple[float, float]
    shrink: float
    half_life_h: float
    window: int
    floor: float
    band: float
    before: Step
    after: Step

    def columns(self, own: Array, recent: Array) -> Array:
        """Give what `before` sees, [n, 4], of own scores [n, 2] and of recent posts [n, 3] (weight, stream, near)."""
        weight = recent[:, :1]
        settled = (weight * recent[:, 1:] + self.shrink * np.array(self.neutral)) / (weight + self.shrink)
        return np.concatenate([clipped(own), clipped(settled)], axis=1)


def clipped(scores: Array) -> Array:
    """Keep scores [n, 2] (stream, near) within bounds, so that no single one carries a decision."""
    return np.clip(scores, _LEAST, _MOST)


def joined(text: str, around: Surroundings) -> str:
    """Give the text that is read for a post in its context: the post first, as the end of a long text is cut."""
    parts = [text, (around.reply or "")[:_LONGEST_REPLY], (around.channel or "")[:_LONGEST_NAME]]
    return "\n".join(part for part in parts if part)


def save_weights(weights: Weights, folder: Path = ARTEFACT) -> None:
    """Write the weights beside the artefact."""
    (folder / FILE).write_text(json.dumps(asdict(weights), indent=1) + "\n", encoding="utf-8")


def load_weights(folder: Path = ARTEFACT) -> Weights | None:
    """Read the weights; None where there are none, a `ModelError` where they are damaged."""
    try:
        raw = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return _weights(raw)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{folder / FILE} cannot be read ({type(error).__name__}): run `python -m models.context_fit`"
        ) from error


def _weights(raw: Mapping[str, Any]) -> Weights:
    steps = {name: Step(tuple(raw[name]["weights"]), raw[name]["bias"], raw[name]["limit"]) for name in _COLUMNS}
    if any(len(steps[name].weights) != columns for name, columns in _COLUMNS.items()):
        raise ValueError("another number of weights")
    first, second = raw["neutral"]
    return Weights(**{**raw, **steps, "neutral": (first, second)})


_COLUMNS = {"before": 4, "after": 6}
