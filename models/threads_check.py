"""Check the threads: what `fanal corpus check` finds in `models/corpus/threads`, and their counts.

Checked are keys and types, labels and languages against the taxonomy, ids, contacts, that each line stands exactly twice, once
as an offer and once innocent and in two channels, and that no two lines and no two channels' posts say the same.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from models.corpus_check import TAXONOMY, near_duplicates, text_faults
from models.errors import CorpusError
from models.examples import LANES, read_lines
from models.threads import THREADS

_TEXT_OR_NONE = (str, type(None))
_KEYS: dict[str, type | tuple[type, ...]] = {
    "id": str, "lang": str, "author": str, "kind": str, "hard": bool, "pair": str, "why": str, "channel": _TEXT_OR_NONE,
    "parent": _TEXT_OR_NONE, "earlier": list, "text": str,
}  # fmt: skip


def check_threads(folder: Path = THREADS, taxonomy: Path = TAXONOMY) -> list[str]:
    """Give the faults of every `LANG.jsonl` in the folder, each a line with its file; none where there is no folder."""
    labels = yaml.safe_load(taxonomy.read_text(encoding="utf-8"))
    faults: list[str] = []
    seen: dict[str, str] = {}
    for path in sorted(folder.glob("*.jsonl")):
        sound = []
        try:
            for number, row in read_lines(path):
                where = f"threads/{path.name}:{number}"
                found = list(_form_faults(row, path.stem, labels))
                if not found:
                    sound.append(row)
                    found = _repeated(row["id"], where, seen)
                faults += [f"{where}: {fault}" for fault in found]
        except CorpusError as error:
            faults.append(f"threads/{error}")
        faults += [f"threads/{path.name}: {fault}" for fault in (*_pair_faults(sound), *_same(sound))]
    return faults


def count_threads(folder: Path = THREADS) -> dict[str, int]:
    """Count the threads of each language of a folder that was found sound."""
    return {path.stem: sum(1 for _ in read_lines(path)) for path in sorted(folder.glob("*.jsonl"))}


def _repeated(id_: str, where: str, seen: dict[str, str]) -> list[str]:
    found = [f"id {id_} is also at {seen[id_]}"] if id_ in seen else []
    seen[id_] = where
    return found


def _form_faults(row: Mapping[str, Any], lang: str, labels: Mapping[str, Any]) -> Iterator[str]:
    """Give what is wrong with one row by itself."""
    if set(row) != set(_KEYS):
        yield f"keys missing or unknown: {', '.join(sorted(set(row) ^ set(_KEYS)))}"
        return
    wrong = [key for key, kind in _KEYS.items() if not isinstance(row[key], kind)]
    wrong += [] if all(isinstance(text, str) for text in row["earlier"]) else ["earlier"]
    if wrong:
        yield f"{', '.join(wrong)}: of the wrong type"
        return
    if row["lang"] != lang or lang not in labels["languages"]:
        yield f"language {row['lang']} is not the file's, or not in the taxonomy"
    if row["kind"] not in labels["kinds"]:
        yield f"kind {row['kind']} is not in the taxonomy"
    texts = [row["text"], row["channel"], row["parent"], *row["earlier"]]
    if any(text is not None and not text.strip() for text in texts):
        yield "a text is empty"
    yield from (fault for text in texts if text for fault in text_faults(text))


def _pair_faults(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Give the pairs that are not one line under two channels, once an offer and once innocent, by one author."""
    pairs: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        pairs[row["pair"]].append(row)
    for name, some in pairs.items():
        alike = all(len({row[key] for row in some}) == 1 for key in ("text", "author"))
        apart = sorted(row["kind"] in LANES["offers"] for row in some) == [False, True]
        if not (alike and apart and len({row["channel"] for row in some}) == 2):
            yield f"{name} is not one author's line under two channels, once an offer and once innocent"


def _same(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Give the lines that are nearly another pair's, and the channels whose posts are nearly another's."""
    for form in ("text", "earlier"):
        texts = [(row, row["text"] if form == "text" else " ".join(row["earlier"])) for row in rows]
        pairs = [{"id": row["id"], "text": text, "pair": row["pair"]} for row, text in texts if text]
        yield from (f"{one} and {other} say the same ({form})" for one, other in near_duplicates(pairs))
