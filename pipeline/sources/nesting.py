"""How deep JSON is nested, told from its bytes: whole or torn, UTF-8 or not."""

import re

TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[][{},]|"', re.DOTALL)
"""A string, a bracket, a comma; or the quote of a string that never ends, behind which nothing can be told."""
OPEN, CLOSED = frozenset({b"[", b"{"}), frozenset({b"]", b"}"})

MAX_DEPTH = 200
"""Levels of a line that are taken. What decodes near the interpreter's own limit may not encode a few calls further down."""


def is_too_deep(raw: bytes) -> bool:
    """Whether brackets outside strings are open more than 200 deep."""
    if raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH:
        return False
    depth = 0
    for token in TOKEN.finditer(raw):
        depth += (token[0] in OPEN) - (token[0] in CLOSED)
        if depth > MAX_DEPTH:
            return True
    return False
