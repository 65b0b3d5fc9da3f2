"""How well the languages of posts are identified: on posts whose language is known, by language, hint and length.

The word lists and weights were made while looking at odd-numbered authors and odd-numbered background posts; so what is
measured is the even-numbered ones alone.
"""

import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from models.background import sample_background
from models.examples import CORPUS, read_corpus
from models.measures import Share
from pipeline.screen.clean import clean
from pipeline.screen.language import Languages
from pipeline.screen.scripts import LATIN, count_scripts

Hinting = Literal["none", "right", "english"]
HINTINGS: tuple[Hinting, ...] = ("none", "right", "english")
BANDS = {"under 40": 40, "40 to 79": 80, "80 to 159": 160, "160 and more": None}
OTHER_SCRIPT = frozenset(
    ["ar", "fa", "ps", "ckb", "ur", "hi", "mr", "bn", "el", "bg", "ru", "uk", "th", "zh", "am", "ti", "tt"]
)

_SEED = 7


@dataclass(frozen=True, slots=True)
class Known:
    """A cleaned text, its language as labelled, and where it is from (`corpus` or `background`).

    `group` is the language; with `-Latn` where that is written in another script and the text is not.
    """

    text: str
    lang: str
    origin: str
    group: str


@dataclass(frozen=True, slots=True)
class Identified:
    """A text with the language that was found under a hint."""

    known: Known
    hinting: Hinting
    found: str

    @property
    def is_right(self) -> bool:
        """Whether the main language is that of the label, in whatever script."""
        return _language(self.found) == _language(self.known.lang)


def read_known(background: Path | None, sample: int) -> list[Known]:
    """Read the even half of the corpus and, if there is one, of a sample of background posts."""
    found = [_known(one.text, one.lang, "corpus") for one in read_corpus(CORPUS) if is_even_author(one.group)]
    if background:
        posts = sample_background(background, 2 * sample, _SEED)
        found += [_known(one.text, one.lang, "background") for one in posts if is_even_text(clean(one.text))]
    return found


def is_even_author(author: str) -> bool:
    """Whether the author's number is even: `ti-a4`, not `ti-a3`."""
    return int(author[-1]) % 2 == 0


def is_even_text(text: str) -> bool:
    """Whether a cleaned background post belongs to the half that is measured, by its checksum."""
    return zlib.crc32(text.encode("utf-8", "replace")) % 2 == 0


def identify_all(known: Sequence[Known], languages: Languages) -> Iterator[Identified]:
    """Identify each text without a hint, with its own language for a hint, and with English."""
    for hinting in HINTINGS:
        for one in known:
            hints = {"none": (), "right": (_language(one.lang),), "english": ("en",)}[hinting]
            yield Identified(one, hinting, languages.identify(one.text, hints)[0])


def posts_per_cpu_second(known: Sequence[Known], languages: Languages) -> float:
    """Give how many texts are identified in a second of the processor's time, one core, no hints."""
    start = time.process_time()
    for one in known:
        languages.identify(one.text)
    return len(known) / (time.process_time() - start)


def shares(found: Iterable[Identified], key: Callable[[Identified], str]) -> dict[str, dict[Hinting, Share]]:
    """Count what is right by a key and by hint, in the order of keys."""
    counts: dict[str, dict[Hinting, list[bool]]] = defaultdict(lambda: {hinting: [] for hinting in HINTINGS})
    for one in found:
        counts[key(one)][one.hinting].append(one.is_right)
    return {
        name: {hinting: Share(sum(right), len(right)) for hinting, right in by_hint.items()}
        for name, by_hint in sorted(counts.items())
    }


def band(one: Identified) -> str:
    """Name the length of the text, in characters."""
    return next(name for name, limit in BANDS.items() if limit is None or len(one.known.text) < limit)


def mistakes(found: Iterable[Identified]) -> Mapping[str, str]:
    """Give by language what it is most often taken for without a hint: `en 12, ms 3`."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in found:
        if one.hinting == "none" and not one.is_right:
            counts[one.known.group][one.found] += 1
    return {group: ", ".join(f"{code} {n}" for code, n in some.most_common(3)) for group, some in counts.items()}


def _known(text: str, lang: str, origin: str) -> Known:
    cleaned = clean(text)
    scripts = count_scripts(cleaned)
    romanised = lang in OTHER_SCRIPT and max(scripts, key=lambda one: scripts[one], default="") == LATIN
    return Known(cleaned, lang, origin, f"{lang}-Latn" if romanised else lang)


def _language(code: str) -> str:
    return code.partition("-")[0]
