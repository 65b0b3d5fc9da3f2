"""Telephone numbers spelled out, in whole or in part: `zero seven seven double zero nine ...`, `plus 33 six thirty-nine ...`."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipeline.screen.cues.contacts import Contact
from pipeline.screen.cues.context import Found, Read
from pipeline.screen.telephones import LONGEST, read_run

SHORTEST_SPOKEN = 7
_FEWEST_WORDS = 3
_WIDEST_GAP = 3


class _Part(NamedTuple):
    digits: str
    first: int
    last: int
    is_word: bool


def spoken_numbers(read: Read, among: Sequence[str]) -> Iterator[Contact]:
    """Runs of number words and digits, seven digits at least with three of them in words."""
    for run in _runs(read, list(_parts(read))):
        digits = "".join(part.digits for part in run)
        words = sum(part.is_word for part in run)
        if SHORTEST_SPOKEN <= len(digits) <= LONGEST + 2 and words >= _FEWEST_WORDS:
            tokens = read.reading.tokens
            start, end = read.reading.span(tokens[run[0].first].start, tokens[run[-1].last - 1].end)
            is_abroad = any(one.concept == "spoken.plus" and one.last == run[0].first for one in read.family("spoken"))
            yield Contact(start, end, "phone", _value("+" * is_abroad + digits, among), "contacts.spoken")


def _value(digits: str, among: Sequence[str]) -> str:
    found = read_run(digits, 0, len(digits), among)
    return found[0].value if len(found) == 1 else digits


def _parts(read: Read) -> Iterator[_Part]:
    """What each word or number adds to a number, in order."""
    words, repeats = read.at("number"), read.at("spoken")
    tokens, at = read.reading.tokens, 0
    while at < len(tokens):
        token = tokens[at]
        if token.text.isdigit():
            yield _Part(_ascii(token.text), at, at + 1, is_word=False)
            at += 1
        elif (repeat := repeats.get(at)) and repeat.value != "plus" and (digit := _digit(read, words, repeat.last)):
            yield _Part(digit * (2 if repeat.value == "double" else 3), at, repeat.last + 1, is_word=True)
            at = repeat.last + 1
        elif word := words.get(at):
            part = _joined(word, words.get(word.last))
            yield part
            at = part.last
        else:
            at += 1


def _digit(read: Read, words: dict[int, Found], at: int) -> str | None:
    tokens = read.reading.tokens
    if at < len(tokens) and tokens[at].text.isdigit() and len(tokens[at].text) == 1:
        return _ascii(tokens[at].text)
    word = words.get(at)
    return word.value if word and len(word.value) == 1 and word.last == at + 1 else None


def _joined(word: Found, after: Found | None) -> _Part:
    """A number below 100 of one word or two: `thirty nine`, `soixante dix-huit`."""
    value, last = int(word.value), word.last
    if after and value >= 20 and value % 10 == 0 and 0 < int(after.value) < (20 if value in (60, 80) else 10):
        value, last = value + int(after.value), after.last
    return _Part(str(value), word.first, last, is_word=True)


def _runs(read: Read, parts: Sequence[_Part]) -> Iterator[list[_Part]]:
    tokens, run = read.reading.tokens, list[_Part]()
    for part in parts:
        if run and (part.first != run[-1].last or tokens[part.first].start - tokens[part.first - 1].end > _WIDEST_GAP):
            yield run
            run = []
        run.append(part)
    if run:
        yield run


def _ascii(digits: str) -> str:
    return "".join(str(int(one)) for one in digits)
