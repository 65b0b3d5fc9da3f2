"""A feed's outline, by expat: which bytes are which item, how often it wants to be asked, and whether it may be read. Pure.

What declares entities is refused before a parser that would expand them sees it: no feed needs them, and a few lines of them
can stand for gigabytes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pyexpat import ExpatError, ParserCreate
from typing import Literal

MAX_ILL_FORMED = 256 * 1024
"""Bytes of a document that is not well-formed and is read all the same: the forgiving parser is slow."""
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ITEMS = frozenset({"item", "entry"})
_ENCODING = re.compile(rb"""^[^>]{0,64}encoding\s{0,9}=\s{0,9}["']([A-Za-z0-9._-]{1,40})""")
_READABLE = re.compile(
    r"(?i)utf-?8|utf-?16(le|be)?|us-ascii|ascii|iso-?8859-?\d{1,2}|latin-?\d|windows-125\d|cp125\d|koi8-[ru]|gb2312|gbk|gb18030|"
    r"big5|shift_jis|euc-(jp|kr)|tis-620"
)
MAX_HEAD = 8 * 1024
"""Bytes before the first element. feedparser looks at them with patterns whose time grows with their square."""
MAX_ATTRIBUTES = 100
_ELEMENT = re.compile(rb"<[A-Za-z_]")
Fault = Literal["entities", "encoding", "large", "odd"]


@dataclass(slots=True)
class Outline:
    """`items` are the items' bytes as received, in order. `fault` says why the document may not be read."""

    items: list[bytes] = field(default_factory=list)
    before: bytes = b""
    after: bytes = b""
    well_formed: bool = False
    ttl_minutes: int | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()
    fault: Fault | None = None


def outline(body: bytes) -> Outline:
    """Read the outline. Never raises for what the document holds; what was read before a fault stays."""
    if fault := _fault(body):
        return Outline(fault=fault)
    found = _Outliner(body)
    found.run()
    if not found.outline.well_formed and len(body) > MAX_ILL_FORMED:
        found.outline.fault = "large"
    return found.outline


def is_readable_encoding(name: str) -> bool:
    """Whether a charset is one in which markup cannot hide: letters and `<` stand for themselves."""
    return _READABLE.fullmatch(name) is not None


def _fault(body: bytes) -> Fault | None:
    plain = body.replace(b"\0", b"")
    if b"<!ENTITY" in plain:
        return "entities"
    first = _ELEMENT.search(plain)
    if plain and (
        first is None or first.start() > MAX_HEAD or (b"<?xml" in plain[:16] and b"?>" not in plain[:MAX_HEAD])
    ):
        return "odd"
    declared = _ENCODING.match(plain[:200].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n"))
    return "encoding" if declared and not is_readable_encoding(declared[1].decode("ascii")) else None


class _Outliner:
    def __init__(self, body: bytes) -> None:
        self.outline = Outline()
        self._body = body
        self._path: list[str] = []
        self._begin: int | None = None
        self._depth = 0
        self._text = ""
        self._end = 0
        self._parser = ParserCreate()
        self._parser.StartElementHandler = self._opened
        self._parser.EndElementHandler = self._closed
        self._parser.CharacterDataHandler = self._said

    def run(self) -> None:
        try:
            self._parser.Parse(self._body, True)
        except (ExpatError, ValueError, LookupError):
            return
        self.outline.well_formed = True
        self.outline.after = self._body[self._end :]

    def _opened(self, name: str, attributes: Mapping[str, str]) -> None:
        if len(attributes) > MAX_ATTRIBUTES:
            self.outline.fault = "odd"
        self._depth += 1
        self._text = ""
        if self._begin is None and _local(name) in _ITEMS:
            self._begin, self._item_depth = self._parser.CurrentByteIndex, self._depth
            self.outline.before = self.outline.before or self._body[: self._begin]

    def _said(self, text: str) -> None:
        if self._begin is None and len(self._text) < 64:
            self._text += text[:64]

    def _closed(self, name: str) -> None:
        if self._begin is None:
            self._told(_local(name), self._text.strip())
        elif self._depth == self._item_depth:
            self._end = self._end_of(name)
            self.outline.items.append(self._body[self._begin : self._end])
            self._begin = None
        self._depth -= 1

    def _end_of(self, name: str) -> int:
        """Expat stands before `</item>`, but behind `<item/>`. NULs: the document may be UTF-16."""
        at = self._parser.CurrentByteIndex
        closing = b"</" + name.encode()
        ahead = self._body[at : at + 2 * len(closing) + 2].replace(b"\0", b"")
        return self._body.find(b">", at) + 1 if ahead.startswith(closing) else at

    def _told(self, name: str, text: str) -> None:
        """Note what the channel says of its own rhythm (RSS 2.0: ttl in minutes, hours in GMT, days by name)."""
        if name == "ttl" and text.isdecimal():
            self.outline.ttl_minutes = int(text[:9])
        elif name == "hour" and text.isdecimal():
            self.outline.skip_hours |= {int(text[:9]) % 24}
        elif name == "day" and text.lower() in _DAYS:
            self.outline.skip_days |= {_DAYS.index(text.lower())}


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()
