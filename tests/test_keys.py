"""Keys: set, or in a file that nobody else reads, or made once."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from pipeline.errors import ConfigurationError
from pipeline.keys import Earlier, Keys, read_earlier, read_keys
from pipeline.screen.evidence import Seal
from pipeline.screen.pseudonyms import Pseudonyms
from pipeline.settings import PrivacySettings

SET = PrivacySettings(pseudonym_key=SecretStr("a pseudonym key, long"), evidence_key=SecretStr("an evidence key"))


def test_keys_that_are_set_are_used_and_nothing_is_written(tmp_path: Path) -> None:
    found = read_keys(SET, tmp_path)
    assert (found.pseudonym, found.evidence, found.key_id) == (b"a pseudonym key, long", b"an evidence key", "k1")
    assert list(tmp_path.iterdir()) == []


def test_keys_are_made_once_readable_by_this_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "keys"
    made = read_keys(PrivacySettings(), folder)
    assert read_keys(PrivacySettings(), folder) == made
    assert sorted(path.name for path in folder.iterdir()) == ["evidence.key", "pseudonym.key"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_keys_that_are_made_fit_what_uses_them(tmp_path: Path) -> None:
    made = read_keys(PrivacySettings(), tmp_path)
    Pseudonyms(made.pseudonym, made.key_id)
    Seal(made.evidence, made.key_id)
    assert made.pseudonym != made.evidence


def test_two_workers_that_start_together_have_the_same_keys(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: read_keys(PrivacySettings(), tmp_path / str(n // 8)), range(64)))
    assert all(len({keys.pseudonym for keys in found[n : n + 8]}) == 1 for n in range(0, 64, 8))


def test_on_an_own_cluster_no_key_is_made() -> None:
    with pytest.raises(ConfigurationError, match="FANAL_PRIVACY_PSEUDONYM_KEY"):
        read_keys(PrivacySettings(), None)


def in_file(path: Path, mode: int, key: bytes = b"0123456789abcdef\n") -> PrivacySettings:
    path.write_bytes(key)
    path.chmod(mode)
    return PrivacySettings(pseudonym_key_file=path, evidence_key=SecretStr(Fernet.generate_key().decode()))


def test_a_key_file_is_read_without_its_newline(tmp_path: Path) -> None:
    assert read_keys(in_file(tmp_path / "key", 0o440), None).pseudonym == b"0123456789abcdef"


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o606, 0o777])
def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigurationError, match="others may read this key"):
        read_keys(in_file(tmp_path / "key", mode), None)


def test_a_kept_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    read_keys(PrivacySettings(), tmp_path)
    (tmp_path / "evidence.key").chmod(0o644)
    with pytest.raises(ConfigurationError, match="others may read this key"):
        read_keys(PrivacySettings(), tmp_path)


def test_an_empty_or_missing_key_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="empty"):
        read_keys(in_file(tmp_path / "key", 0o600, b" \n"), None)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_keys(PrivacySettings(pseudonym_key_file=tmp_path / "none", evidence_key=SecretStr("x")), None)


def test_where_a_key_cannot_be_kept_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(b"a file where the folder should be")
    with pytest.raises(ConfigurationError, match="cannot be kept"):
        read_keys(PrivacySettings(), tmp_path / "keys")


EARLIER = "# of before\n\nk0 evidence eeee\nk0  pseudonym pppppppppppppppp\nk-1 evidence dddd\n"


def test_earlier_keys_are_read_by_their_ids(tmp_path: Path) -> None:
    path = tmp_path / "earlier.keys"
    path.write_text(EARLIER)
    path.chmod(0o600)
    for settings in (
        SET.model_copy(update={"earlier_keys_file": path}),
        SET.model_copy(update={"earlier_keys": SecretStr(EARLIER)}),
    ):
        found = read_keys(settings, None).earlier
        assert found.evidence == {"k0": b"eeee", "k-1": b"dddd"}
        assert found.pseudonym == {"k0": b"p" * 16}
    assert read_keys(SET, tmp_path).earlier.evidence.keys() == {"k0", "k-1"}
    assert read_keys(SET, None).earlier.evidence == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("k0 evidence", "line 1: not `KEY_ID pseudonym KEY`"),
        ("\nk0 other secret", "line 2: not"),
        ("k0 evidence secret secret", "line 1: not"),
        ("k1 evidence secret", "line 1: k1 is the id of the current keys"),
        ("k0 evidence secret\nk0 evidence secret2", "line 2: there are two evidence keys k0"),
        ("\n".join(f"a{n} evidence secret" for n in range(101)), "more than 100"),
    ],
)
def test_earlier_keys_that_do_not_fit_are_named_by_their_line_and_not_shown(text: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why) as caught:
        read_earlier(text, "earlier.keys", "k1")
    assert "secret" not in str(caught.value)


def test_keys_never_show() -> None:
    keys = Keys(b"pppppp", b"eeeeee", "k7", Earlier({"k0": b"pppppp"}, {"k0": b"eeeeee"}))
    shown = f"{keys!r} {keys} {keys.earlier!r} {keys.earlier}"
    assert "k7" in shown
    assert "ppp" not in shown
    assert "eee" not in shown
