"""The post as it came in, sealed: only who holds the evidence key can read it.

Fernet (AES-128-CBC and HMAC-SHA256, with the time of sealing) from `cryptography`. The key's id stays beside the
envelope, so that keys can be changed and an old envelope is still opened by the key it was sealed with.
"""

from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken

from pipeline.errors import ConfigurationError
from pipeline.posts import Evidence


class Seal:
    """Seals under one key, and opens what was sealed under it or under one of before."""

    def __init__(self, key: bytes, key_id: str, earlier: Mapping[str, bytes] | None = None) -> None:
        """Take Fernet keys (32 bytes, URL-safe base64): the one that seals, and those that only open, by their ids.

        Raises:
            ConfigurationError: a key is no Fernet key.
        """
        self._keys = {name: _fernet(one, name) for name, one in {**(earlier or {}), key_id: key}.items()}
        self.key_id = key_id

    def seal(self, raw: bytes) -> Evidence:
        """Encrypt a line exactly as it was received."""
        return Evidence(key_id=self.key_id, sealed=self._keys[self.key_id].encrypt(raw).decode("ascii"))

    def open_sealed(self, evidence: Evidence) -> bytes:
        """The bytes that were sealed.

        Raises:
            ConfigurationError: its key is not held, or it was altered.
        """
        key = self._keys.get(evidence.key_id)
        if key is None:
            held = ", ".join(sorted(self._keys))
            raise ConfigurationError(
                f"sealed with key {evidence.key_id[:32]!r}, which is not held (held: {held}): if it still exists, add it to "
                "privacy.earlier_keys_file; without it this evidence is lost"
            )
        try:
            return key.decrypt(evidence.sealed.encode("ascii"))
        except (InvalidToken, UnicodeEncodeError):
            raise ConfigurationError(f"key {evidence.key_id} does not open this evidence, or it was altered") from None


def _fernet(key: bytes, key_id: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        raise ConfigurationError(
            f"the evidence key {key_id} is not 32 bytes in URL-safe base64; Fernet.generate_key() of `cryptography` makes one"
        ) from None
