"""Words written letter by letter, and numbers digit by digit: `w o r k`, `w.o.r.k`, `1.0.0.0`."""

import re
from collections.abc import Iterator

from models.undoing.aligned import Edit, Undone, rewrite
from models.undoing.characters import LETTER, MARKS, SIGNS

_WORD = f"\\w{MARKS}"
_UNIT = f"(?:{LETTER}|[{SIGNS}])"
_MARK = "(?:[.*·•|/~+=#^_-]|[\u2010-\u2bff\u3001-\u303f\U0001f000-\U0001faff]\ufe0f?)"
_BETWEEN = f"(?P<between>[ ]{{1,3}}|[ ]?{_MARK}[ ]?)"
_LIKE_LETTER = "[013457@$]"
_SPELLED = re.compile(
    f"(?<![{_WORD}/%\\\\&=])(?<!\\w[.-]){_UNIT}{_BETWEEN}{_UNIT}(?:(?P=between)(?:{_UNIT}|{_LIKE_LETTER}(?=(?P=between){_UNIT}))){{1,200}}(?![{_WORD}])"
)
_PAIR = re.compile(f"(?<=\\s\\s){_UNIT}( ){_UNIT}(?=\\s\\s|$)")
_ABBREVIATED = re.compile(r"(?:[^\W\d_]\.){2,6}[^\W\d_]")
_LISTED = ("abcdefghijklmnopqrstuvwxyz", "абвгдежзийклмнопрстуфхцчшщъыьэюя", "mwdx", "mfdx")
_DIGITS = re.compile(r"(?<![\w.,:/-])\d(?P<between>[ ]?[.*_·•|-][ ]?| )\d(?:(?P=between)\d){1,40}(?![\w]|[.,:/-]\d)")
_COUNTED = ("0123456789", "9876543210")
_MONEY_AFTER = re.compile(
    r" ?(?:[€$£₺₽₴₹৳¥₫₦﷼元]|eur|usd|dollar|dólar|долл|евро|руб|lei|ron|zł|zl|tl\b|lira|dh|dinar|درهم|دينار|ریال|يورو|یورو|ብር)",
    re.IGNORECASE,
)
_MONEY_BEFORE = re.compile(r"[€$£₺₽₴₹৳¥₫₦﷼] ?$")
_SOFTWARE = re.compile(r"://|\bv\d|version|release|update|software|github|верси|релиз|обновл", re.IGNORECASE)
_VERSION = re.compile(r"(?:\bv|\bver|version|python|android|ios|windows) ?$", re.IGNORECASE)


def joined_letters(found: Undone) -> Undone:
    """Join letters that stand alone in a row, four at least; where a row of four stands, three too, and two between wide gaps."""
    runs = [run for run in _SPELLED.finditer(found.text) if _spells(run[0], run["between"])]
    if not any(_length(run) > 3 for run in runs):
        return found
    short = _PAIR.finditer(found.text) if any(run["between"] == " " for run in runs) else ()
    edits = [Edit(pair.start(1), pair.end(1), "") for pair in short]
    return rewrite(found, sorted(edits + [edit for run in runs for edit in _closed(run)]))


def joined_digits(found: Undone) -> Undone:
    """Join digits that stand alone in a row, three at least: not counting up or down, not versions, not addresses."""
    runs = [run for run in _DIGITS.finditer(found.text) if _is_number(found.text, run)]
    if not any(_is_sure(found.text, run) for run in runs):
        return found
    return rewrite(
        found, (Edit(at, at + 1, "") for run in runs for at in range(*run.span()) if not found.text[at].isdigit())
    )


def _length(run: re.Match[str]) -> int:
    return run[0].count(run["between"]) + 1


def _spells(run: str, between: str) -> bool:
    letters = run.replace(between, "").lower()
    if any(letters in listed for listed in _LISTED) or len(set(letters)) < 2:
        return False
    if between == " " and not _is_torn(run.split(" ")):
        return False
    return not (between == "." and run.isupper() and _ABBREVIATED.fullmatch(run))


def _is_torn(units: list[str]) -> bool:
    """Whether most units are bare letters or bare vowel signs: a letter with its sign is a word in Hindi and its kin."""
    return 2 * sum(len(unit) == 1 for unit in units) >= len(units)


def _closed(run: re.Match[str]) -> Iterator[Edit]:
    """Take out what stands between the letters; a space before a capital that follows a small letter is between words."""
    text, between, width = run[0], run["between"], len(run["between"])
    at = text.find(between)
    while at >= 0:
        after = at + width
        new_word = text[at - 1].islower() and text[after].isupper() and text[after + 1 : after + 2] == between[:1]
        yield Edit(run.start() + at, run.start() + after, " " if new_word else "")
        at = text.find(between, after)


def _is_number(text: str, run: re.Match[str]) -> bool:
    digits = re.sub(r"\D", "", run[0])
    if (
        any(digits in counted for counted in _COUNTED)
        or len(set(digits)) == 1
        or _VERSION.search(text[max(0, run.start() - 10) : run.start()])
    ):
        return False
    return run["between"].strip() in {".", "*", "_", "·", "•"} or len(digits) > 3


def _is_sure(text: str, run: re.Match[str]) -> bool:
    """Three digits with dots are a version in a text that links or speaks of one, unless money stands beside."""
    if _length(run) > 3 or not _SOFTWARE.search(text):
        return True
    before = text[max(0, run.start() - 2) : run.start()]
    return bool(_MONEY_AFTER.match(text, run.end()) or _MONEY_BEFORE.search(before))
