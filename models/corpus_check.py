"""Check the corpus: `python -m models.corpus_check [FOLDER]` prints each fault on a line and exits 1 if there is any.

Checked are keys and types, labels against those of the taxonomy, ids, near-duplicates in one language, and that
telephone numbers, handles and domains are ones that can belong to nobody.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from models.errors import CorpusError
from models.examples import CORPUS, read_lines

TAXONOMY = Path(__file__).parent.parent / "config" / "taxonomy.yaml"

_KEYS: dict[str, type | tuple[type, ...]] = {
    "id": str, "text": str, "lang": str, "kind": str, "subtypes": list, "author": str, "pair": (str, type(None)),
    "hard": bool, "why": str,
}  # fmt: skip
_ALIKE = 0.85  # the share of common three-character runs from which two texts are one
_TELEPHONE = re.compile(r"\+?\d[\d\s().-]{7,}\d")
_HANDLE = re.compile(r"(?<![\w.])@([\w.]+)")
_DOMAIN = re.compile(r"\b(?:https?://|www\.)([\w.-]+)|\b([\w-]+\.(?:com|org|net|me|info))\b", re.IGNORECASE)
# Numbers that regulators keep for drama and examples, and ones that are plainly none.
_RESERVED = re.compile(r"555[ .-]?01\d\d|7700900\d{3}|6399800\d{2}|(\d)\1{6,}|0{6,}|1234567")


def check_corpus(folder: Path = CORPUS, taxonomy: Path = TAXONOMY) -> list[str]:
    """Give the faults of every `LANG.jsonl` in the folder, each a line with its file and line number."""
    labels = yaml.safe_load(taxonomy.read_text(encoding="utf-8"))
    faults: list[str] = []
    seen: dict[object, str] = {}
    for path in sorted(folder.glob("*.jsonl")):
        rows: list[dict[str, Any]] = []
        try:
            for number, row in read_lines(path):
                where = f"{path.name}:{number}"
                found = [*_form_faults(row, path.stem, labels)] or [*_text_faults(row["text"])]
                faults += [f"{where}: {fault}" for fault in found]
                if row.get("id") in seen:
                    faults.append(f"{where}: id {row['id']} is also at {seen[row['id']]}")
                seen[row.get("id")] = where
                rows.append(row)
        except CorpusError as error:
            faults.append(str(error))
        faults += [f"{path.name}: {one} and {other} say the same" for one, other in near_duplicates(rows)]
    return faults


def _form_faults(row: Mapping[str, Any], lang: str, labels: Mapping[str, Any]) -> Iterator[str]:
    """Give what is wrong with the keys and labels of one row."""
    if set(row) != set(_KEYS):
        yield f"keys missing or unknown: {', '.join(sorted(set(row) ^ set(_KEYS)))}"
        return
    yield from (f"{key} is of the wrong type" for key, kind in _KEYS.items() if not isinstance(row[key], kind))
    if row["lang"] != lang or lang not in labels["languages"]:
        yield f"language {row['lang']} is not the file's, or not in the taxonomy"
    if row["kind"] not in labels["kinds"]:
        yield f"kind {row['kind']} is not in the taxonomy"
    elif unknown := set(row["subtypes"]) - set(labels["subtypes"][row["kind"]]):
        yield f"subtypes not of {row['kind']}: {', '.join(sorted(unknown))}"
    if not row["text"].strip():
        yield "the text is empty"


def _text_faults(text: str) -> Iterator[str]:
    """Give the contacts in a text that might be somebody's."""
    for number in _TELEPHONE.findall(text):
        if not _RESERVED.search(re.sub(r"\D", "", number)) and not _RESERVED.search(number):
            yield f"telephone number {number.strip()} is not a reserved one"
    yield from (f"handle @{name} does not end in _example" for name in _HANDLE.findall(text) if "example" not in name)
    for long, short in _DOMAIN.findall(text):
        if "example." not in (long or short) and "example_" not in text:
            yield f"domain {long or short} is not an example"


def near_duplicates(rows: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Give the ids of each two rows whose texts are almost the same; rows of one contrast pair may be."""
    known: list[tuple[str, str | None, set[str]]] = []
    for row in rows:
        text = " ".join(str(row.get("text", "")).lower().split())
        runs = {text[place : place + 3] for place in range(max(1, len(text) - 2))}
        for name, pair, other in known:
            alike = len(runs & other) / len(runs | other)
            if alike >= _ALIKE and (pair is None or pair != row.get("pair")):
                yield name, str(row.get("id"))
        known.append((str(row.get("id")), row.get("pair"), runs))


def main() -> int:
    """Check the folder that the command line names, or the corpus."""
    faults = check_corpus(Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS)
    print("\n".join(faults) or "the corpus is sound")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
