"""A text as the finders read it: evasion undone, cut into words, each with its way back to the text as written."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from models.undoing import Undone, undo
from models.undoing.characters import MARKS

LONGEST = 20_000
"""Characters of a text that are read, as many as the longest post has; masking looks for contacts in all of it."""

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_LETTER = rf"[^\W\d_{_UNSPACED}]"
_TOKEN = re.compile(rf"\d+|[{_UNSPACED}]|{_LETTER}(?:{_LETTER}|[{MARKS}\u200c\u200d])*")
_DROPPED = re.compile("[\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u200c\u200d]")
_MIXED = re.compile(
    r"(?<![\w@$€])(?:[^\W\d_]{1,20}[0134578@$][\w@$]{0,20}|[0134578@$]{1,3}[^\W\d_][\w@$]{0,20})(?![\w@$€])"
)
_ZEROS = re.compile(r"(?<=\d)(?:[oO]{1,6}|[ .,'’][oO]{3})(?![^\W_])")
"""Letters that stand for zeros: `3OOO`, `2.5OO`, `2 OOO`; undoing would take three of them for a stretched word."""
_LATIN = str.maketrans("0134578@$", "oieastbas")
_CYRILLIC = str.maketrans("0346@", "оеаба")
_LETTERS = str.maketrans(
    {
        "ı": "i", "đ": "d", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "ħ": "h", "ё": "е", "ґ": "г", "’": "'",
        "ي": "ی", "ى": "ی", "ې": "ی", "ێ": "ی", "ۍ": "ی", "ئ": "ی", "ك": "ک", "ګ": "گ", "ڭ": "گ",
        "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ة": "ه", "ۀ": "ه", "ە": "ه", "ہ": "ه", "ھ": "ه", "ۃ": "ه", "ؤ": "و",
        "ۆ": "و", "ڕ": "ر", "ڵ": "ل", "ں": "ن",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a number: its folded form, and where it stands in the undone text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A text read for cues. Spans of the finders count characters of `undone.text`; `span` leads back to the original."""

    original: str
    undone: Undone
    tokens: tuple[Token, ...]

    @property
    def text(self) -> str:
        """The undone text."""
        return self.undone.text

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the original the characters `start` to `end` of the undone text stand."""
        return self.undone.span(start, end)


def read(text: str) -> Reading:
    """Undo a text's evasion and cut it into words. Never raises."""
    undone = undo(_ZEROS.sub(lambda found: re.sub("[oO]", "0", found[0]), text[:LONGEST]))
    return Reading(text, undone, tuple(tokens(undone.text)))


def tokens(text: str) -> Iterator[Token]:
    """Words and numbers in order; in scripts without spaces each character is a word."""
    for found in _TOKEN.finditer(text):
        yield Token(fold(found[0]), found.start(), found.end())


def with_letters(text: str) -> str:
    """The text with letters for the digits and signs within its words, character for character."""
    return _MIXED.sub(_lettered, text)


def _lettered(chunk: re.Match[str]) -> str:
    letters = _CYRILLIC if any("\u0400" <= char <= "\u052f" for char in chunk[0]) else _LATIN
    return chunk[0].translate(letters)


@lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """One form for spellings that a reader takes for the same: no case, no accents, one keyboard's Arabic letters."""
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFD", word.casefold())
    return unicodedata.normalize("NFC", _DROPPED.sub("", plain)).translate(_LETTERS)
