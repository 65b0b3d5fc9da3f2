"""The fetcher of Debian's packages: what it reads of the machine, what it refuses, and that a tool is fetched once."""

import subprocess
from pathlib import Path

import pytest

from tests.tools import debian
from tests.tools.debian import Unobtainable, listed, mirror, program, root_of

BODY = b"a package"
SHA256 = "1" * 64


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "TOOLS", tmp_path / "tools")
    monkeypatch.setattr(debian, "SOURCES", tmp_path / "apt")
    monkeypatch.setattr(debian, "MACHINE", "x86_64")
    monkeypatch.delenv(debian.FOLDER, raising=False)
    (tmp_path / "apt" / "sources.list.d").mkdir(parents=True)


def write_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *rows: str) -> None:
    path = tmp_path / "debian.list"
    path.write_text("# tool suite package version sha256\n" + "\n".join(rows) + "\n", encoding="utf-8")
    monkeypatch.setattr(debian, "LIST", path)


def test_every_row_of_the_list_names_a_package_and_its_checksum() -> None:
    rows = [package for tool in ("prometheus", "alertmanager") for one in listed(tool).values() for package in one]
    assert len(rows) == 5
    assert {len(row.sha256) for row in rows} == {64}
    assert list(listed("prometheus")) == ["trixie", "bookworm"], "the newer suite first"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sources.list.d/debian.sources", "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\n"),
        ("sources.list", "deb [signed-by=/x.gpg] http://mirror.example/debian bookworm main\n"),
    ],
)
def test_the_archive_is_the_one_that_the_machine_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setattr(debian, "KEYRING", tmp_path)
    monkeypatch.setattr("shutil.which", lambda _: "apt-get")
    (tmp_path / "apt" / name).write_text("# deb http://old.example/debian\n" + text, encoding="utf-8")
    assert mirror() == "http://mirror.example/debian"


def test_a_machine_without_an_archive_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "KEYRING", tmp_path)
    monkeypatch.setattr("shutil.which", lambda _: "apt-get")
    with pytest.raises(Unobtainable, match="name no Debian archive"):
        mirror()


def test_every_suite_that_failed_is_named_without_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_list(tmp_path, monkeypatch, f"it trixie it 1 {SHA256}", f"it bookworm it 0 {SHA256}")

    def fails(*_: object) -> None:
        raise subprocess.TimeoutExpired("apt-get http://mirror.example/debian", 1)

    monkeypatch.setattr(debian, "_download", fails)
    with pytest.raises(Unobtainable, match=r"no package of it could be had \(trixie: .*; bookworm: .*\)") as raised:
        root_of("it")
    assert "mirror.example" not in str(raised.value)


def test_a_package_that_is_not_the_one_listed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_list(tmp_path, monkeypatch, f"it trixie it 1 {'0' * 64}")
    monkeypatch.setattr(debian, "_download", lambda _, folder: (folder / "it_1_amd64.deb").write_bytes(BODY))
    with pytest.raises(Unobtainable, match=r"it 1 is not what debian\.list names"):
        root_of("it")
    assert list((tmp_path / "tools").glob("it-*")) == []


def test_what_was_unpacked_once_is_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_list(tmp_path, monkeypatch, f"it trixie it 1 {SHA256}")
    root = debian._root(listed("it")["trixie"])
    root.mkdir(parents=True)
    assert program("it", "it") == root / "usr" / "bin" / "it"


def test_a_folder_of_ones_own_is_used_and_must_have_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(debian.FOLDER, str(tmp_path))
    with pytest.raises(Unobtainable, match="which has no program promtool"):
        program("prometheus", "promtool")
    (tmp_path / "promtool").touch(0o755)
    assert program("prometheus", "promtool") == tmp_path / "promtool"
