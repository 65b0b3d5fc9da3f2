"""How deep JSON is nested, told from its bytes: whole or torn, UTF-8 or not."""

import re

TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[][{},]|"', re.DOTALL)
"""A string, a bracket, a comma; or the quote of a string that never ends, behind which nothing can be told."""
_BRACKET = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[][{}]|"', re.DOTALL)
OPEN, CLOSED = frozenset({b"[", b"{"}), frozenset({b"]", b"}"})

MAX_DEPTH = 200
"""Levels of a line that are taken. What decodes near the interpreter's own limit may not encode a few calls further down."""
MAX_TOKENS = 1_000_000
"""Tokens that are looked at: a second's work. No post has so many, and what is behind them is taken as it came."""


def is_too_deep(raw: bytes) -> bool:
    """Whether brackets outside strings are open more than 200 deep, or are so many that it would take long to say."""
    if raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH:
        return False
    depth = 0
    for number, token in enumerate(_BRACKET.finditer(raw)):
        depth += (token[0] in OPEN) - (token[0] in CLOSED)
        if depth > MAX_DEPTH or number > MAX_TOKENS:
            return True
    return False
