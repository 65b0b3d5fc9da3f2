"""Near-identical texts as one: a fingerprint that copies of a text share, though numbers, names and marks differ."""

import re
import unicodedata
import zlib

SHINGLE = 12
MOST_CHARACTERS = 2000

_TOKENS = re.compile(r"\[[a-z]{2,10}:[A-Za-z0-9_-]{1,64}\]")


def fingerprint(text: str) -> str:
    """Eight hexadecimal digits of a masked text: the least hash of its runs of 12 letters (a minhash of one).

    Two texts share it with the probability of what share of their runs is common to both, so a copy with another number
    always does, and one with a changed word mostly. Contact tokens, digits, marks, pictures and case do not count.
    """
    letters = _letters(text)
    if len(letters) <= SHINGLE:
        return _hash(letters)
    return min(_hash(letters[start : start + SHINGLE]) for start in range(len(letters) - SHINGLE + 1))


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKC", _TOKENS.sub(" ", text[:MOST_CHARACTERS])).casefold()
    return "".join(character for character in plain if character.isalpha())


def _hash(letters: str) -> str:
    """CRC-32 spread by a multiplication: its least value among neighbours must not follow the alphabet."""
    return f"{zlib.crc32(letters.encode()) * 2654435761 % 2**32:08x}"
