"""What is judged and what a judge says of it, as screening needs them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

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
    def context(self) -> tuple[str, ...]:
        """What around the post raised it: `reply`, `channel_name`, `channel_recent`."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A post that is judged: its line, its text as a person reads it, its languages."""

    position: Position
    post: Post
    raw: bytes
    received_at: datetime
    text: str
    langs: tuple[str, ...]
