"""Digits and signs that stand for letters inside words: `w0rk`, `j0b`, `v1sa`, `pa$$port`.

A word of small letters with such a digit between them is evasion (`_is_sure`). What also occurs in plain text (`job5`, `4pply`, `fr7e`)
is undone only where a sure one stands in the same text. Amounts, times, ordinals, units, models and Arabic in Latin letters are not.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from models.undoing.aligned import Edit, Undone, rewrite
from models.undoing.characters import script

_LATIN = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "€": "e", "!": "i", "|": "l"}
_CYRILLIC = {"0": "о", "3": "е", "4": "а", "6": "б", "@": "а", "€": "е", "1": "і"}
_CHUNK = re.compile(r"\S+")
_ESCAPE = re.compile(r"\\|u[de][0-9a-f]{3}", re.IGNORECASE)
_LETTERLIKE = ("34", "43", "31", "41", "45", "54", "47", "74", "51", "71")
_DIGITS = re.compile(r"\d+")
_RUN = re.compile(r"\d{2,}")
_HINT = re.compile(r"[^\W\d_][0-9@$€!|]|[0-9@$€][^\W\d_]")
_ADDRESS = re.compile(r"://|^www\.|^[@/]|\.\w{2,12}/|@[\w-]{1,64}\.|\.(?:com|net|org|me|ru|io)\b|_", re.IGNORECASE)
_WORD = re.compile(r"[^\W_@$€]?[\w@$€!|]*[\w$€@]")
_NATURAL = re.compile(
    r"\d+(?:[.,]\d+)?(?:k|m|h|hrs?|min|mins?|s|sec|ms|pm|am|th|kg|g|km|kmh|m2|cm|mm|gb|mb|tb|usd|eur|e|€|\$|d|j|x|er|ème|eme|è|"
    r"lei|ron|zl|zł|tl|ft|lb|lbs|yrs?|y|w|p|px|x\d+|go|to|you|day|ever|euros?|ml|cl|oz|bn|mio|mln|millions?|hz|kw|w|hp|тыс|руб|р|к|х|ч|го|й|я|е|ти|ый|ая|ое|м|кг|г|км|лет|д)"
    r"|\d*1st|\d*2nd|\d*3rd|\d+(?:[hxkmvdegfрхчк]|am|pm|to|by)\d+\w*|[a-z]{1,3}\$\d*|[$€]\d[\w.,]*|\d[\w.,]*[$€]|[^\W\d_]+\d+[$€]?s?|.*[$€]\d.*|mp[34]s?",
    re.IGNORECASE,
)
_VOWELS = frozenset("aeiouyаеёиоуыэюяіїєàáâãäåèéêëìíîïòóôõöùúûüıăâîąęó")
_DENSE = re.compile(r"[a-zа-я]+\d{2,3}|\d[a-wyzа-фц-я]{1,2}\d|\d{1,2}[a-zа-я]{1,2}\d\w*[a-zа-я]\w*")
_NUMBERED = re.compile(r"[^\W\d_]+\d")
_BETWEEN = re.compile(r"\d+[^\W\d_]{1,2}\d+")
_SHORT = re.compile(r"[bcdfghjklmnpqrstvwyzбвгджзклмнпрстхцчш][0134]")
_GENDERLESS = re.compile(r"[^\W\d_]+@s?|.*@\d.*")


@dataclass(frozen=True, slots=True)
class _Leet:
    """A word of letters with signs, and what each sign may stand for."""

    start: int
    text: str
    signs: dict[str, str]
    is_tag: bool

    @property
    def letters(self) -> int:
        """How many of its characters are letters."""
        return sum(one.isalpha() for one in self.text)


def letters_for_signs(found: Undone) -> Undone:
    """Write letters for the digits and signs that stand for them."""
    if not _HINT.search(found.text):
        return found
    words = list(_words(found.text))
    sure = [_is_sure(word) for word in words]
    count = sum(sure)
    if not count:
        return found
    undone = [word for word, is_sure in zip(words, sure, strict=True) if is_sure or _may_be(word, count)]
    return rewrite(found, (Edit(word.start, word.start + len(word.text), _read(word)) for word in undone))


def _words(text: str) -> Iterator[_Leet]:
    for chunk in _CHUNK.finditer(text):
        if not _HINT.search(chunk[0]) or len(chunk[0]) > 200 or _ADDRESS.search(chunk[0]) or _ESCAPE.search(chunk[0]):
            continue
        for word in _WORD.finditer(chunk[0]):
            if len(word[0]) <= 40 and (signs := _signs(word[0])):
                yield _Leet(chunk.start() + word.start(), word[0], signs, chunk[0][0] == "#")


def _signs(word: str) -> dict[str, str] | None:
    """What the signs of a word may stand for: None where it has no letter or no sign, letters of two scripts, or a sign that is none."""
    scripts = {script(one) for one in word if one.isalpha()}
    if len(scripts) != 1 or word.isalpha():
        return None
    signs = {"LATIN": _LATIN, "CYRILLIC": _CYRILLIC}.get(scripts.pop(), {})
    return signs if all(one.isalpha() or one in signs for one in word) else None


def _is_sure(word: _Leet) -> bool:
    """Whether a sign in the word cannot but be a letter."""
    text = word.text
    if text[0] == "€":
        return len(text) > 3 and text[1:].isalpha() and text[1:].islower()
    if word.letters < 2 or not _one_case(text) or _is_plain(text):
        return False
    if not word.is_tag and _is_woven(text):
        return True
    if not text[0].isalpha():
        return False
    return any(_speaks(word, at) for at in range(1, len(text) - 1))


def _is_woven(text: str) -> bool:
    """Whether letters and digits take turns, twice at least, with a digit that Arabic and Twi in Latin letters do not use."""
    runs = _DIGITS.findall(text)
    if _BETWEEN.fullmatch(text):
        return False
    return (
        len(runs) > 1
        and max(map(len, runs)) < 4
        and not {"0", "1", "4"}.isdisjoint("".join(runs))
        and not text.isupper()
    )


def _is_plain(text: str) -> bool:
    return bool(_NATURAL.fullmatch(text) or _GENDERLESS.fullmatch(text))


def _one_case(text: str) -> bool:
    letters = [one for one in text if one.isalpha()]
    return all(one.islower() for one in letters[1:]) or all(one.isupper() for one in letters)


def _speaks(word: _Leet, at: int) -> bool:
    """Whether the sign at a place, inside the word, is a letter for sure.

    Not 3, 5 and 7 in Latin letters: Arabic in Latin letters has them for its own, Twi has 3 for its open e.
    """
    text = word.text
    sign, before, rest = text[at], text[:at], text[at + 1 :]
    if sign.isalpha() or not any(one.isalpha() for one in rest) or _is_number(text, at):
        return False
    if sign in "0$€":
        return True
    if sign == "@":
        return len(before) < 4 and before[-1].lower() not in _VOWELS and rest[0].lower() not in _VOWELS
    if text.isupper() or word.is_tag or (at == 1 and before.isupper()):
        return False
    if word.signs is _CYRILLIC:
        return True
    is_inside = len(text) > 3 and rest not in ("s", "p", "x")
    return is_inside and (sign == "1" or (sign == "4" and not _VOWELS & {before[-1].lower(), rest[0].lower()}))


def _is_number(text: str, at: int) -> bool:
    """Whether the digits around a place are a number (`top10best`), not letters side by side (`r34dy`, `ca11s`)."""
    run = next((run[0] for run in _RUN.finditer(text) if run.start() <= at < run.end()), "")
    return len(run) > 2 or (len(set(run)) > 1 and (text.isupper() or run not in _LETTERLIKE))


def _may_be(word: _Leet, sure: int) -> bool:
    """Whether a word is taken for evasion in a text that has so many sure ones."""
    text = word.text
    if _GENDERLESS.fullmatch(text) or not _one_case(text) or (text[0] in "$€" and not text[1:].islower()):
        return False
    if _NUMBERED.fullmatch(text):
        return (
            _SHORT.fullmatch(text) is not None
            if sure > 1 and word.letters == 1
            else text[-1] != "1" or word.letters > 3
        )
    if sure > 1 and word.letters * 3 >= len(text) - 1 and _DENSE.fullmatch(text):
        return True
    leading = text[: len(text) - len(text.lstrip("0123456789"))]
    is_letters = len(leading) < 2 or (sure > 1 and leading in _LETTERLIKE)
    is_woven = sure > 1 and len(_DIGITS.findall(text)) > 1
    return (is_letters or is_woven) and not _NATURAL.fullmatch(text) and (is_woven or word.letters * 3 >= len(text))


def _read(word: _Leet) -> str:
    text = word.text
    read: list[str] = []
    for at, one in enumerate(text):
        if one.isalpha():
            read.append(one)
            continue
        letter = _chosen(word, at, read[-1].lower() if read else "")
        is_upper = word.letters > 1 and all(other.isupper() for other in text if other.isalpha())
        read.append(letter.upper() if is_upper else letter)
    return "".join(read)


def _chosen(word: _Leet, at: int, before: str) -> str:
    """The letter for a sign; `1` is i or l, Cyrillic 3 is е or з and 4 is а or ч, by the letters beside."""
    sign, text = word.text[at], word.text
    after = text[at + 1].lower() if at + 1 < len(text) else ""
    after = word.signs.get(after, after)
    beside_vowel = before in _VOWELS or after in _VOWELS
    if word.signs is _CYRILLIC:
        return {
            "3": "з" if beside_vowel or not before else "е",
            "4": "ч" if not before or (before in _VOWELS and after in _VOWELS) else "а",
        }.get(sign, word.signs[sign])
    if sign == "1":
        is_double = "1" in (text[at - 1 : at], text[at + 1 : at + 2])
        ends = before in _VOWELS and not after and len(text) > 4
        return "l" if is_double or ends or "i" in (before, after) else "i"
    return word.signs[sign]
