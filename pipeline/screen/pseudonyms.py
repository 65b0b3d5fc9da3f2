"""Names for what may not be named: keyed, stable, one-way.

A pseudonym is HMAC-SHA256 (RFC 2104) over length-prefixed parts, so no two inputs meet by the way they are joined, and
each use has its own domain, so an author's pseudonym says nothing about a document's id. Without the key nobody can
test a guess.
"""

import base64
import hashlib
import hmac

from pipeline.errors import ConfigurationError

ID_BYTES = 16
TOKEN_BYTES = 10
SHORTEST_KEY = 16

_LETTERS = bytes.maketrans(b"0123456789abcdef", b"abcdefghijklmnop")


class Pseudonyms:
    """The pseudonyms under one key. `key_id` names the key beside each value that is stored."""

    def __init__(self, key: bytes, key_id: str) -> None:
        if len(key) < SHORTEST_KEY:
            raise ConfigurationError(f"the pseudonym key has {len(key)} bytes; it needs at least {SHORTEST_KEY}")
        self._key = key
        self.key_id = key_id

    def document_id(self, platform: str, native_id: str) -> str:
        """The index's id of a post: 26 characters (128 bits), the same for every version of it."""
        return self._id("document", platform, native_id)

    def author(self, platform: str, author_id: str) -> str:
        """An author within one platform; the same person elsewhere has another pseudonym."""
        return self._id("author", platform, author_id)

    def container(self, platform: str, container: str) -> str:
        """A channel, group or feed: often its owner's handle, so it is not kept in clear."""
        return self._id("container", platform, container)

    def channel(self, platform: str, container: str) -> bytes:
        """A channel in the memory of recent scores: 8 bytes that do not meet its pseudonym in documents."""
        return self._digest("channel", platform, container)[:8]

    def secret(self, purpose: str) -> bytes:
        """Derive a key of 32 bytes for a purpose of its own."""
        return self._digest("secret", purpose)

    def token(self, kind: str, value: str) -> str:
        """Stand in for contact data: 20 letters (80 bits). No digit, so that a token is never read as a number."""
        return self._digest("token", kind, value)[:TOKEN_BYTES].hex().encode().translate(_LETTERS).decode()

    def within(self, scope: str) -> "Pseudonyms":
        """Pseudonyms that meet those of no other scope: for platforms whose terms forbid to link authors elsewhere."""
        return Pseudonyms(self._digest("scope", scope), self.key_id)

    def _id(self, *parts: str) -> str:
        return base64.b32encode(self._digest(*parts)[:ID_BYTES]).decode().rstrip("=").lower()

    def _digest(self, *parts: str) -> bytes:
        encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
        message = b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
        return hmac.new(self._key, message, hashlib.sha256).digest()
