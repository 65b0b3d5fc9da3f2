"""Read the threads: posts that say too little alone, with what stands around them (`models/corpus/threads`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import CorpusError
from models.examples import CORPUS, LANES, read_lines

THREADS = CORPUS / "threads"


@dataclass(frozen=True, slots=True)
class Thread:
    """A post with the name of its channel, the text that it replies to, and the channel's recent posts, oldest first."""

    text: str
    lang: str
    kind: str
    author: str
    channel: str | None
    parent: str | None
    earlier: tuple[str, ...]

    @property
    def is_offer(self) -> bool:
        """Whether the post is an offer where it stands."""
        return self.kind in LANES["offers"]

    @property
    def fits(self) -> bool:
        """Whether the weights are chosen on this author: the odd voices of every language, which share their lines."""
        number = self.author.rpartition("-")[2].lstrip("t")
        return number.isdigit() and int(number) % 2 == 1


def read_threads(folder: Path = THREADS) -> list[Thread]:
    """Read every `LANG.jsonl` of the threads, in the order of file names; a row that is none is a `CorpusError`."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, row in read_lines(path):
            try:
                found.append(_thread(row))
            except (KeyError, TypeError) as error:
                raise CorpusError(f"{path.name}:{number}: not a thread: {error}") from error
    return found


def _thread(row: Mapping[str, Any]) -> Thread:
    return Thread(
        text=row["text"],
        lang=row["lang"],
        kind=row["kind"],
        author=row["author"],
        channel=row["channel"],
        parent=row["parent"],
        earlier=tuple(row["earlier"]),
    )
