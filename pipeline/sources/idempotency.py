"""Idempotency keys: a request that comes again under its key gets the answer of the first time, and nothing is sent twice.

After the IETF draft "The Idempotency-Key HTTP Header Field": 409 while the first is under way, 422 for another body.
"""

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

KEPT = 10_000
"""Keys of a source that are remembered, the latest."""
KEPT_S = 24 * 3600.0

Answer = TypeVar("Answer")

_FORM = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(slots=True)
class _Known(Generic[Answer]):
    body: bytes
    until: float
    answer: Answer | None = None


@dataclass(slots=True)
class Answers(Generic[Answer]):
    """The answers of one source by key: at most `kept`, each for a day."""

    kept: int = KEPT
    clock: Callable[[], float] = time.monotonic
    _known: OrderedDict[str, _Known[Answer]] = field(default_factory=OrderedDict)

    def begin(self, key: str, body: bytes) -> Answer | Literal["new", "under_way", "another_body"]:
        """What is known of a key; where nothing is, it is under way from now on, until `end`."""
        digest = hashlib.sha256(body).digest()
        known = self._known.get(key)
        if known is None or (known.answer is not None and known.until < self.clock()):
            self._known[key] = _Known(digest, self.clock() + KEPT_S)
            self._known.move_to_end(key)
            self._forget()
            return "new"
        if known.body != digest:
            return "another_body"
        return "under_way" if known.answer is None else known.answer

    def end(self, key: str, answer: Answer | None) -> None:
        """The answer of the request under this key; None where it was not taken, and may come again."""
        known = self._known.get(key)
        if known is None:
            return
        if answer is None:
            del self._known[key]
        else:
            known.answer = answer

    def _forget(self) -> None:
        while len(self._known) > self.kept:
            self._known.popitem(last=False)


def is_key(text: str) -> bool:
    """Whether a text can be a key: 1 to 255 visible ASCII characters."""
    return bool(_FORM.fullmatch(text))
