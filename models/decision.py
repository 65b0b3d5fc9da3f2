"""From logits to what is done with a post: its kind, lane and level."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.calibration import Array, Calibration
from models.heads import Heads, log_sum

Level = Literal["review", "alert"]
Lane = Literal["offers", "exploitation", "protection"]


@dataclass(frozen=True, slots=True)
class Decision:
    """The kind of a post, and the lane and level that it reaches, if any."""

    kind: str
    lane: Lane | None = None
    level: Level | None = None


def decide(logits: Array, langs: Sequence[str], heads: Heads, calibration: Calibration | None) -> list[Decision]:
    """Decide for each text.

    A lane is reached where its standardised log-odds pass its lowest threshold; of several, the one with the highest
    level, then the one furthest above its threshold. Distress overrides: a post that reads more like a victim's or a
    witness's than like an offer goes to protection. Without a calibration nothing is reached. The kind is the likeliest
    of the lane's kinds, or of all kinds where no lane is reached.
    """
    likeliest = [heads.labels[column] for column in logits.argmax(axis=1)]
    if calibration is None:
        return [Decision(kind) for kind in likeliest]
    excess = _excess(logits, langs, heads, calibration)
    overridden = _distress_over_offer(logits, heads) > calibration.override
    lanes = list(heads.lanes)
    return [
        _choose(_overridden(row, lanes) if over else row, lanes, kind, logit, heads)
        for row, over, kind, logit in zip(excess, overridden, likeliest, logits, strict=True)
    ]


def _excess(logits: Array, langs: Sequence[str], heads: Heads, calibration: Calibration) -> Array:
    """Give how far each lane's score lies above each of its thresholds, [n, lanes, levels]."""
    scores = calibration.standardise(heads.odds(logits), langs)
    thresholds = np.array([calibration.thresholds[lane] for lane in heads.lanes])
    above: Array = scores[:, :, None] - thresholds[None, :, :]
    return above


def _distress_over_offer(logits: Array, heads: Heads) -> Array:
    """Give the log-odds of distress against an offer."""
    distress = np.isin(heads.labels, heads.lanes["protection"])
    offer = np.isin(heads.labels, heads.lanes["offers"])
    odds: Array = log_sum(logits[:, distress]) - log_sum(logits[:, offer])
    return odds


def _overridden(excess: Array, lanes: list[str]) -> Array:
    """Hand what the offers lane reached to protection."""
    changed = excess.copy()
    offers, protection = lanes.index("offers"), lanes.index("protection")
    changed[protection] = np.maximum(changed[protection], changed[offers])
    changed[offers] = -np.inf
    return changed


def _choose(excess: Array, lanes: list[str], likeliest: str, logits: Array, heads: Heads) -> Decision:
    """Choose the lane of one text from its excess [lanes, levels]."""
    reached = (excess >= 0).sum(axis=1)
    best = max(range(len(lanes)), key=lambda lane: (reached[lane], excess[lane, 0]))
    if not reached[best]:
        return Decision(likeliest)
    lane = lanes[best]
    kinds = [heads.labels.index(kind) for kind in heads.lanes[lane]]
    kind = heads.labels[max(kinds, key=lambda column: float(logits[column]))]
    return Decision(kind, _LANES[lane], _LEVELS[reached[best] - 1])


_LEVELS: tuple[Level, ...] = ("review", "alert")
_LANES: dict[str, Lane] = {"offers": "offers", "exploitation": "exploitation", "protection": "protection"}
