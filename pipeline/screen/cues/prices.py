"""Prices: an amount in figures or words, with its currency as a sign, a code or a word of the lists.

`300 EUR` is one form for `300 €`, `300euros`, `€300`, `three hundred euro`; `3,5k` is 3500. An amount without a currency counts only
behind a word that states a price. A price beside a word for goods (telephones, rents, tickets) is none of ours.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from pipeline.screen.cues.context import Found, Read
from pipeline.screen.cues.cue import Cue

_SIGNS = {
    "€": "EUR", "$": "USD", "£": "GBP", "₺": "TRY", "₽": "RUB", "₴": "UAH", "₹": "INR", "৳": "BDT", "¥": "CNY", "₫": "VND",
    "﷼": "IRR", "₦": "NGN", "฿": "THB", "₱": "PHP", "₵": "GHS", "₨": "PKR", "៛": "KHR", "元": "CNY", "₪": "ILS",
}  # fmt: skip
_GROUPED = r"\d{1,3}(?:[ .,'’\u00a0\u202f]\d{2,3}){0,3}[ .,'’\u00a0\u202f]\d{3}"
_AMOUNT = rf"(?:{_GROUPED}(?:[.,]\d{{1,2}})?|\d(?: \d){{2,8}}(?! ?\d)|\d{{1,9}}(?:[.,]\d{{1,2}})?)"
_NUMBER = re.compile(
    rf"(?<![\d:/+#_])(?<!\d[.,])(?P<low>{_AMOUNT})(?: ?[-–—~/] ?(?P<high>{_AMOUNT}))?(?![\d_]|[.,:/]\d)"
)
_GOODS_BEFORE, _GOODS_AFTER = 60, 40
_MOST = Decimal(10) ** 12


class _Amount(NamedTuple):
    """One or two amounts and the words that they take up in the text."""

    values: tuple[Decimal, ...]
    start: int
    end: int


class _Sign(NamedTuple):
    code: str
    start: int
    end: int


def prices(read: Read) -> Iterator[Cue]:
    """The prices of a text."""
    signs = _Signs(read)
    taken = -1
    for amount in sorted((*_in_figures(read, signs), *_in_words(read)), key=lambda one: (one.start, -one.end)):
        if amount.start < taken:
            continue
        found = _priced(read, signs, amount)
        if found:
            taken = found[1].end
            yield from _cue(read, *found)


class _Signs:
    """Currencies and multipliers of a text, by the place where they begin and where they end."""

    def __init__(self, read: Read) -> None:
        words = [_Sign(one.value, one.start, one.end) for one in read.family("currency")]
        marks = [_Sign(_SIGNS[char], at, at + 1) for at, char in enumerate(read.text) if char in _SIGNS]
        self.after: dict[int, _Sign] = {}
        for one in (*words, *marks):
            if one.start not in self.after or one.end > self.after[one.start].end:
                self.after[one.start] = one
        self.before = {one.end: one for one in self.after.values()}
        self.times: dict[int, Found] = {}
        for found in read.family("times"):
            if found.start not in self.times or found.end > self.times[found.start].end:
                self.times[found.start] = found
        self.stated = [one.end for one in read.family("price") if one.concept == "price.stated"]


def _priced(read: Read, signs: _Signs, amount: _Amount) -> tuple[str, _Amount] | None:
    """The currency beside an amount, and the amount with it; empty where a word states a price without one."""
    for at in _beside(read.text, amount.end):
        if sign := signs.after.get(at):
            return sign.code, amount._replace(end=sign.end)
    for gap in range(3):
        if (sign := signs.before.get(amount.start - gap)) and not read.text[sign.end : amount.start].strip(" .:"):
            return sign.code, amount._replace(start=sign.start)
    if amount.values[-1] >= 50 and any(0 <= amount.start - end <= 4 for end in signs.stated):
        return "", amount
    return None


def _beside(text: str, end: int) -> Iterator[int]:
    """Places right behind, and behind a space, a dash or a full stop."""
    yield end
    for width in (1, 2, 3):
        if text[end : end + width].strip(" -.,+='’") or end + width > len(text):
            return
        yield end + width


def _cue(read: Read, code: str, amount: _Amount) -> Iterator[Cue]:
    if read.near("not.goods", amount.start, amount.end, _GOODS_BEFORE, _GOODS_AFTER) or amount.values[-1] >= _MOST:
        return
    figures = "-".join(f"{value.normalize():f}" for value in dict.fromkeys(amount.values))
    start, end = read.reading.span(amount.start, amount.end)
    yield Cue("price", read.reading.original[start:end], f"{figures} {code}".strip(), start, end, "prices.amount")


def _in_figures(read: Read, signs: _Signs) -> Iterator[_Amount]:
    for match in _NUMBER.finditer(read.text):
        values = tuple(_value(part) for part in match.group("low", "high") if part)
        end, times = match.end(), 1
        while multiplier := next(
            (signs.times[at] for at in _beside(read.text, end) if at in signs.times and at <= end + 1), None
        ):
            end, times = multiplier.end, times * int(multiplier.value)
        if values[-1] > 0 and times <= 10**9:
            yield _Amount(tuple(_scaled(value, times, values[-1]) for value in values), match.start(), end)


def _scaled(value: Decimal, times: int, last: Decimal) -> Decimal:
    """`3-4k` scales both; in `900-1k` only the last is meant."""
    return value * times if value <= last else value


def _in_words(read: Read) -> Iterator[_Amount]:
    """`three thousand`, `two hundred fifty`: units and multipliers in a row."""
    numbers, times = read.at("number"), read.at("times")
    tokens, at = read.reading.tokens, 0
    while at < len(tokens):
        first, total, part = at, 0, 0
        while (word := numbers.get(at) or times.get(at)) and (
            at == first or tokens[at].start - tokens[at - 1].end <= 3
        ):
            total, part = _counted(total, part, int(word.value))
            at = word.last
        if at == first:
            at += 1
        elif 10 <= total + part < 10**12:
            yield _Amount((Decimal(total + part),), tokens[first].start, tokens[at - 1].end)


def _counted(total: int, part: int, value: int) -> tuple[int, int]:
    if value < 100 or 100 < value < 1000:
        return total, part + value
    if value == 100:
        return total, max(part, 1) * 100
    return total + max(part, 1) * value if total % value == 0 or not total else (total + max(part, 1)) * value, 0


def _value(figures: str) -> Decimal:
    """Figures as a number: a last group of three digits is thousands, of one or two is a fraction."""
    plain = re.sub("[ '’\u00a0\u202f]", "", "".join(str(int(one)) if one.isdigit() else one for one in figures))
    head, sign, last = max(
        (plain.rpartition(mark) for mark in ".,"), key=lambda parts: len(parts[0]) if parts[1] else -1
    )
    if sign and len(last) != 3:
        return Decimal(f"{re.sub('[.,]', '', head)}.{last}")
    return Decimal(re.sub("[.,]", "", plain))
