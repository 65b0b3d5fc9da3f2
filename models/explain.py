"""Which words moved a score: leave out a part of the text, and see how far the score falls (occlusion).

A word's weight is what its absence costs, with all else in place. Where two words say the same, the loss of one costs
little: the weights of spans do not add up to the score.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from models.calibration import Array

MOST_VARIANTS = 64
"""Texts that one explanation has scored, at most: the whole, each part left out, and the spans, with and without their neighbours."""
MOST_SPANS = 8
MOST_PARTS = MOST_VARIANTS - 1 - 3 * MOST_SPANS

_ALIKE = 0.5  # neighbours whose falls differ by no more than this factor are one span
_FAINT = 0.15  # of the steepest fall: what falls less is no part of a span
_SHARE = 4  # of a text that is no short one, a quarter at most becomes one span: all of it would explain nothing
_STEP = 32  # characters to which the end of what is read is found
_FURTHEST = 2048  # characters of a text that the tokenizer looks at, at most
_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
_RUNS = re.compile(rf"(?P<ideographs>[{_IDEOGRAPHS}]+)|(?P<spaceless>[{_SPACELESS}]+)|[^\s{_IDEOGRAPHS}{_SPACELESS}]+")
_CHARACTERS = {"ideographs": 2, "spaceless": 3, None: 32}  # as a reader counts them, in a part; most words have fewer
_SPACING_MARKS = "\u0e33\u0eb3"  # the Thai and Lao vowel AM, which Unicode counts among the letters
_JOINER = "\u200d"

Part = tuple[int, int]  # characters [start, end)
Run = tuple[int, int]  # parts, from the first to the last


class Scorer(Protocol):
    """What explains itself: a score, such as a lane's distance to its threshold, and how much of a text it reads."""

    def distances(self, texts: Sequence[str]) -> Array:
        """Give the score of each text, [n]."""

    def lengths(self, texts: Sequence[str]) -> Sequence[int]:
        """Give how many tokens of each text are read."""


class Judge(Protocol):
    """A classifier, as explaining needs it: see `models.classifier.Classifier`."""

    @property
    def lanes(self) -> Sequence[str]:
        """The lanes, in the order of the columns of `above_review`."""

    def above_review(self, texts: Sequence[str], langs: Sequence[str]) -> Array:
        """Give how far each lane's score lies above its review threshold, [n, lanes]."""

    def lengths(self, texts: Sequence[str]) -> Sequence[int]:
        """Give how many tokens of each text are read."""


@dataclass(frozen=True, slots=True)
class InLane:
    """A classifier's score of texts in one language, for one lane; `prepare` is done to each text before."""

    judge: Judge
    lang: str
    lane: str
    prepare: Callable[[str], str] = str

    def distances(self, texts: Sequence[str]) -> Array:
        """Give how far each text lies above the lane's review threshold, [n]."""
        found = self.judge.above_review([self.prepare(text) for text in texts], [self.lang] * len(texts))
        column: Array = found[:, list(self.judge.lanes).index(self.lane)]
        return column

    def lengths(self, texts: Sequence[str]) -> Sequence[int]:
        """Give how many tokens of each text are read."""
        return self.judge.lengths([self.prepare(text) for text in texts])


@dataclass(frozen=True, slots=True)
class Span:
    """The characters [start, end) of a text, and how far its score falls when they are left out."""

    start: int
    end: int
    weight: float


def explain(text: str, scorer: Scorer) -> list[Span]:
    """Give the spans that raise the score of a text, at most eight, the weightiest first.

    Each part of what is read is left out once; neighbours of like weight become a span, which is left out as a whole, with
    and without its neighbours, for its own weight. At most `MOST_VARIANTS` texts are scored, in two batches. The same text
    gives the same spans.
    """
    found = parts(text[:_FURTHEST], MOST_PARTS, _read(text, scorer))
    if not found:
        return []
    whole, *rest = scorer.distances([text, *(without(text, part) for part in found)])
    cores = _cores([float(whole - one) for one in rest])
    tried = list(dict.fromkeys(run for core in cores for run in _grown(core, len(found))))
    if not tried:
        return []
    covers = [(found[first][0], found[last][1]) for first, last in tried]
    left = scorer.distances([without(text, cover) for cover in covers])
    falls = {run: float(whole - one) for run, one in zip(tried, left, strict=True)}
    chosen = _apart([_best(core, falls, len(found)) for core in cores], falls)
    return [Span(found[first][0], found[last][1], falls[first, last]) for first, last in chosen]


