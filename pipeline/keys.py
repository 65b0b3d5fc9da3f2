"""The keys of pseudonyms and of sealed evidence: from the environment, from files, or (embedded only) made once and kept."""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet
from pydantic import SecretStr

from pipeline.errors import ConfigurationError
from pipeline.settings import PrivacySettings


@dataclass(frozen=True, slots=True)
class Keys:
    """Both keys and the id that is stored beside what they made. Never printed."""

    pseudonym: bytes
    evidence: bytes
    key_id: str

    def __repr__(self) -> str:
        return f"Keys(key_id={self.key_id!r})"


def read_keys(settings: PrivacySettings, kept: Path | None) -> Keys:
    """Read the keys; where none is set and a folder is given, make them there once, readable by this user alone.

    Raises:
        ConfigurationError: a key is missing, cannot be read, or others may read its file.
    """
    return Keys(
        pseudonym=_read("pseudonym", settings.pseudonym_key, settings.pseudonym_key_file, kept),
        evidence=_read("evidence", settings.evidence_key, settings.evidence_key_file, kept),
        key_id=settings.key_id,
    )


def _read(name: str, value: SecretStr | None, file: Path | None, kept: Path | None) -> bytes:
    if value:
        return value.get_secret_value().encode()
    if file:
        return _from_file(file)
    if kept is None:
        variable = f"FANAL_PRIVACY_{name.upper()}_KEY"
        raise ConfigurationError(
            f"no {name} key: set {variable} or {variable}_FILE (on an own cluster Fanal makes none by itself)"
        )
    return _made_once(kept / f"{name}.key", name)


def _made_once(path: Path, name: str) -> bytes:
    """Read the key that is kept; make it where there is none. Written aside and linked, so that of two workers that start
    together both read the same whole key."""
    if not path.exists():
        key = Fernet.generate_key() if name == "evidence" else secrets.token_urlsafe(32).encode()
        try:
            _keep(path, key)
        except OSError as error:
            raise ConfigurationError(f"{path}: the key cannot be kept there ({error.strerror})") from None
    return _from_file(path)


def _keep(path: Path, key: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_suffix(f".{secrets.token_hex(8)}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(key)
    try:
        with suppress(FileExistsError):
            path.hardlink_to(unfinished)
    finally:
        unfinished.unlink()


def _from_file(path: Path) -> bytes:
    try:
        if path.stat().st_mode & 0o007:
            raise ConfigurationError(f"{path}: others may read this key; run `chmod 600 {path}`")
        key = path.read_bytes().strip()
    except OSError as error:
        raise ConfigurationError(f"{path}: the key cannot be read ({error.strerror})") from None
    if not key:
        raise ConfigurationError(f"{path}: the key file is empty")
    return key
