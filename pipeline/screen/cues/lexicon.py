"""The word lists as the finders use them, read anew when a file changes."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import re2

from pipeline.errors import ConfigurationError
from pipeline.resources import config_dir, taxonomy
from pipeline.screen.cues.lists import ROLES, WordList, read_list
from pipeline.screen.cues.phrases import Phrases

_EVERYWHERE = ("en", "any")
_ALSO = {
    "pcm": ("en",),
    "ti": ("am",),
    "ckb": ("ar",),
    "ur": ("hi",),
    "hi": ("ur",),
    "uk": ("ru",),
    "ms": ("id",),
    "dari": ("fa",),
}
log = logging.getLogger("fanal.cues")

CHECKED_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One language's list, ready: its words by concept, its phrases, its patterns, and whether place names take endings."""

    language: str
    words: Mapping[str, tuple[str, ...]]
    phrases: Phrases
    patterns: tuple[tuple[str, re2._Regexp], ...]
    endings: bool


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """All lists that there are, by language."""

    entries: dict[str, Entry]

    def of(self, langs: Sequence[str]) -> tuple[Entry, ...]:
        """The lists to read a text in these languages with; all of them where none is known."""
        codes = [lang.lower().split("-")[0] for lang in langs]
        known = [code for code in codes if code in self.entries]
        if not known:
            return tuple(self.entries.values())
        wanted = dict.fromkeys((*known, *(other for code in known for other in _ALSO.get(code, ())), *_EVERYWHERE))
        return tuple(self.entries[code] for code in wanted if code in self.entries)


def concepts() -> frozenset[str]:
    """What words may stand for: kinds of the taxonomy's cues with their values, and the roles."""
    cues = taxonomy()["cues"]
    values = taxonomy()["cue_values"]
    return frozenset((*cues, *(f"{kind}.{value}" for kind, some in values.items() for value in some), *ROLES))


def load(folder: Path) -> Lexicon:
    """Read all lists of a folder.

    Raises:
        ConfigurationError: a list is wrong, or there is none.
    """
    known = concepts()
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise ConfigurationError(f"{folder}: no word lists there; FANAL_CONFIG_DIR must name Fanal's config folder")
    return Lexicon({path.stem: _entry(read_list(path, known)) for path in paths})


def _entry(words: WordList) -> Entry:
    patterns = tuple((concept, re2.compile(one)) for concept, some in words.patterns.items() for one in some)
    return Entry(words.language, words.concepts(), Phrases(words.concepts(), words.prefixes), patterns, words.endings)


class Lists:
    """A folder of word lists that is read again when one of its files is new, gone or changed.

    A list that has become wrong does not replace the good ones: they stay, and `problem` says in one line what is wrong.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp = self._stamped()
        self._lexicon = load(folder)
        self._looked_at = time.monotonic()
        self.problem: str | None = None

    def lexicon(self) -> Lexicon:
        """The lists as they are now, looked at no more than every two seconds."""
        now = time.monotonic()
        if now - self._looked_at >= CHECKED_EVERY_S:
            self._looked_at = now
            self.refresh()
        return self._lexicon

    def refresh(self) -> None:
        """Read the lists again if a file has changed."""
        stamp = self._stamped()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._lexicon, self.problem = load(self._folder), None
        except ConfigurationError as error:
            self.problem = str(error)
            log.error("a word list does not fit; the former ones stay", extra={"why": self.problem})

    def _stamped(self) -> tuple[tuple[str, int, int], ...]:
        return tuple(
            (path.name, (stat := path.stat()).st_mtime_ns, stat.st_size) for path in sorted(self._folder.glob("*.yaml"))
        )


@cache
def _shipped(folder: Path) -> Lists:
    return Lists(folder)


def lists() -> Lists:
    """The lists of the configuration folder, read at first need (about a second)."""
    return _shipped(config_dir() / "cues")
