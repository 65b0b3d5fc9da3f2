"""What is judged and what a judge says of it, as screening needs them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Protocol, overload

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


@dataclass(frozen=True)
class Candidate:
    """A post that is judged: its line, and its text as a person reads it.

    Its languages are identified when they are first asked for.
    """

    position: Position
    post: Post
    raw: bytes
    received_at: datetime
    text: str
    identify: Callable[[str, Sequence[str]], tuple[str, ...]]

    @cached_property
    def langs(self) -> tuple[str, ...]:
        """The languages of the text, the main one first."""
        return self.identify(self.text, self.post.lang_hint)


class MainLanguages(Sequence[str]):
    """The main languages of some posts; each is identified when it is read, for who judges without them need not wait."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._candidates = candidates

    def __len__(self) -> int:
        return len(self._candidates)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> "MainLanguages": ...
    def __getitem__(self, place: int | slice) -> "str | MainLanguages":
        if isinstance(place, slice):
            return MainLanguages(self._candidates[place])
        return self._candidates[place].langs[0]
