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
    with pytest.raises(ConfigurationError, match=r"sealed with key 'k1', which is not held \(held: k2\)"):
        Seal(Fernet.generate_key(), "k2").open_sealed(evidence)


def test_after_a_rotation_the_new_key_seals_and_the_old_ones_open() -> None:
    old, older, new = (Fernet.generate_key() for _ in range(3))
    before = [Seal(older, "k0").seal(RAW), Seal(old, "k1").seal(RAW)]
    seal = Seal(new, "k2", {"k0": older, "k1": old})
    assert [seal.open_sealed(one) for one in before] == [RAW, RAW]
    assert seal.seal(RAW).key_id == "k2"
    assert Seal(new, "k2").open_sealed(seal.seal(RAW)) == RAW


def test_a_lost_key_is_named_in_one_line_that_says_what_to_do() -> None:
    with pytest.raises(
        ConfigurationError, match=r"privacy\.earlier_keys_file; without it this evidence is lost"
    ) as caught:
        Seal(Fernet.generate_key(), "k2").open_sealed(Evidence(key_id="k1\n" * 99, sealed="x"))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_an_earlier_key_that_is_none_is_named_and_not_shown() -> None:
    with pytest.raises(ConfigurationError, match="the evidence key k0 is not 32 bytes") as caught:
        Seal(Fernet.generate_key(), "k1", {"k0": b"secret"})
    assert "secret" not in str(caught.value)


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
