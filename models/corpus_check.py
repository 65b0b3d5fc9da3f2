"""Check the corpus: what `fanal corpus check` finds and counts.

Checked are keys and types, labels against those of the taxonomy, ids, that telephone numbers, handles and domains are
ones that can belong to nobody, that no text stands in two files' languages or is nearly another of its own, that no
more than three texts share one skeleton (filling slots is not authoring), and that the text is plausibly of its language.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from models.errors import CorpusError
from models.examples import CORPUS, LANES, read_lines

TAXONOMY = Path(__file__).parent.parent / "config" / "taxonomy.yaml"

_KEYS: dict[str, type | tuple[type, ...]] = {
    "id": str, "text": str, "lang": str, "kind": str, "subtypes": list, "author": str, "pair": (str, type(None)),
    "hard": bool, "why": str,
}  # fmt: skip
_ALIKE = 0.85  # the share of common three-character runs from which two texts are one
_TELEPHONE = re.compile(r"\+?\d[\d\s().-]{7,}\d")
_HANDLE = re.compile(r"(?<![\w.])@([\w.]+)")
_DOMAIN = re.compile(r"\b(?:https?://|www\.)([\w.-]+)|\b([\w-]+\.(?:com|org|net|me|info))\b", re.IGNORECASE)
_WORD = re.compile(r"\w[\w'’-]*")
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf]")
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
                found = [*_form_faults(row, path.stem, labels)] or [*text_faults(row["text"])]
                faults += [f"{where}: {fault}" for fault in found]
                if row.get("id") in seen:
                    faults.append(f"{where}: id {row['id']} is also at {seen[row['id']]}")
                seen[row.get("id")] = where
                rows.append(row)
        except CorpusError as error:
            faults.append(str(error))
        sound = [row for row in rows if isinstance(row.get("text"), str)]
        faults += [f"{path.name}: {one} and {other} say the same" for one, other in near_duplicates(sound)]
        faults += [f"{path.name}: {fault}" for fault in (*shared_skeletons(sound), *foreign_texts(sound, path.stem))]
    return faults


def shared_skeletons(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Give each skeleton that more than three texts share: digits, handles and capitalised names masked."""
    ids: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        ids[_skeleton(row["text"])].append(str(row.get("id")))
    yield from (f"{len(some)} texts share a skeleton: {', '.join(some[:6])}" for some in ids.values() if len(some) > 3)


def _skeleton(text: str) -> str:
    bare = _HANDLE.sub("@", re.sub(r"\d+", "0", text))
    masked = _WORD.sub(lambda word: "N" if word[0][0].isupper() else word[0], bare)
    return " ".join(masked.lower().split())


def foreign_texts(rows: Sequence[Mapping[str, Any]], lang: str) -> Iterator[str]:
    """Give the texts written mostly in a script that is not one of their language's.

    Every language may be typed in Latin letters, and any text may mix; a script is not of a language where
    fewer than one in a hundred of the file's letters are in it.
    """
    counts = Counter(script for row in rows for script in _scripts(row["text"]).elements())
    usual = {script for script, count in counts.items() if count >= 0.01 * counts.total()} | {"LATIN"}
    for row in rows:
        found = _scripts(row["text"])
        if strange := {script for script, count in found.items() if count > 0.5 * found.total()} - usual:
            yield f"{row.get('id')} is written in {', '.join(sorted(strange)).lower()}, which {lang} is not"


def _scripts(text: str) -> Counter[str]:
    """Count the letters of a text by script, as the first word of their Unicode names has it."""
    return Counter(unicodedata.name(letter, "UNKNOWN").split()[0] for letter in text if letter.isalpha())


@dataclass(frozen=True, slots=True)
class Counted:
    """What a file of the corpus holds: rows by kind, authors, and of its offers and other rows the lengths and emoji."""

    lang: str
    kinds: Mapping[str, int]
    authors: int
    offers: "Form"
    others: "Form"


@dataclass(frozen=True, slots=True)
class Form:
    """The form of some texts: how many, which share is under 60 and under 120 characters, and which holds an emoji."""

    count: int
    under_60: float
    under_120: float
    emoji: float


def count_corpus(folder: Path = CORPUS) -> list[Counted]:
    """Count each file of a corpus that was found sound."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        rows = [row for _, row in read_lines(path)]
        offers = [row["text"] for row in rows if row["kind"] in LANES["offers"]]
        others = [row["text"] for row in rows if row["kind"] not in LANES["offers"]]
        kinds = dict(Counter(row["kind"] for row in rows))
        authors = len({row["author"] for row in rows})
        found.append(Counted(path.stem, kinds, authors, _form(offers), _form(others)))
    return found


def _form(texts: Sequence[str]) -> Form:
    def share(test: Callable[[str], bool]) -> float:
        return round(sum(map(test, texts)) / max(1, len(texts)), 3)

    return Form(
        count=len(texts),
        under_60=share(lambda text: len(text) < 60),
        under_120=share(lambda text: len(text) < 120),
        emoji=share(lambda text: bool(_EMOJI.search(text))),
    )


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


def text_faults(text: str) -> Iterator[str]:
    """Give the contacts in a text that might be somebody's, each as a line that says what is wrong."""
    for number in _TELEPHONE.findall(text):
        if not _RESERVED.search(re.sub(r"\D", "", number)) and not _RESERVED.search(number):
            yield f"telephone number {number.strip()} is not a reserved one"
    yield from (f"handle @{name} does not end in _example" for name in _HANDLE.findall(text) if "example" not in name)
    for long, short in _DOMAIN.findall(text):
        if "example." not in (long or short) and "_example" not in text:
            yield f"domain {long or short} is not an example"


def near_duplicates(rows: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Give the ids of each two rows whose texts are almost the same; rows of one contrast pair may be."""
    read = sorted(
        ((_runs(str(row.get("text", ""))), place) for place, row in enumerate(rows)), key=lambda one: len(one[0])
    )
    for at, (runs, place) in enumerate(read):
        for other, second in read[at + 1 :]:
            if len(runs) < _ALIKE * len(other):
                break  # from here on, none can have enough in common
            if len(runs & other) >= _ALIKE * len(runs | other):
                one, two = sorted((place, second))
                pair = rows[one].get("pair")
                if pair is None or pair != rows[two].get("pair"):
                    yield str(rows[one].get("id")), str(rows[two].get("id"))


def _runs(text: str) -> set[str]:
    """Give the runs of three characters of a text."""
    plain = " ".join(text.lower().split())
    return {plain[place : place + 3] for place in range(max(1, len(plain) - 2))}
