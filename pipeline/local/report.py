"""How the embedded stack says what it is doing: one line at a time, to standard error, with a bar for downloads."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol


class Report(Protocol):
    """Takes one line of progress. Any function of one string will do; it may be called from another thread."""

    def __call__(self, message: str, /) -> None:
        """Show or record the line."""
        ...


def to_stderr(message: str, /) -> None:
    """Show the line on standard error, so that standard output stays free for what a command prints."""
    print(message, file=sys.stderr, flush=True)


def to_nobody(message: str, /) -> None:
    """Drop the line: for `--json`, for tests."""


@dataclass(frozen=True, slots=True)
class Meter:
    """What a download tells: `advance` with bytes as they come, `finished` with a line when an item is complete."""

    advance: Callable[[int], None]
    finished: Callable[[str], None]


@contextmanager
def meter(total: int, report: Report) -> Iterator[Meter]:
    """A bar of `total` bytes where standard error is a terminal, and a plain line for each item where it is not."""
    if not sys.stderr.isatty():
        yield Meter(advance=lambda count: None, finished=report)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("fetching"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("fetching", total=total)
        yield Meter(advance=lambda count: bar.advance(task, count), finished=lambda line: None)
