"""Lines of a file, plain or compressed, one at a time: bounded in memory whatever the file holds."""

import gzip
import io
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO, Any

import zstandard

from pipeline.errors import UsageError

MAX_LINE = 16 << 20
"""Bytes of a line that are read whole: what a record of `posts` can carry."""
KEPT_OF_OVERLONG = 1 << 20
AT_ONCE = 512
LINGER_S = 0.05
BITE = 512
"""Compressed bytes unpacked at once: at zstd's best they become 16 MiB."""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line, its number (from 1), and whether it was cut because it is longer than 16 MiB."""

    number: int
    raw: bytes
    cut: bool = False


@contextmanager
def opened(source: str) -> Iterator[IO[bytes]]:
    """Open a file (`.gz` and `.zst` unpacked on the way) or standard input (`-`).

    Raises:
        UsageError: the file is not there, or cannot be read.
    """
    if source == "-":
        yield sys.stdin.buffer
        return
    path = Path(source)
    if not path.exists() or path.is_dir():
        raise UsageError(f"{source}: no such file; give NDJSON (plain, .gz or .zst), or - for standard input")
    try:
        with path.open("rb") as file:
            yield _unpacked(path, file)
    except PermissionError:
        raise UsageError(f"{source}: cannot be read (permission denied)") from None


def _unpacked(path: Path, file: IO[bytes]) -> IO[bytes]:
    if path.suffix == ".gz":
        return io.BufferedReader(gzip.GzipFile(fileobj=file))
    if path.suffix == ".zst":
        return io.BufferedReader(_Frames(file), 1 << 20)
    return file


class _Frames(io.RawIOBase):
    """Unpacks zstd frames. Raises EOFError where the last is torn off, which zstandard's own reader passes over."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._frame: Any = None
        self._packed = b""
        self._unpacked = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._unpacked and (packed := self._packed or self._file.read(BITE)):
            frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
            self._unpacked = memoryview(frame.decompress(packed))
            self._packed = frame.unused_data
            self._frame = None if frame.eof else frame
        if not self._unpacked and self._frame:
            raise EOFError("the last frame is torn off")
        count = min(len(buffer), len(self._unpacked))
        buffer[:count] = self._unpacked[:count]
        self._unpacked = self._unpacked[count:]
        return count


def read_lines(file: IO[bytes], name: str, before: int = 0) -> Iterator[SourceLine]:
    """The lines of a file without their newlines; blank ones are passed over. `before` lines were read earlier.

    Raises:
        UsageError: a compressed file is damaged, or is not compressed as its name says.
    """
    number = before
    try:
        while raw := file.readline(MAX_LINE + 1):
            number += 1
            if not raw.endswith(b"\n") and len(raw) > MAX_LINE:
                _skip_rest(file)
                yield SourceLine(number, raw[:KEPT_OF_OVERLONG], cut=True)
            elif raw.strip():
                yield SourceLine(number, raw.rstrip(b"\r\n"))
    except (gzip.BadGzipFile, zlib.error, zstandard.ZstdError, EOFError) as error:
        raise UsageError(
            f"{name}: damaged after line {number} ({type(error).__name__}); the lines before it were read"
        ) from None


def _skip_rest(file: IO[bytes]) -> None:
    while (more := file.readline(1 << 20)) and not more.endswith(b"\n"):
        pass


def gathered(lines: Iterable[SourceLine]) -> Iterator[list[SourceLine]]:
    """Up to 512 lines at once, or what has come within 50 ms: reading goes on in a thread of its own.

    Raises whatever reading raises, after the lines before it.
    """
    queue: Queue[SourceLine | Exception | None] = Queue(maxsize=4 * AT_ONCE)

    def read() -> None:
        try:
            for line in lines:
                queue.put(line)
            queue.put(None)
        except Exception as error:
            queue.put(error)

    Thread(target=read, name="fanal-lines", daemon=True).start()
    end: Exception | None = None
    while isinstance(item := queue.get(), SourceLine):
        batch, end, over = _more(item, queue)
        yield batch
        if over:
            break
    else:
        end = item
    if end:
        raise end


def _more(
    first: SourceLine, queue: "Queue[SourceLine | Exception | None]"
) -> tuple[list[SourceLine], Exception | None, bool]:
    """The first line and those that follow soon; what ended the lines, and whether they are over."""
    batch = [first]
    while len(batch) < AT_ONCE:
        try:
            item = queue.get(timeout=LINGER_S)
        except Empty:
            break
        if not isinstance(item, SourceLine):
            return batch, item, True
        batch.append(item)
    return batch, None, False
