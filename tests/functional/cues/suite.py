"""The cases and how a finder's answers are counted against them.

A case names every cue that it holds of the graded kinds; what else a finder reports of these kinds is a false one. Cases with an odd
number are for development; the others are for measuring alone.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from typing import Any, Literal

from pipeline.screen.cues import Cue, find_cues

FOLDER = Path(__file__).parent
GRADED = ("telephone", "handle", "url", "email", "price", "route", "guarantee", "payment", "departure", "lure", "control", "sought",
          "urgency", "secrecy", "minors", "violence", "threat", "plea")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A text, and the cues that it holds; `sort` is plain, evasive or nothing (no cue must be found)."""

    id: str
    lang: str
    sort: Literal["plain", "evasive", "nothing"]
    text: str
    expected: tuple[dict[str, Any], ...]

    @property
    def is_measured(self) -> bool:
        """Whether the case is for measuring alone."""
        return int(self.id.rpartition("-")[2]) % 2 == 0


@dataclass(slots=True)
class Count:
    """Cues found rightly, found falsely, and missed."""

    right: int = 0
    false: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """The share of what was found that is right; 1 where nothing was found."""
        return self.right / (self.right + self.false) if self.right + self.false else 1.0

    @property
    def recall(self) -> float:
        """The share of what is there that was found; 1 where nothing is there."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        both = 2 * self.right + self.false + self.missed
        return 2 * self.right / both if both else 1.0


@dataclass(slots=True)
class Tally:
    """Counts by kind and by language, and what went wrong, as `(case, cue)`."""

    kinds: dict[str, Count] = field(default_factory=dict)
    langs: dict[str, Count] = field(default_factory=dict)
    wrong: list[tuple[Case, str]] = field(default_factory=list)


def cases(folder: Path = FOLDER) -> Iterator[Case]:
    """All cases, language by language."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            yield Case(row["id"], row["lang"], row["sort"], row["text"], tuple(row["expected"]))


def judge(some: Iterable[Case]) -> Tally:
    """Run the finders over cases and count."""
    tally = Tally()
    for case in some:
        found = [cue for cue in find_cues(case.text, case.lang) if cue.kind in GRADED]
        left = list(found)
        for wanted in case.expected:
            cue = next((one for one in left if is_same(one, wanted)), None)
            if cue:
                left.remove(cue)
            _add(tally, case, wanted["kind"], "right" if cue else "missed", wanted["span"])
        for cue in left:
            if not _is_within_right(cue, case):
                _add(tally, case, cue.kind, "false", f"{cue.value} ({cue.normalised})")
    return tally


def is_same(cue: Cue, wanted: dict[str, Any]) -> bool:
    """Whether a cue is the wanted one: its kind, half of both spans in common (of the shorter one, for words of the lists), and its
    normal form where the case gives one.
    """
    shared = min(cue.end, wanted["end"]) - max(cue.start, wanted["start"])
    spanned = max(cue.end, wanted["end"]) - min(cue.start, wanted["start"])
    if cue.rule.startswith(("words.", "patterns.")):
        spanned = min(cue.end - cue.start, wanted["end"] - wanted["start"])
    if cue.kind != wanted["kind"] or shared * 2 < spanned:
        return False
    normalised = wanted.get("normalised")
    return (
        normalised is None
        or cue.normalised == normalised
        or (cue.kind == "route" and _coarse(cue.normalised, normalised))
    )


def _is_within_right(cue: Cue, case: Case) -> bool:
    """Word cues that repeat or widen one that the case names are not counted twice."""
    return cue.rule.startswith(("words.", "patterns.")) and any(
        one["kind"] == cue.kind and one["start"] < cue.end and cue.start < one["end"] for one in case.expected
    )


def _coarse(found: str, wanted: str) -> bool:
    """Routes are compared by country; by town where the case names one of that country's and the finder too."""
    return [place[:2] for place in found.split(">")] == [place[:2] for place in wanted.split(">")]


def _add(tally: Tally, case: Case, kind: str, what: str, shown: str) -> None:
    for count in (tally.kinds.setdefault(kind, Count()), tally.langs.setdefault(case.lang, Count())):
        setattr(count, what, getattr(count, what) + 1)
    if what != "right":
        tally.wrong.append((case, f"{what} {kind}: {shown}"))


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); 0 to 1 where nothing was counted."""
    if not total:
        return 0.0, 1.0
    z = 1.959964
    share = right / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return max(0.0, middle - half), min(1.0, middle + half)


def sorts(some: Iterable[Case]) -> Counter[str]:
    """How many cases there are of each sort."""
    return Counter(case.sort for case in some)
