"""The rules of a running worker: read anew when a file changes, the last good ones kept where one has become wrong."""

import logging
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from pipeline.errors import ConfigurationError
from pipeline.posts import Document
from pipeline.resources import config_dir
from pipeline.rules.effects import apply
from pipeline.rules.reading import read_rules, stamp
from pipeline.rules.rule import Rule

log = logging.getLogger("fanal.rules")

CHECKED_EVERY_S = 1.0


class Rules:
    """A folder's rules, looked at no more than once a second.

    `problem` says in one line what is wrong with the files, where the former rules stay because of it.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Read the rules.

        Raises:
            ConfigurationError: one does not hold to its shape.
        """
        self._folder = folder
        self._clock = clock
        self._stamp = stamp(folder)
        self._rules = read_rules(folder)
        self._looked_at = clock()
        self.problem: str | None = None

    def current(self) -> tuple[Rule, ...]:
        """The rules as they are now."""
        now = self._clock()
        if now - self._looked_at >= CHECKED_EVERY_S:
            self._looked_at = now
            self._refresh()
        return self._rules

    def apply(self, document: Document) -> Document:
        """The document with what the rules do to it."""
        return apply(document, self.current())

    def _refresh(self) -> None:
        found = stamp(self._folder)
        if found == self._stamp:
            return
        self._stamp = found
        try:
            self._rules, self.problem = read_rules(self._folder), None
        except ConfigurationError as error:
            self.problem = str(error)
            log.error("a rule does not fit; the former ones stay", extra={"why": self.problem})


@cache
def _shipped(folder: Path) -> Rules:
    return Rules(folder)


def shipped() -> Rules:
    """The rules of the configuration folder, read at first need and again when a file changes.

    Raises:
        ConfigurationError: at first need, one does not hold to its shape.
    """
    return _shipped(config_dir() / "rules")