def without(text: str, part: Part) -> str:
    """Give the text less a part of it."""
    return text[: part[0]] + text[part[1] :]


def parts(text: str, most: int, read: int) -> list[Part]:
    """Cut the words that begin in the first `read` characters into at most so many parts: of many words, several are one.

    Where a script is written without spaces, a few characters are a part. What combines stays with what it stands on.
    """
    words = [part for run in _RUNS.finditer(text) for part in _cut(text, run) if part[0] < read]
    size = -(-len(words) // most) if words else 1
    return [(words[at][0], words[min(at + size, len(words)) - 1][1]) for at in range(0, len(words), size)]


def _cut(text: str, run: re.Match[str]) -> Iterator[Part]:
    """Cut a run of characters of one sort into parts."""
    starts = [at for at in range(run.start(), run.end()) if at == run.start() or not _continues(text, at)]
    edges = [*starts[:: _CHARACTERS[run.lastgroup]], run.end()]
    yield from pairwise(edges)


def _continues(text: str, at: int) -> bool:
    """Tell whether a code point belongs to the character before it: a mark, a skin tone, or what a joiner joins (UAX 29)."""
    return (
        unicodedata.category(text[at]) in {"Mn", "Mc", "Me", "Cf"}
        or text[at] in _SPACING_MARKS
        or "\U0001f3fb" <= text[at] <= "\U0001f3ff"
        or text[at - 1] == _JOINER
    )


def _read(text: str, scorer: Scorer) -> int:
    """Give after how many characters nothing more of a text is read."""
    ends = range(_STEP, min(len(text), _FURTHEST) + _STEP, _STEP)
    lengths = scorer.lengths([text[:end] for end in ends]) if text else []
    return next((end for end, length in zip(ends, lengths, strict=True) if length == lengths[-1]), 0)


def _cores(falls: Sequence[float]) -> list[Run]:
    """Join neighbours of like fall, and give the weightiest of what comes out, in the order of the text."""
    least, longest = _FAINT * max(falls), max(2, len(falls) // _SHARE)
    runs: list[list[int]] = []
    for at, fall in enumerate(falls):
        if fall <= 0 or fall < least:
            continue
        last = runs[-1] if runs else []
        if last and last[-1] == at - 1 and len(last) < longest and _alike(fall, [falls[one] for one in last]):
            last.append(at)
        else:
            runs.append([at])
    weightiest = sorted(runs, key=lambda run: (-sum(falls[at] for at in run), run[0]))[:MOST_SPANS]
    return [(run[0], run[-1]) for run in sorted(weightiest)]


def _alike(fall: float, others: Sequence[float]) -> bool:
    mean = sum(others) / len(others)
    return min(fall, mean) > 0 and min(fall, mean) >= _ALIKE * max(fall, mean)


def _grown(core: Run, count: int) -> list[Run]:
    """Give a run of parts, and that run with its neighbour on either side."""
    first, last = core
    wider = [(first - 1, last)] * (first > 0) + [(first, last + 1)] * (last + 1 < count)
    return [core, *wider]


def _best(core: Run, falls: Mapping[Run, float], count: int) -> Run:
    """Give the run, or the wider one whose neighbour adds the most, of those that add about as much as one of its parts."""
    mean = falls[core] / (core[1] - core[0] + 1)
    wider = [run for run in _grown(core, count)[1:] if _alike(falls[run] - falls[core], [mean])]
    return max(wider, key=lambda run: falls[run], default=core)


def _apart(runs: Sequence[Run], falls: Mapping[Run, float]) -> list[Run]:
    """Give the runs that weigh something, the weightiest first, none over another."""
    chosen: list[Run] = []
    for run in sorted(dict.fromkeys(runs), key=lambda run: (-falls[run], run)):
        if falls[run] > 0 and all(run[1] < other[0] or other[1] < run[0] for other in chosen):
            chosen.append(run)
    return chosen
