"""The `fanal` command: help at once, one line when something is wrong, and exit codes that scripts can rely on."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from pipeline import __main__ as command
from pipeline.__main__ import COMMANDS, cli, main
from pipeline.errors import BrokerUnavailable, ConfigurationError, UsageError

HEAVY = (
    "faust",
    "aiokafka",
    "kafka",
    "elasticsearch",
    "torch",
    "transformers",
    "openvino",
    "numpy",
    "pydantic",
    "rich",
)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit code of `fanal ARGUMENTS`, in this process."""
    monkeypatch.setattr(sys, "argv", ["fanal", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert isinstance(end.value.code, int)
    return end.value.code


def failing(error: Exception) -> click.Command:
    """A command that raises."""

    def callback() -> None:
        raise error

    return click.Command("failing", callback=callback)


@pytest.fixture
def fails_with(monkeypatch: pytest.MonkeyPatch) -> "type[Failing]":
    """Makes `fanal failing` raise an error."""
    Failing.patch = monkeypatch
    return Failing


class Failing:
    """`Failing(error)` makes `fanal failing` raise it."""

    patch: pytest.MonkeyPatch

    def __init__(self, error: Exception) -> None:
        self.patch.setattr(command.Lazy, "get_command", lambda *_: failing(error))


def test_help_lists_all_commands_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['fanal', '--help']\n"
        "from pipeline.__main__ import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        f"print('LOADED', [name for name in {HEAVY} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "LOADED []" in found.stdout
    for name, about in COMMANDS.items():
        assert f"\n  {name} " in found.stdout
        assert about.split()[0] in found.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_that_is_listed_is_there_and_has_help(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, name, "--help") == 0
    assert capsys.readouterr().out.startswith(f"Usage: fanal {name}")


def test_every_command_that_is_there_is_listed() -> None:
    folder = Path(command.__file__).parent / "commands"
    there = {path.stem for path in folder.glob("*.py")}
    commands = {
        n for n in there if isinstance(getattr(import_module(f"pipeline.commands.{n}"), n, None), click.Command)
    }
    assert commands == set(COMMANDS)


def test_an_unknown_command_is_one_line_and_exit_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "nonsense") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "fanal: No such command 'nonsense'. (see `fanal --help`)\n"


def test_an_unknown_option_is_one_line_and_exit_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "version", "--nonsense") == 2
    assert capsys.readouterr().err == "fanal: No such option: --nonsense (see `fanal version --help`)\n"


def test_without_a_command_the_help_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch) == 2
    assert capsys.readouterr().err.startswith("Usage: fanal")


@pytest.mark.parametrize(
    ("error", "code"),
    [(ConfigurationError("set it"), 2), (UsageError("no such file"), 2), (BrokerUnavailable("no broker answers"), 1)],
)
def test_our_own_errors_are_one_line_with_their_exit_code(
    error: Exception,
    code: int,
    fails_with: type[Failing],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fails_with(error)
    assert run(monkeypatch, "failing") == code
    assert capsys.readouterr().err == f"fanal: {error}\n"


@pytest.mark.parametrize("code", [0, 1, 7])
def test_the_exit_code_of_a_command_is_the_exit_code(
    code: int, fails_with: type[Failing], monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_with(click.exceptions.Exit(code))
    assert run(monkeypatch, "failing") == code


def test_an_interruption_is_exit_130(
    fails_with: type[Failing], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fails_with(click.exceptions.Abort())
    assert run(monkeypatch, "failing") == 130
    assert capsys.readouterr().err == "fanal: interrupted\n"


def test_version_prints_the_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "version", "--json") == 0
    assert capsys.readouterr().out.startswith('{"fanal": "')


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("score", "none.ndjson"), "none.ndjson"),
        (("replay", "-", "--shift"), "--shift"),
        (("account", "--since", "soon"), "is no time"),
        (("account", "--since", "1d", "--offsets", "0:1-2"), "not both"),
        (("work", "nonsense"), "nonsense"),
        (("run", "--source", "none.ndjson"), "none.ndjson"),
        (("replay", "none.ndjson", "--rate", "0"), "0"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line_and_no_traceback(
    arguments: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pipeline.commands.parts.classifier", lambda _: None)
    assert run(monkeypatch, *arguments) == 2
    [one] = capsys.readouterr().err.splitlines()
    assert said in one


def test_without_servers_the_account_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("FANAL_KAFKA_BOOTSTRAP", "FANAL_ELASTICSEARCH_URL", "FANAL_DATA", "FANAL_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    assert run(monkeypatch, "account") == 2
    assert "fanal local up" in capsys.readouterr().err


def test_the_group_is_what_the_module_runs() -> None:
    assert cli.list_commands(click.Context(cli)) == list(COMMANDS)
