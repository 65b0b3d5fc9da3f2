"""The post as it came in, sealed: only who holds the evidence key can read it.

Fernet (AES-128-CBC and HMAC-SHA256, with the time of sealing) from `cryptography`. The key's id stays beside the
envelope, so that keys can be changed and an old envelope is still opened by the key it was sealed with.
"""

from cryptography.fernet import Fernet, InvalidToken

from pipeline.errors import ConfigurationError
from pipeline.posts import Evidence


class Seal:
    """Seals under one key, and opens what was sealed under it."""

    def __init__(self, key: bytes, key_id: str) -> None:
        """Take a Fernet key (32 bytes, URL-safe base64).

        Raises:
            ConfigurationError: the key is no Fernet key.
        """
        try:
            self._fernet = Fernet(key)
        except ValueError:
            raise ConfigurationError(
                "the evidence key is not 32 bytes in URL-safe base64; Fernet.generate_key() of `cryptography` makes one"
            ) from None
        self.key_id = key_id

    def seal(self, raw: bytes) -> Evidence:
        """Encrypt a line exactly as it was received."""
        return Evidence(key_id=self.key_id, sealed=self._fernet.encrypt(raw).decode("ascii"))

    def open_sealed(self, evidence: Evidence) -> bytes:
        """The bytes that were sealed.

        Raises:
            ConfigurationError: the envelope is another key's, or it was altered.
        """
        if evidence.key_id != self.key_id:
            raise ConfigurationError(f"sealed with key {evidence.key_id}, but the key given is {self.key_id}")
        try:
            return self._fernet.decrypt(evidence.sealed.encode("ascii"))
        except (InvalidToken, UnicodeEncodeError):
            raise ConfigurationError(f"key {self.key_id} does not open this evidence, or it was altered") from None
