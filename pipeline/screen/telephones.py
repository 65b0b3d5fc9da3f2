"""Telephone numbers as people write them to be read by people only: spaced, dotted, in native or enclosed digits.

One linear pattern finds runs of seven digits and more; what is plainly a date, a time or a price is left alone; the
rest is read by `phonenumbers` for the countries where the post's language is spoken. Between masking too much and
leaving a number in, it masks.
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import chain
from typing import Literal, NamedTuple

import phonenumbers

from pipeline.screen.figures import SHORTEST, digits_of, unexplained

_ENCLOSED = "⁰¹²³⁴-⁹₀-₉①-⑨⓪⓿❶-❾➀-➈➊-➒⓵-⓽⑴-⑼⒈-⒐"
_DIGIT = rf"[\d{_ENCLOSED}]"
_LETTERS = r"[oO](?=\d)|(?<=\d)[oO]|(?<=\d[oO])[oO]|(?<=[\doO])[lI](?=[\doO])"
_UNIT = rf"(?:{_DIGIT}\uFE0F?\u20E3?|{_LETTERS})"
_BETWEEN = r"[ \t\u00A0\u00AD\u2000-\u200F\u202F\u2060\u3000\uFEFF.\-‐-―−()/·•_*~|ـ]"

RUN = rf"(?:[+＋] ?)?\(?(?:{_DIGIT}\uFE0F?\u20E3?|(?<=[+＋])[lI](?=[\doO]))(?:{_BETWEEN}{{0,3}}{_UNIT}){{6,}}"
"""Seven digits or more. Digits and what stands between them are disjoint, so it reads each character once."""

LONGEST = 15
"""Digits of the longest telephone number (ITU-T E.164)."""

FICTION = {"+3363998": 12, "+4477009": 13}
"""Beginnings of mobile numbers kept for fiction, and their lengths: the library calls them invalid, as real ones that are new."""

_REGIONS = {
    "fr": "FR BE CI SN CM MA DZ TN", "en": "GB US NG IE GH KE", "pcm": "NG GH", "es": "ES MX CO VE AR PE",
    "it": "IT CH", "pt": "PT BR AO", "de": "DE AT CH", "nl": "NL BE", "ro": "RO MD", "bg": "BG", "sq": "AL XK MK",
    "el": "GR CY", "hu": "HU RO", "pl": "PL", "ru": "RU KZ", "uk": "UA", "tr": "TR",
    "ar": "SA EG SY IQ LB LY TN DZ MA", "fa": "IR AF", "ps": "AF PK", "ckb": "IQ IR", "ku": "TR IQ", "ur": "PK IN",
    "hi": "IN", "bn": "BD IN", "pa": "IN PK", "vi": "VN", "th": "TH", "zh": "CN TW HK MY", "id": "ID", "ms": "MY",
    "tl": "PH", "ti": "ER ET", "am": "ET", "so": "SO KE", "sw": "KE TZ UG", "ha": "NG NE", "sr": "RS BA",
    "hr": "HR BA", "bs": "BA", "mk": "MK", "my": "MM", "km": "KH", "lo": "LA", "ne": "NP", "si": "LK", "ta": "LK IN",
    "ja": "JP", "ko": "KR", "he": "IL", "cs": "CZ", "sk": "SK", "lt": "LT", "lv": "LV",
}  # fmt: skip
MOST_REGIONS = 9
DESTINATIONS = ("GB", "FR", "DE", "IT", "ES")
"""Countries whose numbers posts in any language give, after those of the language: people abroad write there."""


class Number(NamedTuple):
    """Digits that name someone: where they stand, and their one spelling (E.164 where they parse, else the digits)."""

    start: int
    end: int
    value: str
    kind: Literal["phone", "number"]


def regions(langs: Sequence[str]) -> tuple[str, ...]:
    """Countries whose numbering a post in these languages may use, the likeliest first."""
    found = (region for lang in langs for region in _REGIONS.get(lang.lower().split("-")[0], "").split())
    return tuple(dict.fromkeys(found))[:MOST_REGIONS]


def read_run(text: str, start: int, end: int, among: Sequence[str]) -> list[Number]:
    """The numbers in a run that `RUN` found; none where it is a date, a time or a price. `among` names regions."""
    plain = _ascii(text[start:end])
    pieces = unexplained(plain, text[max(0, start - 10) : start], text[end : end + 10])
    return [number for at, piece in pieces for number in _read(piece, start + at, among)]


def _read(plain: str, at: int, among: Sequence[str]) -> list[Number]:
    """The numbers in digits that do name someone: one as a whole, else several side by side, else all as one."""
    digits = digits_of(plain)
    whole = _international(plain) or _regional(digits, among)
    if whole:
        return [Number(at, at + len(plain), whole, "phone")]
    parts = _several(plain, among)
    if parts:
        return [Number(at + start, at + end, value, "phone") for start, end, value in parts]
    return [Number(at, at + len(plain), digits, "phone" if len(digits) <= LONGEST else "number")]


def _ascii(run: str) -> str:
    """The run with every digit as 0 to 9, character for character."""
    return "".join(_ascii_digit(char) for char in run)


def _ascii_digit(char: str) -> str:
    value = unicodedata.digit(char, None)
    if value is not None:
        return str(value)
    return {"o": "0", "O": "0", "l": "1", "I": "1", "＋": "+"}.get(char, char)


def _international(plain: str) -> str | None:
    digits = digits_of(plain)
    if not plain.startswith("+"):
        if not digits.startswith("00"):
            return None
        digits = digits[2:]
    return _parse("+" + digits, None, sure=False)


def _regional(digits: str, among: Sequence[str]) -> str | None:
    """Valid somewhere first (in the likely countries, then in those where people go), then possible somewhere, then possible with
    its plus sign left out.
    """
    if len(digits) > LONGEST:
        return None
    valid = (_parse(digits, region, sure=True) for region in (*among, *DESTINATIONS))
    abroad = (_parse("+" + digits, None, sure=False) for _ in digits[10:11])
    possible = (_parse(digits, region, sure=False) for region in among)
    found = chain(valid, abroad, possible)
    return next((value for value in found if value), None)


def _parse(number: str, region: str | None, sure: bool) -> str | None:
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    plain = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    accept = phonenumbers.is_valid_number if sure else phonenumbers.is_possible_number
    return plain if accept(parsed) or (len(plain) == FICTION.get(plain[:8]) and sure) else None


_CHUNK = re.compile(r"\d+")
MOST_CHUNKS = 16


def _several(plain: str, among: Sequence[str]) -> list[tuple[int, int, str]]:
    """Numbers side by side in one run, as spans of it; none where enough for one more number would be left over."""
    chunks = [chunk.span() for chunk in _CHUNK.finditer(plain)]
    if len(chunks) > MOST_CHUNKS:
        return []
    found, left, at = [], 0, 0
    while at < len(chunks):
        number = _valid_from(plain, chunks[at:], among)
        if number is None:
            left += chunks[at][1] - chunks[at][0]
            at += 1
        else:
            found.append(_widened(plain, number))
            at += sum(1 for start, _ in chunks[at:] if start < number[1])
    return found if left < SHORTEST else []


def _valid_from(plain: str, chunks: Sequence[tuple[int, int]], among: Sequence[str]) -> tuple[int, int, str] | None:
    """The number that starts at the first chunk: valid in the likeliest region that has one."""
    start = chunks[0][0]
    spans = [(end, digits_of(plain[start:end])) for _, end in chunks]
    for region in among:
        for end, digits in spans:
            if SHORTEST <= len(digits) <= LONGEST and (value := _parse(digits, region, sure=True)):
                return start, end, value
    return None


def _widened(plain: str, number: tuple[int, int, str]) -> tuple[int, int, str]:
    """With the sign or bracket before it and the keycap after its last digit."""
    start, end, value = number
    while start and plain[start - 1] in "+(":
        start -= 1
    while end < len(plain) and plain[end] in "\ufe0f\u20e3":
        end += 1
    return start, end, value
