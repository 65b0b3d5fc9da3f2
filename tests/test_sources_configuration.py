"""`config/sources.toml`: what fits is read, and what does not is one line that says what to do."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from pipeline.broker.connection import Connection
from pipeline.commands.collect import before_live, configured
from pipeline.errors import ConfigurationError, UsageError
from pipeline.resources import config_dir
from pipeline.settings import Settings
from pipeline.sources.configuration import chosen, connectors, read_sources
from pipeline.sources.kinds import KINDS, Kind
from pipeline.sources.source_settings import TokenSettings
from tests.fakes_sources import Numbered


class Tokened(TokenSettings):
    """A kind with a token."""

    count: int = 5


def make(name: str, settings: Tokened, _: Connection) -> Numbered:
    settings.token()
    return Numbered(settings.count, name=name)


NOWHERE = Connection("127.0.0.1:1")
FAKES = {"numbered": Kind(Tokened, make), "mastodon": Kind(Tokened, make)}


def file(folder: Path, text: str) -> Path:
    path = folder / "sources.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_sources_are_read_by_name(tmp_path: Path) -> None:
    path = file(tmp_path, '[sources.one]\nkind = "numbered"\ncount = 7\n[sources.two]\nkind = "mastodon"\n')
    assert [one.name for one in configured(path, (), NOWHERE, FAKES)] == ["one", "two"]


def test_a_source_that_is_switched_off_is_read_only_when_it_is_named(tmp_path: Path) -> None:
    path = file(tmp_path, '[sources.one]\nkind = "numbered"\n[sources.two]\nkind = "mastodon"\nenabled = false\n')
    assert [one.name for one in configured(path, (), NOWHERE, FAKES)] == ["one"]
    assert [one.name for one in configured(path, ("two",), NOWHERE, FAKES)] == ["two"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[sources.a]\nkind = "mastodom"', "[sources.a]: no kind 'mastodom'; did you mean mastodon?"),
        ('[sources.a]\nkind = "zz"', "[sources.a]: no kind 'zz'; there are mastodon, numbered"),
        ("[sources.a]\ncount = 1", '[sources.a]: no kind; give one of mastodon, numbered as kind = "..."'),
        ('[sources.a]\nkind = "numbered"\ncuont = 1', "[sources.a]: no setting cuont; did you mean count?"),
        ('[sources.a]\nkind = "numbered"\ncount = "x"', "[sources.a]: count: input should be a valid integer"),
        ('[sources."A b"]\nkind = "numbered"', "a source's name is small letters"),
        ('[source.a]\nkind = "numbered"', "it holds tables [sources.NAME] and nothing else"),
        ("sources = 3", "it holds tables [sources.NAME] and nothing else"),
        ("[sources]", "no source in it"),
        ("[sources", "not valid TOML"),
        ('[sources.a]\nkind = "numbered"\ntoken_env = "FANAL_X"', "variables that begin with FANAL_ are settings"),
        ('[sources.a]\nkind = "numbered"\ntoken_env = "X"\ntoken_file = "y"', "give token_env or token_file, not both"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(line)) as caught:
        read_sources(file(tmp_path, text), FAKES)
    assert "\n" not in str(caught.value) or "TOML" in line


def test_a_file_that_is_not_there_is_said_with_what_to_begin_with(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no such file; begin with a copy of config/sources\.example\.toml"):
        read_sources(tmp_path / "none.toml")


def test_a_source_that_is_named_and_not_there_is_said_with_the_nearest(tmp_path: Path) -> None:
    path = file(tmp_path, '[sources.bluesky]\nkind = "numbered"\nenabled = false\n')
    with pytest.raises(UsageError, match="no source 'blusky'; did you mean bluesky"):
        chosen(read_sources(path, FAKES), ["blusky"])
    with pytest.raises(ConfigurationError, match="every source is switched off"):
        chosen(read_sources(path, FAKES), [])


def test_a_token_comes_from_a_variable_or_a_file_and_never_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_TOKEN", "hunter2")
    (tmp_path / "token").write_text("hunter3\n", encoding="utf-8")
    from_variable = Tokened(kind="numbered", token_env="A_TOKEN")
    assert from_variable.token() == SecretStr("hunter2")
    assert Tokened(kind="numbered", token_file=tmp_path / "token").token() == SecretStr("hunter3")
    assert Tokened(kind="numbered").token() is None
    assert "hunter" not in f"{from_variable!r} {from_variable.token()}"


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ({"token_env": "NOT_SET"}, "NOT_SET is not set in the environment"),
        ({"token_file": "none"}, r"none: the secret cannot be read \(FileNotFoundError\)"),
        ({"token_file": "empty"}, "empty: the file of the secret is empty"),
    ],
)
def test_a_token_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: dict[str, Any], line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NOT_SET", raising=False)
    Path("empty").touch()
    with pytest.raises(ConfigurationError, match=line):
        connectors({"a": Tokened(kind="numbered", **where)}, NOWHERE, FAKES)


async def test_a_live_source_is_not_read_where_nobody_has_said_who_runs_it(tmp_path: Path) -> None:
    settings = Settings(licence=tmp_path / "none.toml")
    check, _ = before_live(settings, [Numbered(1, name="one", platform="bluesky", live=True)])
    with pytest.raises(ConfigurationError, match="one"):
        await check(["one"])


EXAMPLE = config_dir() / "sources.example.toml"


def examples() -> dict[str, dict[str, Any]]:
    """The tables of the example, those that are comments too."""
    text = re.sub(
        r"^# (?=\[sources\.[a-z]+\]$|[a-z0-9_]+ = )", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    tables: dict[str, dict[str, Any]] = tomllib.loads(text)["sources"]
    return tables


def test_the_example_shows_every_kind_with_settings_that_are_taken() -> None:
    tables = examples()
    assert KINDS.keys() <= {table["kind"] for table in tables.values()}
    for table in tables.values():
        if table["kind"] in KINDS:
            assert KINDS[table["kind"]].settings(**table).kind == table["kind"]


def test_the_example_shows_every_setting_of_the_kinds_there_are() -> None:
    for kind, one in KINDS.items():
        shown = {name for table in examples().values() if table["kind"] == kind for name in table}
        assert one.settings.model_fields.keys() - shown <= {"enabled"}  # the head of the file tells of it


def test_the_example_as_it_ships_asks_for_sources_that_need_no_account() -> None:
    shipped = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))["sources"]
    assert {table["kind"] for table in shipped.values()} == {"replay"}
