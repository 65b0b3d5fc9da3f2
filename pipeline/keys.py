"""The keys of pseudonyms and of sealed evidence: from the environment, from files, or (embedded only) made once and kept."""

import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet
from pydantic import SecretStr

from pipeline.errors import ConfigurationError
from pipeline.settings import PrivacySettings

MOST_EARLIER = 100
_KINDS = ("pseudonym", "evidence")
_LINE = re.compile(r"(?P<key_id>[A-Za-z0-9._-]{1,32})\s+(?P<kind>pseudonym|evidence)\s+(?P<key>\S{1,512})")


@dataclass(frozen=True, slots=True, repr=False)
class Earlier:
    """The keys of before, by their ids: those of evidence open what they sealed, those of pseudonyms find what they named."""

    pseudonym: Mapping[str, bytes] = field(default_factory=dict)
    evidence: Mapping[str, bytes] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Earlier(pseudonym={sorted(self.pseudonym)}, evidence={sorted(self.evidence)})"


@dataclass(frozen=True, slots=True)
class Keys:
    """Both keys, the id that is stored beside what they made, and those of before. Never printed."""

    pseudonym: bytes
    evidence: bytes
    key_id: str
    earlier: Earlier = field(default_factory=Earlier)

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
        earlier=_earlier(settings, kept),
    )


def _earlier(settings: PrivacySettings, kept: Path | None) -> Earlier:
    """The earlier keys: set, or in a file, or embedded in `earlier.keys` beside those that were made once, where that is."""
    if settings.earlier_keys:
        return read_earlier(settings.earlier_keys.get_secret_value(), "FANAL_PRIVACY_EARLIER_KEYS", settings.key_id)
    file = settings.earlier_keys_file or (kept / "earlier.keys" if kept and (kept / "earlier.keys").exists() else None)
    if file is None:
        return Earlier()
    return read_earlier(_from_file(file).decode("utf-8", "replace"), str(file), settings.key_id)


def read_earlier(text: str, where: str, key_id: str) -> Earlier:
    """Read lines `KEY_ID pseudonym|evidence KEY`; empty ones and comments (`#`) do not count. No message quotes a line.

    Raises:
        ConfigurationError: a line is none, names a key twice, or one that `key_id` names, or there are more than 100.
    """
    found: dict[str, dict[str, bytes]] = {kind: {} for kind in _KINDS}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        read = _LINE.fullmatch(line.strip())
        if read is None:
            raise ConfigurationError(f"{where}: line {number}: not `KEY_ID pseudonym KEY` or `KEY_ID evidence KEY`")
        name, kind, key = read["key_id"], read["kind"], read["key"]
        if name == key_id:
            raise ConfigurationError(
                f"{where}: line {number}: {name} is the id of the current keys; give a new key a privacy.key_id of its own"
            )
        if found[kind].setdefault(name, key.encode()) != key.encode():
            raise ConfigurationError(f"{where}: line {number}: there are two {kind} keys {name}")
    if max(map(len, found.values())) > MOST_EARLIER:
        raise ConfigurationError(f"{where}: more than {MOST_EARLIER} keys of a kind")
    return Earlier(found["pseudonym"], found["evidence"])


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
    return from_file(path, "key")


def secret(value: SecretStr | None, file: Path | None, what: str) -> str | None:
    """A secret as it is set, or from its file, or none. `what` names it for people.

    Raises:
        ConfigurationError: its file cannot be read, is empty, is no text, or others may read it.
    """
    if value:
        return value.get_secret_value()
    if file is None:
        return None
    try:
        return from_file(file, what).decode()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file}: the {what} is not UTF-8") from None


def from_file(path: Path, what: str) -> bytes:
    """What a file of a secret holds, without the blanks around it. Raises as `secret`."""
    try:
        if path.stat().st_mode & 0o007:
            raise ConfigurationError(f"{path}: others may read this {what}; run `chmod 600 {path}`")
        key = path.read_bytes().strip()
    except OSError as error:
        raise ConfigurationError(f"{path}: the {what} cannot be read ({error.strerror})") from None
    if not key:
        raise ConfigurationError(f"{path}: the {what} file is empty")
    return key
