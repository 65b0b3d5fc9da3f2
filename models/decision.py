"""From logits to what is done with a post: its kind, lane and level."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from models.calibration import Array, Calibration
from models.heads import Logits
from models.scores import Lanes, kind_probabilities, near_odds

Level = Literal["review", "alert"]
Lane = Literal["offers", "exploitation", "protection"]

_LEVELS: tuple[Level, ...] = ("review", "alert")


@dataclass(frozen=True, slots=True)
class Decision:
    """The kind of a post, and the lane and level that it reaches, if any."""

    kind: str
    lane: Lane | None = None
    level: Level | None = None


def decide(
    logits: Logits, langs: Sequence[str], labels: Sequence[str], lanes: Lanes, calibration: Calibration | None
) -> list[Decision]:
    """Decide for each text.

    Of several lanes that a post reaches, the one with the highest level counts, then the one furthest above its
    threshold. A post that would reach the offers but reads more like a victim or a witness goes to protection, for
    review. Without a calibration nothing is reached. The kind is the likeliest of the lane's kinds, or of all.
    """
    shares = scores(logits, langs, labels, lanes, calibration)
    if calibration is None:
        return [Decision(labels[column]) for column in shares.argmax(axis=1)]
    excess = _excess(logits, langs, lanes, calibration)
    reached = _reached(excess, near_odds(logits, labels, lanes), lanes, calibration)
    return [_choose(*row, labels, lanes) for row in zip(reached, excess[:, :, 0], shares, strict=True)]


def scores(
    logits: Logits, langs: Sequence[str], labels: Sequence[str], lanes: Lanes, calibration: Calibration | None
) -> Array:
    """Give a score for each text and kind, [n, labels]; a row sums to one.

    With a calibration that has a scaling they are probabilities, see `models.scaling`. With one that has none, a lane stands
    at one half where it meets its lowest threshold. Without a calibration they are the heads' own.
    """
    if calibration is not None:
        above = calibration.above_review(logits.stream, langs)
        if calibration.scaling:
            return calibration.scaling(above, logits.near)
        logits = Logits(above, logits.near)
    return kind_probabilities(logits, labels, lanes)


def reachable(
    logits: Logits, labels: Sequence[str], lanes: Lanes, calibration: Calibration | None
) -> NDArray[np.bool_]:
    """Tell which texts [n] `decide` would let reach a lane in at least one language; nothing without a calibration."""
    if calibration is None:
        return np.zeros(len(logits.stream), dtype=np.bool_)
    near = near_odds(logits, labels, lanes)
    return np.asarray(_reached(calibration.highest(logits.stream)[:, :, None], near, lanes, calibration).any(axis=1))


def _excess(logits: Logits, langs: Sequence[str], lanes: Lanes, calibration: Calibration) -> Array:
    """Give how far each lane's score lies above each of its thresholds, [n, lanes, levels]."""
    return calibration.above(logits.stream, langs, list(lanes))


def _reached(excess: Array, near: Array, lanes: Lanes, calibration: Calibration) -> NDArray[np.int64]:
    """Give how many levels of each lane are reached, [n, lanes], distress having overridden offers."""
    levels = (excess >= 0).sum(axis=2)
    reached: NDArray[np.int64] = levels * (near >= np.array([calibration.margins[lane] for lane in lanes]))
    names = list(lanes)
    offers, protection = names.index("offers"), names.index("protection")
    victims = (levels[:, offers] > 0) & (near[:, protection] > near[:, offers])
    reached[victims, protection] = np.maximum(reached[victims, protection], 1)
    reached[victims, offers] = 0
    return reached


def _choose(reached: NDArray[np.int64], excess: Array, shares: Array, labels: Sequence[str], lanes: Lanes) -> Decision:
    """Choose the lane of one text, and the kind within it."""
    best = max(range(len(reached)), key=lambda place: (reached[place], excess[place]))
    if not reached[best]:
        return Decision(labels[int(shares.argmax())])
    lane = list(lanes)[best]
    kind = max(lanes[lane], key=lambda one: float(shares[labels.index(one)]))
    return Decision(kind, cast(Lane, lane), _LEVELS[reached[best] - 1])  # a test holds the lanes to those of `Lane`
