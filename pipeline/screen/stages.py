"""Where a batch's time goes: a timer that is handed in, so that screening itself asks no clock."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Stages:
    """Sums the seconds of each stage until they are taken. One thread at a time may use it.

    What a stage within another takes counts for the inner one alone, so that no second is counted twice.
    """

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._spent: dict[str, float] = {}
        self._within: list[str] = []

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Count what is done meanwhile, even if it raises."""
        began = self._clock()
        self._within.append(stage)
        try:
            yield
        finally:
            took = self._clock() - began
            self._within.pop()
            self._add(stage, took)
            if self._within:
                self._add(self._within[-1], -took)

    def timed(self, stage: str, call: Callable[_P, _R]) -> Callable[_P, _R]:
        """The same call, whose time counts for a stage."""

        def within(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            with self(stage):
                return call(*args, **kwargs)

        return within

    def _add(self, stage: str, seconds: float) -> None:
        self._spent[stage] = self._spent.get(stage, 0.0) + seconds

    def taken(self) -> dict[str, float]:
        """The seconds by stage since they were last taken."""
        spent, self._spent = self._spent, {}
        return spent
