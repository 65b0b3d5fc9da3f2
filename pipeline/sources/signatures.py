"""Signatures of pushed bodies: HMAC-SHA256 over the time and the raw body, each taken once within five minutes.

    X-Fanal-Timestamp: 1795612800
    X-Fanal-Signature: v1=hex(HMAC-SHA256(secret, "1795612800." + body))

And the answer to X's challenge (`crc_token`), which proves that this end knows the consumer secret.
"""

import base64
import hashlib
import hmac
import re
import secrets as random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

WINDOW_S = 300
"""How far a request's time may lie from ours, either way."""
LEAST_SECRET = 32
"""Bytes that a secret must have: as many as the digest has."""
MAX_REMEMBERED = 100_000
"""Signatures of a source that are remembered; more of them within the window are asked to come later."""

Verdict = Literal["taken", "refused", "too_many"]

_STAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v1=[0-9a-f]{64}")
_NOBODYS = random.token_bytes(LEAST_SECRET)
_TOKEN = re.compile(r"[A-Za-z0-9+/=_-]{1,128}")


def sign(secret: bytes, stamp: str, body: bytes) -> str:
    """The value of `X-Fanal-Signature` for a body sent at `stamp` (seconds since 1970, in digits)."""
    digest = hmac.new(secret, stamp.encode("ascii") + b".", hashlib.sha256)
    digest.update(body)
    return f"v1={digest.hexdigest()}"


def answer_crc(secret: bytes, token: str) -> str | None:
    """`sha256=` and the base64 of HMAC-SHA256(secret, token), as X asks for it; None for what is no token of X's.

    Whoever asks has a text of their own signed: so the secret must sign nothing else, and a text that could be a body
    (JSON has brackets or braces) is never signed.
    """
    if not _TOKEN.fullmatch(token):
        return None
    return "sha256=" + base64.b64encode(hmac.new(secret, token.encode("ascii"), hashlib.sha256).digest()).decode()


@dataclass(slots=True)
class Signatures:
    """The signatures of one source: whether one is right, recent and new. Without secrets none is, in the same time.

    Several secrets are taken side by side while one replaces another.
    """

    secrets: Sequence[bytes] = field(repr=False)
    clock: Callable[[], float] = time.time
    _used: dict[str, float] = field(default_factory=dict, repr=False)

    def is_recent(self, stamp: str, signature: str) -> bool:
        """Whether both headers have their form and the time lies within the window: what can be told before the body is read."""
        well_formed = _STAMP.fullmatch(stamp) and _SIGNATURE.fullmatch(signature)
        return bool(well_formed) and abs(self.clock() - int(stamp)) <= WINDOW_S

    def take(self, stamp: str, signature: str, body: bytes) -> Verdict:
        """Take a signature, once: it is refused from then on, until `release`."""
        if not self.is_recent(stamp, signature):
            return "refused"
        expected = [sign(secret, stamp, body) for secret in self.secrets or (_NOBODYS,)]
        matches = [hmac.compare_digest(one, signature) for one in expected]
        if not any(matches) or not self.secrets:
            return "refused"
        return self._remember(signature, int(stamp) + WINDOW_S)

    def release(self, signature: str) -> None:
        """Forget a signature whose request was not taken, so that the same request may come again."""
        self._used.pop(signature, None)

    def _remember(self, signature: str, until: float) -> Verdict:
        now = self.clock()
        if signature in self._used and self._used[signature] >= now:
            return "refused"
        if len(self._used) >= MAX_REMEMBERED:
            self._used = {one: end for one, end in self._used.items() if end >= now}
        if len(self._used) >= MAX_REMEMBERED:
            return "too_many"
        self._used[signature] = until
        return "taken"
