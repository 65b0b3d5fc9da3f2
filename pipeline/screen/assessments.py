"""What is judged and what a judge says of it, as screening needs them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.posts import Position, Post


class Assessment(Protocol):
    """What a classifier says of one text: an assessment, not a fact."""

    @property
    def kind(self) -> str:
        """The most fitting kind of `config/taxonomy.yaml`."""

    @property
    def scores(self) -> Mapping[str, float]:
        """A probability per kind."""

    @property
    def lane(self) -> str | None:
        """`offers`, `exploitation` or `protection` for a hit, else None."""

    @property
    def flagged(self) -> bool:
        """Whether the lane is `offers`."""

    @property
    def level(self) -> str | None:
        """`review` or `alert` for a hit, else None."""

    @property
    def model(self) -> str:
        """Artefact, engine and precision."""

    @property
    def calibrated(self) -> bool:
        """Whether the rate of false hits was measured for the post's language."""

    @property
    def odds(self) -> tuple[float, float]:
        """How it scores as an offer: against the stream, and among what stands near. What context reckons with."""

    @property
    def subtypes(self) -> tuple[str, ...]:
        """The likeliest subtypes of its kind; none for benign posts."""

    @property
    def context(self) -> tuple[str, ...]:
        """What around the post raised it: `reply`, `channel_name`, `channel_recent`."""

    @property
    def vector(self) -> Sequence[float] | NDArray[np.float32] | None:
        """What the encoder's last layer has of it, of any length; None where no encoder read it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A post that is judged: its line, its text as a person reads it, and its languages once somebody needs them."""

    position: Position
    post: Post
    raw: bytes
    received_at: datetime
    text: str
    langs: tuple[str, ...] = ()


class Sifted(Protocol):
    """Some texts that a classifier has read, before their languages are known."""

    @property
    def suspects(self) -> Sequence[int]:
        """The places of those that in some language would be hits; the others are benign in whatever language."""

    @property
    def assess(self) -> Callable[[Sequence[int], Sequence[str]], Sequence[Assessment]]:
        """Give the assessments of the texts at some places, each in its main language."""


@dataclass(frozen=True, slots=True)
class Unsifted:
    """Texts that are not read before their languages are known: all of them are suspects."""

    texts: Sequence[str]
    judge: Callable[[Sequence[str], Sequence[str]], Sequence[Assessment]]

    @property
    def suspects(self) -> Sequence[int]:
        """Every place."""
        return range(len(self.texts))

    def assess(self, places: Sequence[int], langs: Sequence[str]) -> Sequence[Assessment]:
        """Give the assessments of the texts at some places, each in its main language."""
        return self.judge([self.texts[place] for place in places], langs)
