"""Figures that name nobody: dates, years, times and prices, told apart from the digits of a telephone number."""

import re
from collections.abc import Iterator

SHORTEST = 7
"""Digits of the shortest telephone number that is looked for."""

_SIGNS = r"[$€£¥₹₺₽₴₫₦฿₩]"
_CODES = r"(?:eur|usd|gbp|cfa|fcfa|xaf|xof|idr|vnd|rub|uah|irr|iqd|inr|pkr|bdt|thb|cny|etb|kes|tzs)"
_WORDS = (
    r"(?:euros?|dollars?|pounds?|rp|rupiah|đ|dong|đồng|lei|lekë|leke|руб\w{0,4}|грн|сум|tl|lira|تومان|ریال|دينار|دینار|لیره"
    r"|ليرة|rs|taka|টাকা|रुपये|baht|บาท|元|万|birr|ብር|shillings?|naira|pesos?)"
)
_PRICED_BEFORE = re.compile(rf"(?:{_SIGNS}|(?<!\w){_CODES})\W{{0,2}}$", re.IGNORECASE)
_PRICED_AFTER = re.compile(rf"\W{{0,2}}(?:{_SIGNS}|(?:{_CODES}|{_WORDS})(?!\w))", re.IGNORECASE)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?P<by>[. \u00A0\u202F])\d{3}(?:(?P=by)\d{3}){1,2}")
_LAST_PRICE = re.compile(r"(?<=\d)[ \u00A0]{1,3}[1-9]\d{2,4}$")
_YEAR = r"(?:19|20)\d\d"
_DAY = r"(?:[12]\d|3[01]|0?[1-9])"
_MONTH = r"(?:1[0-2]|0?[1-9])"
_CALENDARS = r"(?:19|20|1[34]|25)\d\d"  # of our era; Persian and Islamic; Buddhist
_FULL_DATE = rf"(?:{_CALENDARS}(?P<y>[./-]){_MONTH}(?P=y){_DAY}|{_DAY}(?P<d>[ ./-]){_MONTH}(?P=d){_CALENDARS})"
_DATE = re.compile(rf"{_FULL_DATE}|{_YEAR}|(?:[01]?\d|2[0-3])\.[0-5]\d|{_DAY}[./]{_MONTH}\.?")
_APART = re.compile(rf"(?<!\d){_FULL_DATE}(?!\d)")
_JOINT = re.compile(r" {0,2}[-–—/]? {0,2}|\. ?")
_EDGE = " \t\u00a0.-–—/·•_*~"


def digits_of(plain: str) -> str:
    """The digits 0 to 9 alone."""
    return "".join(char for char in plain if "0" <= char <= "9")


def unexplained(plain: str, before: str, after: str) -> list[tuple[int, str]]:
    """What of a run of digits is neither date nor time nor price, with where it stands in the run.

    `before` and `after` are the characters beside it, where a currency may stand.
    """
    priced = bool(_PRICED_AFTER.match(after))
    if priced and (last := _LAST_PRICE.search(plain)):
        plain, priced = plain[: last.start()], False
    priced = priced or bool(_PRICED_BEFORE.search(before))
    pieces = _without_dates(plain)
    return [(at, piece) for at, piece in pieces if not _is_price(piece, priced) and not _is_date(piece)]


def _without_dates(plain: str) -> Iterator[tuple[int, str]]:
    """What stands between full dates, where it has the digits for a number."""
    at = 0
    for date in [*_APART.finditer(plain), None]:
        piece = plain[at : date.start() if date else len(plain)]
        if len(digits_of(piece)) >= SHORTEST:
            lead = len(piece) - len(piece.lstrip(_EDGE))
            yield at + lead, piece.strip(_EDGE)
        at = date.end() if date else at


def _is_price(plain: str, priced: bool) -> bool:
    """A round number, grouped by thousands or too short for a telephone, with a currency or millions to show for it."""
    digits = digits_of(plain)
    if not digits.endswith("00"):
        return False
    if _THOUSANDS.fullmatch(plain):
        return priced or len(digits) == SHORTEST or digits.endswith("000000")
    return priced and plain.isdigit() and len(plain) <= 8 and plain[0] != "0"


def _is_date(plain: str) -> bool:
    """Whether dates, years and times, at most four, are all that it holds."""
    at = 0
    for _ in range(4):
        piece = _DATE.match(plain, at)
        if piece is None:
            return False
        if piece.end() == len(plain):
            return True
        joint = _JOINT.match(plain, piece.end())
        if joint is None or joint.end() == piece.end():
            return False
        at = joint.end()
    return False
