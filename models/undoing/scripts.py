"""Words that mix scripts: letters that look like those of the word's own script become them.

A word that stands wholly in one script is left alone, with one exception: it could be read in the script around it letter by letter,
and either the text mixes scripts within words elsewhere, or no letter of its script in the whole text is distinct.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from models.undoing.aligned import Edit, Undone, rewrite
from models.undoing.characters import ranges, script
from models.undoing.lookalikes import LOOSE, STRICT

_WORD = re.compile(r"[^\W_]+")
_TARGETS = ("LATIN", "CYRILLIC", "GREEK")
_LATIN, _GREEK, _CYRILLIC = "A-Za-z\u00c0-\u024f", "\u0370-\u03ff", "\u0400-\u052f"
_PRESENT = [
    re.compile(f"[{block}]")
    for block in (
        _LATIN,
        _GREEK,
        _CYRILLIC,
        "\u0530-\u058f\u10a0-\u10ff\u1200-\u1fff\u2c00-\u2fff\ua4d0-\uabff\U00010000-\U0001afff",
    )
]
_MIXED = re.compile(
    f"[{_LATIN}][0-9]*[{_GREEK}{_CYRILLIC}]|[{_GREEK}][0-9]*[{_LATIN}{_CYRILLIC}]|[{_CYRILLIC}][0-9]*[{_LATIN}{_GREEK}]"
)
# Letters that look like no Latin one.
_DISTINCT = [
    re.compile(f"[{ranges([one for one in block if chr(one).isalpha() and chr(one) not in STRICT['LATIN']])}]")
    for block in (range(0x370, 0x400), range(0x400, 0x530))
]
_COMPOUND = re.compile("[A-Z]{2,}[а-яёіїєґ]+")


@dataclass(frozen=True, slots=True)
class _Word:
    """A word with its letters' scripts counted."""

    start: int
    text: str
    scripts: Counter[str]

    @property
    def script(self) -> str | None:
        """The one script of the word, or None where it mixes several or has no letters."""
        return next(iter(self.scripts)) if len(self.scripts) == 1 else None


def one_script(found: Undone) -> Undone:
    """Write each word in one script where its foreign letters all look like letters of that script."""
    if found.text.isascii() or not _may_change(found.text):
        return found
    words = [_Word(one.start(), one[0], _counted(one[0])) for one in _WORD.finditer(found.text)]
    return rewrite(found, _edits(words))


def _may_change(text: str) -> bool:
    """Whether two scripts are in the text, and are mixed within a word, or one is rare or has no letter that is surely its own."""
    latin, greek, cyrillic, rare = (bool(block.search(text)) for block in _PRESENT)
    if latin + greek + cyrillic + rare < 2:
        return False
    foreign = zip((greek, cyrillic), _DISTINCT, strict=True)
    return rare or any(here and not own.search(text) for here, own in foreign) or bool(_MIXED.search(text))


def _counted(word: str) -> Counter[str]:
    return Counter(name for letter in word if (name := script(letter)))


def _edits(words: list[_Word]) -> Iterator[Edit]:
    around = _around(words)
    read = [_mixed(word, near) if len(word.scripts) > 1 else None for word, near in zip(words, around, strict=True)]
    is_evasive = any(read)
    distinct = _distinct(words)
    for word, near, mixed in zip(words, around, read, strict=True):
        if text := mixed or _disguised(word, near, is_evasive, distinct):
            yield Edit(word.start, word.start + len(word.text), text)


def _around(words: list[_Word]) -> list[str | None]:
    """For each word, the script of its neighbours that stand in one and cannot be read in another; of the text where they differ."""
    surely = [word.script if word.script in _TARGETS and not _could_be_other(word) else None for word in words]
    common = Counter(name for name in surely if name).most_common(1)
    whole = common[0][0] if common else None
    before, after = _last_of(surely), _last_of(surely[::-1])[::-1]
    return [
        left if left == right or not right else right if not left else whole
        for left, right in zip(before, after, strict=True)
    ]


def _last_of(names: list[str | None]) -> list[str | None]:
    last: str | None = None
    found = []
    for name in names:
        found.append(last)
        last = name or last
    return found


def _could_be_other(word: _Word) -> bool:
    return any(target != word.script and _read_as(word.text, target, False) for target in _TARGETS)


def _mixed(word: _Word, around: str | None) -> str | None:
    """The word in the one script that it can be read in; if in several, that of its neighbours, else of most of its letters."""
    names = [name for letter in word.text if (name := script(letter))]
    if _COMPOUND.fullmatch(word.text):
        return None
    is_woven = sum(one != other for one, other in pairwise(names)) > 1
    can = {one: text for one in _TARGETS if word.scripts[one] and (text := _read_as(word.text, one, False))}
    if not can and is_woven:
        can = {one: text for one in _TARGETS if word.scripts[one] and (text := _read_as(word.text, one, True))}
    if not can:
        return None
    return can.get(around or "") or can[max(can, key=lambda one: word.scripts[one])]


def _disguised(word: _Word, around: str | None, is_evasive: bool, distinct: set[str]) -> str | None:
    """A word of one foreign script that could stand in the script around it, where that is no chance."""
    if not around or not word.script or word.script == around:
        return None
    if (len(word.text) > 1 and word.text.isupper() and word.script in _TARGETS) or not word.text.isalpha():
        return None
    if word.script == "LATIN":
        return _read_as(word.text, around, False) if is_evasive and len(word.text) < 4 else None
    if is_evasive or word.script not in distinct or word.script not in _TARGETS:
        return _read_as(word.text, around, False)
    return None


def _distinct(words: list[_Word]) -> set[str]:
    """The scripts that have a letter in the text, in a word of their own, that looks like no Latin one."""
    return {word.script for word in words if word.script and not _read_as(word.text, "LATIN", False)} | {"LATIN"}


def _read_as(word: str, target: str, loosely: bool) -> str | None:
    """The word in the target script, or None if a letter has no double there."""
    strict, loose = STRICT[target], LOOSE[target] if loosely else {}
    letters = []
    for letter in word:
        same = letter if script(letter) in ("", target) else strict.get(letter) or loose.get(letter)
        if not same:
            return None
        letters.append(same)
    return "".join(letters)
