"""Near-identical texts as one: a fingerprint that copies of a text share, though numbers, names and marks differ."""

import re
import unicodedata
import zlib

SHINGLE = 12
MOST_CHARACTERS = 2000
_WIDTH = 2
"""Bytes of a letter in UTF-16; of the rarest, half a letter, which does no harm here."""
_SPREAD = 2654435761
"""Makes the order of the checksums another than the alphabet's (Knuth's multiplicative hashing)."""

_TOKENS = re.compile(r"\[[a-z]{2,10}:[A-Za-z0-9_-]{1,64}\]")


def fingerprint(text: str) -> str:
    """Eight hexadecimal digits of a masked text: the least hash of its runs of 12 letters (a minhash of one).

    Two texts share it with the probability of what share of their runs is common to both, so a copy with another number
    always does, and one with a changed word mostly. Contact tokens, digits, marks, pictures and case do not count.
    """
    letters = _letters(text).encode("utf-16-le")
    last = max(len(letters) - SHINGLE * _WIDTH, 0)
    runs = (letters[start : start + SHINGLE * _WIDTH] for start in range(0, last + 1, _WIDTH))
    return f"{min(zlib.crc32(run) * _SPREAD % 2**32 for run in runs):08x}"


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKC", _TOKENS.sub(" ", text[:MOST_CHARACTERS])).casefold()
    return "".join(character for character in plain if character.isalpha())
