"""Reading the servers' logs: the last lines, and lines as they come."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

_LOOK_EVERY_S = 0.3


def tail(log: Path, count: int) -> list[str]:
    """The last `count` lines; none where there is no log yet."""
    try:
        with log.open(encoding="utf-8", errors="replace") as lines:
            return [line.rstrip("\n") for line in deque(lines, maxlen=count)]
    except FileNotFoundError:
        return []


def follow(logs: Mapping[str, Path], going_on: Callable[[], bool] = lambda: True) -> Iterator[tuple[str, str]]:
    """New lines of these logs as `(name, line)`, from now on, for as long as `going_on` says so.

    A log that is put aside and begun anew is read from its beginning.
    """
    places = {name: _size(log) for name, log in logs.items()}
    while going_on():
        for name, log in logs.items():
            size = _size(log)
            if size < places[name]:
                places[name] = 0
            if size > places[name]:
                text, places[name] = _read_lines(log, places[name])
                yield from ((name, line) for line in text.splitlines())
        time.sleep(_LOOK_EVERY_S)


def _read_lines(log: Path, start: int) -> tuple[str, int]:
    """Whole lines from `start`, and where the next one begins: a line that is being written is left for later."""
    with log.open("rb") as stream:
        stream.seek(start)
        read = stream.read()
    whole = read[: read.rfind(b"\n") + 1]
    return whole.decode(errors="replace"), start + len(whole)


def _size(log: Path) -> int:
    try:
        return log.stat().st_size
    except FileNotFoundError:
        return 0
