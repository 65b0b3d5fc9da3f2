"""Sealed evidence: exactly what came in, for the key's holder alone."""

import pytest
from cryptography.fernet import Fernet

from pipeline.errors import ConfigurationError
from pipeline.posts import Evidence
from pipeline.screen.evidence import Seal

RAW = b'{"platform":"push","native_id":"1","text":"\xff not even UTF-8"}'


def test_what_is_sealed_opens_to_the_same_bytes() -> None:
    seal = Seal(Fernet.generate_key(), "k1")
    assert seal.open_sealed(seal.seal(RAW)) == RAW


def test_an_envelope_shows_its_key_and_nothing_else() -> None:
    evidence = Seal(Fernet.generate_key(), "k7").seal(RAW)
    assert evidence.key_id == "k7"
    assert "native_id" not in evidence.sealed


def test_another_key_does_not_open_it() -> None:
    evidence = Seal(Fernet.generate_key(), "k1").seal(RAW)
    with pytest.raises(ConfigurationError, match="key k1 does not open"):
        Seal(Fernet.generate_key(), "k1").open_sealed(evidence)
    with pytest.raises(ConfigurationError, match="sealed with key k1, but the key given is k2"):
        Seal(Fernet.generate_key(), "k2").open_sealed(evidence)


def test_an_altered_envelope_does_not_open() -> None:
    seal = Seal(Fernet.generate_key(), "k1")
    sealed = seal.seal(RAW).sealed
    for altered in (sealed[:-4] + "AAA=", sealed[:40], "", "…"):
        with pytest.raises(ConfigurationError):
            seal.open_sealed(Evidence(key_id="k1", sealed=altered))


@pytest.mark.parametrize("key", [b"", b"short", b"x" * 44, "é".encode() * 22])
def test_a_key_that_is_none_is_refused_without_being_shown(key: bytes) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Seal(key, "k1")
    assert "Fernet" in str(caught.value)
    assert not key or key.decode() not in str(caught.value)
