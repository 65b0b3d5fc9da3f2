"""Lines of a file, plain or compressed, one at a time: bounded in memory whatever the file holds."""

import gzip
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import zstandard

from pipeline.codec import MAX_LINE
from pipeline.errors import UsageError

KEPT_OF_OVERLONG = 1 << 20


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
    if not path.is_file():
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
        stream = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
        return io.BufferedReader(stream, 1 << 20)
    return file


def read_lines(file: IO[bytes], name: str) -> Iterator[SourceLine]:
    """The lines of a file without their newlines; blank ones are passed over.

    Raises:
        UsageError: a compressed file is damaged, or is not compressed as its name says.
    """
    number = 0
    try:
        while raw := file.readline(MAX_LINE + 1):
            number += 1
            if not raw.endswith(b"\n") and len(raw) > MAX_LINE:
                _skip_rest(file)
                yield SourceLine(number, raw[:KEPT_OF_OVERLONG], cut=True)
            elif raw.strip():
                yield SourceLine(number, raw.rstrip(b"\r\n"))
    except (gzip.BadGzipFile, zstandard.ZstdError, EOFError) as error:
        raise UsageError(f"{name}: damaged after line {number} ({type(error).__name__}); the lines before it were read") from None


def _skip_rest(file: IO[bytes]) -> None:
    while (more := file.readline(1 << 20)) and not more.endswith(b"\n"):
        pass
