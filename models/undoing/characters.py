"""What kind of character each is: its script, and classes to build patterns of."""

import unicodedata
from functools import lru_cache

_MARKED = [range(0x300, 0x3100), range(0xA66F, 0xABF0), range(0xFB1E, 0xFE30), range(0x11000, 0x11C00)]


@lru_cache(maxsize=4096)
def script(letter: str) -> str:
    """Name the script of a letter as its Unicode name begins: `LATIN`, `CYRILLIC`, ...; empty for what is no letter."""
    return unicodedata.name(letter, "").partition(" ")[0].partition("-")[0] if letter.isalpha() else ""


def ranges(characters: list[int]) -> str:
    """Write code points, in order, as the inside of a character class."""
    runs: list[list[int]] = []
    for one in characters:
        if runs and runs[-1][1] == one - 1:
            runs[-1][1] = one
        else:
            runs.append([one, one])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in runs)


MARKS = ranges([one for block in _MARKED for one in block if unicodedata.category(chr(one))[0] == "M"])
"""The combining marks of living scripts, as the inside of a character class."""

SIGNS = ranges([one for one in range(0x5B0, 0x1800) if unicodedata.category(chr(one)) in ("Mn", "Mc")])
"""Vowel signs and the like, which stay behind alone where the letters of a word are pulled apart."""

LETTER = f"[^\\W\\d_][{MARKS}]*"
"""A pattern of one letter with the marks that it carries."""
