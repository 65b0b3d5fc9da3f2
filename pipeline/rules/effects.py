"""What rules do to a hit's document. Pure: which rules hold, and what they come to together, whatever their order.

Raising goes before lowering and muting: a plea that a campaign's words surround stays in sight. A hit of the protection lane stays there.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from pipeline.posts import Document, Hit
from pipeline.rules.rule import MUTED, Rule
from pipeline.screen.assessments import Assessment, Candidate
from pipeline.screen.clean import clean
from pipeline.screen.priority import LEVELS

SHADOW = "shadow:"


class Applied(Protocol):
    """The rules, as making a hit needs them."""

    def apply(self, document: Document) -> Document:
        """The document with what the rules do to it."""


def ruled(
    rules: Applied,
    make: Callable[[Candidate, Assessment, datetime], Hit],
    candidate: Candidate,
    assessment: Assessment,
    now: datetime,
) -> Hit:
    """A hit as `make` makes it, with what the rules do to it."""
    hit = make(candidate, assessment, now)
    return msgspec.structs.replace(hit, document=rules.apply(hit.document))


def holding(document: Document, rules: Sequence[Rule]) -> list[Rule]:
    """The rules that hold of a document."""
    text = clean(document.text) if rules else ""
    return [rule for rule in rules if rule.when.holds(document, text)]


def apply(document: Document, rules: Sequence[Rule]) -> Document:
    """The document with what the rules that hold do to it; those in shadow are named and do nothing."""
    held = holding(document, rules)
    if not held:
        return document
    acting = [rule for rule in held if rule.mode == "active"]
    shadows = [f"{SHADOW}{rule.name}" for rule in held if rule.mode == "shadow"]
    named = _once(document.rules, [*(rule.name for rule in acting), *shadows])
    return msgspec.structs.replace(_tagged(_moved(_ranked(document, acting), acting), acting), rules=named)


def _ranked(document: Document, acting: Sequence[Rule]) -> Document:
    """The document with its priority raised, or lowered where nothing raises it, and the rules that did so among its reasons."""
    before = document.priority or "normal"
    raising = {rule.name: rule.then.raise_to for rule in acting if rule.then.raise_to}
    lowering = {rule.name: _lowest(rule) for rule in acting if rule.then.lower_to or rule.then.mute}
    wanted = raising or lowering
    after = _most(before, raising.values()) if raising else _least(before, lowering.values())
    if after == before:
        return document
    caused = [f"rule:{name}" for name, level in wanted.items() if level == after]
    return msgspec.structs.replace(document, priority=after, reasons=_once(document.reasons, caused))


def _lowest(rule: Rule) -> str:
    return "normal" if rule.then.mute else rule.then.lower_to or "normal"


def _moved(document: Document, acting: Sequence[Rule]) -> Document:
    lanes = {rule.then.lane for rule in acting} - {None}
    if not lanes or document.lane == "protection":
        return document
    lane = "protection" if "protection" in lanes else "exploitation"
    return msgspec.structs.replace(document, lane=lane, flagged=lane == "offers")


def _tagged(document: Document, acting: Sequence[Rule]) -> Document:
    tags = [tag for rule in acting for tag in rule.then.tags]
    mutes = any(rule.then.mute for rule in acting) and not any(rule.then.raise_to for rule in acting)
    return msgspec.structs.replace(document, tags=_once(document.tags, [*tags, *([MUTED] if mutes else [])]))


def _most(level: str, others: Iterable[str | None]) -> str:
    return max((level, *filter(None, others)), key=LEVELS.index)


def _least(level: str, others: Iterable[str]) -> str:
    return min((level, *others), key=LEVELS.index)


def _once(some: Sequence[str], more: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*some, *more)))
