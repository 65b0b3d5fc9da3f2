"""Read labelled posts: our own corpus, and other files of the same use."""

import json
from collections.abc import Iterator, Mapping
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
    """A labelled post. `group` names its author or article: an evaluation never splits one.

    `why` is its author's reason for the label (of posts written after quoted ones, the sort of text), `pair` names the
    posts that were written to differ in little but the kind.
    """

    text: str
    lang: str
    kind: str
    hard: bool
    group: str
    origin: str
    subtypes: tuple[str, ...] = ()
    why: str = ""
    pair: str | None = None

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
    return [_from_corpus(row) for row in rows]


def read_realstyle(path: Path) -> list[Example]:
    """Read posts written after quoted ones (`id, text, lang, label, kind, group`); the benign all stand close."""
    return [
        Example(
            text=row["text"],
            lang=row["lang"],
            kind=row["label"],
            hard=row["label"] == "benign",
            group=row["group"],
            origin="realstyle",
            why=row["kind"],
        )
        for _, row in read_lines(path)
    ]


def _from_corpus(row: Mapping[str, Any]) -> Example:
    return Example(
        text=row["text"],
        lang=row["lang"],
        kind=row["kind"],
        hard=row["hard"],
        group=row["author"],
        origin="corpus",
        subtypes=tuple(row.get("subtypes", ())),
        why=row.get("why", ""),
        pair=row.get("pair"),
    )
