"""Replay as a source: the lines of a file, from where the cursor stands, at a pace.

The cursor holds the byte behind the last line that was delivered (of the content: unpacked, where the file is packed), that
line's number, and the digest of the file's beginning, which tells another file under the same name, read from its start.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, cast

from pipeline.errors import UsageError
from pipeline.posts import Post
from pipeline.sources.connector import Cursor, Event, SourceRefused, Step
from pipeline.sources.events import Provenance, read_event
from pipeline.sources.lines import AT_ONCE, SourceLine, opened, read_lines

log = logging.getLogger("fanal.replay")

HEAD = 4096
"""Bytes of a file's beginning by which it is known again; of a file that was shorter, what there was."""
PACKED = frozenset({".gz", ".zst"})
PARSER = "replay-1"
STEP_S = 0.25
"""At a pace, a step holds what is due within so long."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A file of NDJSON (plain, `.gz` or `.zst`) as a source, which ends with the file. See `Connector`."""

    name: str
    path: Path
    platform: str = "replay"
    rate: float | None = None
    """Lines a second; None: as fast as they are taken."""

    @property
    def live(self) -> bool:
        """A file is no live platform."""
        return False

    async def steps(self, cursor: Cursor | None) -> AsyncIterator[Step]:
        """See `Connector.steps`. A last line without its newline is read again after a restart: it may have grown since."""
        with ExitStack() as held:
            try:
                place = await asyncio.to_thread(_found, self.path, cursor)
                lines = await asyncio.to_thread(_lines, held, self.path, place)
                async for step in self._paced(lines, place):
                    yield step
            except UsageError as error:
                raise SourceRefused(str(error)) from None

    async def _paced(self, lines: "Iterator[_Placed]", place: "_Place") -> AsyncIterator[Step]:
        started, sent = time.monotonic(), 0
        at_once = AT_ONCE if self.rate is None else max(1, min(AT_ONCE, int(self.rate * STEP_S)))
        while True:
            batch, error = await asyncio.to_thread(_some, lines, at_once)
            if batch:
                yield Step([self._event(one.line) for one in batch], place.behind(batch[-1]))
            if error:
                raise error
            if not batch:
                return
            sent += len(batch)
            if self.rate:
                await asyncio.sleep(max(0.0, started + sent / self.rate - time.monotonic()))

    def _event(self, line: SourceLine) -> Event:
        cut = ", cut: it is longer than 16 MiB" if line.cut else ""
        event = read_event(line.raw, f"line {line.number} of {self.path.name}{cut}")
        if not isinstance(event, Post):
            return event
        return Provenance(self.name, "replay", PARSER).of(event, line.raw)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A line, and where to read on after it: the byte, and the number of the line before that byte."""

    line: SourceLine
    offset: int
    number: int


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in a file: bytes and lines before it, and the digest of so many bytes of the file's beginning."""

    offset: int
    line: int
    head: str
    head_bytes: int

    def behind(self, last: _Placed) -> Cursor:
        """The cursor behind a line."""
        found = {"offset": last.offset, "line": last.number, "head": self.head, "head_bytes": self.head_bytes}
        return {name: str(value) for name, value in found.items()}


def _found(path: Path, cursor: Cursor | None) -> _Place:
    """Where to read on: from the cursor, if this file begins as that one did and is as long."""
    if not path.is_file():
        raise UsageError(f"{path}: no such file; give NDJSON, plain, .gz or .zst")
    start = _Place(0, 0, *_head(path, HEAD))
    if cursor is None:
        return start
    try:
        kept = _Place(int(cursor["offset"]), int(cursor["line"]), cursor["head"], int(cursor["head_bytes"]))
        if min(kept.offset, kept.line, kept.head_bytes) < 0 or kept.head_bytes > HEAD:
            raise ValueError
    except (KeyError, ValueError):
        raise UsageError(
            f"{path}: the cursor is none of a replay's; remove it, or give the source another name"
        ) from None
    if _head(path, kept.head_bytes) != (kept.head, kept.head_bytes) or _is_shorter(path, kept.offset):
        log.warning("another file lies under this name, or a shorter one: read from its start")
        return start
    return _Place(kept.offset, kept.line, start.head, start.head_bytes)


def _is_shorter(path: Path, offset: int) -> bool:
    return path.suffix not in PACKED and path.stat().st_size < offset


def _head(path: Path, count: int) -> tuple[str, int]:
    try:
        with path.open("rb") as file:
            head = file.read(count)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    return hashlib.sha256(head).hexdigest(), len(head)


class _Counting:
    """A file's `readline` that knows where it stands. What is to be skipped is skipped at the first call."""

    def __init__(self, file: IO[bytes], at: int, skip: int) -> None:
        self._file = file
        self._skip = skip
        self.at = at
        self.start = at
        self.whole = True

    def readline(self, size: int) -> bytes:
        """The next line, or so many bytes of it."""
        while self._skip:
            if not (passed := len(self._file.read(min(self._skip, 1 << 20)))):
                raise UsageError("the file is shorter than its cursor says; remove the cursor to read it anew")
            self._skip -= passed
        self.start = self.at if self.whole else self.start
        found = self._file.readline(size)
        self.at += len(found)
        self.whole = found.endswith(b"\n") or not found
        return found


def _lines(held: ExitStack, path: Path, place: _Place) -> Iterator[_Placed]:
    """The lines behind a place. A packed file is unpacked up to there: there is no other way to it."""
    file = held.enter_context(opened(str(path)))
    packed = path.suffix in PACKED
    if not packed:
        file.seek(place.offset)
    return _placed(_Counting(file, place.offset, place.offset if packed else 0), path.name, place)


def _placed(counting: _Counting, name: str, place: _Place) -> Iterator[_Placed]:
    for line in read_lines(cast("IO[bytes]", counting), name, place.line):  # it reads by `readline` alone
        if counting.whole:
            yield _Placed(line, counting.at, line.number)
        else:
            yield _Placed(line, counting.start, line.number - 1)


def _some(lines: Iterator[_Placed], count: int) -> tuple[list[_Placed], UsageError | None]:
    """The next lines, and what ended them: those before a damaged place are not lost."""
    found: list[_Placed] = []
    try:
        found.extend(islice(lines, count))
    except UsageError as error:
        return found, error
    return found, None
