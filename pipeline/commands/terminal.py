"""What commands show on a terminal: progress bars on standard error, so that standard output stays clean."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

ERR = Console(stderr=True, highlight=False)
OUT = Console(highlight=False)


class Bar(Protocol):
    """Something that is told how far the work is."""

    def at(self, done: int) -> None:
        """So many are done."""


class _Silent:
    def at(self, done: int) -> None:
        """Nobody watches."""


class _Rich:
    def __init__(self, progress: Progress, task: int) -> None:
        self._progress = progress
        self._task = task

    def at(self, done: int) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=done)  # type: ignore[arg-type] # rich's TaskID is an int


@contextmanager
def bar(what: str, source: str) -> Iterator[Bar]:
    """A progress bar over the lines of a file, with the time that remains; nothing where standard error is no terminal."""
    with counted(what, _count(source) if ERR.is_terminal else None) as progress:
        yield progress


@contextmanager
def counted(what: str, total: int | None) -> Iterator[Bar]:
    """A progress bar over so many things, as `bar` is one over lines."""
    if not ERR.is_terminal:
        yield _Silent()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=ERR, transient=True) as progress:
        yield _Rich(progress, progress.add_task(what, total=total))


def _count(source: str) -> int | None:
    """The lines of a plain file; unknown where counting would mean unpacking it."""
    path = Path(source)
    if source == "-" or path.suffix in {".gz", ".zst"} or not path.is_file():
        return None
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
