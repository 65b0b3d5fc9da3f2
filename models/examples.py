"""Read labelled posts: our own corpus, and other files of the same use."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import CorpusError

CORPUS = Path(__file__).parent / "corpus"
KINDS = ("recruitment", "smuggling", "sexual_exploitation", "distress", "benign")
LANES: dict[str, tuple[str, ...]] = {
    "offers": ("recruitment", "smuggling"),
    "exploitation": ("sexual_exploitation",),
    "protection": ("distress",),
}


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled post. `group` names its author or article: an evaluation never splits one."""

    text: str
    lang: str
    kind: str
    hard: bool
    group: str
    origin: str

    @property
    def is_offer(self) -> bool:
        """Whether the post is a recruitment or smuggling offer."""
        return self.kind in LANES["offers"]


def read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give the objects of a JSON-lines file with their line numbers; a line that is none is a `CorpusError`."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise CorpusError(f"{path.name}:{number}: not JSON: {error}") from error
            if not isinstance(row, dict):
                raise CorpusError(f"{path.name}:{number}: not an object")
            yield number, row


def read_corpus(folder: Path = CORPUS) -> list[Example]:
    """Read every `LANG.jsonl` of the corpus, in the order of file names."""
    rows = (row for path in sorted(folder.glob("*.jsonl")) for _, row in read_lines(path))
    return [Example(row["text"], row["lang"], row["kind"], row["hard"], row["author"], "corpus") for row in rows]


def read_realstyle(path: Path) -> list[Example]:
    """Read posts written after quoted ones (`id, text, lang, label, kind, group`); the benign all stand close."""
    return [
        Example(row["text"], row["lang"], row["label"], row["label"] == "benign", row["group"], "realstyle")
        for _, row in read_lines(path)
    ]
