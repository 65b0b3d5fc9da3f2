"""The papers say what is there: commands, targets, settings, metrics, links; and nothing that must not be written."""

import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from pipeline import settings
from pipeline.__main__ import cli
from tests.reference import the_settings

ROOT = Path(__file__).resolve().parent.parent
PAPERS = sorted(path for at in ("*.md", "docs/**/*.md", "[a-z]*/**/README.md") for path in ROOT.glob(at))
TOML = ROOT / "config" / "fanal.toml"
OPERATING = ROOT / "docs" / "operating.md"
HOSTS = (
    "pypi|org",
    "pythonhosted|org",
    "maven|org",
    "maven|apache",
    "npmjs|org",
    "docker|io",
    "ghcr|io",
    "huggingface|co",
)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def code_of(paper: Path) -> Iterator[str]:
    """The lines of code of a paper: fenced blocks line by line, and spans."""
    pieces = re.split(r"^ *```.*$", read(paper), flags=re.MULTILINE)
    for number, piece in enumerate(pieces):
        yield from piece.splitlines() if number % 2 else re.findall(r"`([^`]+)`", piece)


def calls_of(program: str) -> Iterator[tuple[str, list[str]]]:
    """Where a program is called in the papers, and with what."""
    for paper in PAPERS:
        for line in code_of(paper):
            for found in re.finditer(rf"(?:^|[\s;|(/]){program}(?= |$)([^|;&#>]*)", line):
                yield f"{paper.relative_to(ROOT)}: {line.strip()}", found[1].split()


def complaint(words: list[str]) -> str | None:
    """What `fanal` would not understand of these words; a word in capitals stands for any value."""
    command: click.Command = cli
    context = click.Context(command, info_name="fanal")
    for word in words:
        if word.startswith("-"):
            known = {option for one in command.get_params(context) for option in (*one.opts, *one.secondary_opts)}
            if word.split("=")[0] not in known:
                return f"{command.name} has no option {word}"
        elif isinstance(command, click.Group):
            found = command.get_command(context, word)
            if found is None:
                return f"{command.name} has no command {word}"
            command = found
    return None


def uncommented() -> str:
    return re.sub(r"^# (?=[a-z0-9_]+ = )", "", read(TOML), flags=re.MULTILINE)


def flat(tables: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in tables.items():
        found |= {f"{name}.{key}": inner for key, inner in value.items()} if isinstance(value, dict) else {name: value}
    return found


def rows_of(paper: Path) -> dict[str, list[str]]:
    """The rows of a paper's tables by their first cell, where that is code."""
    lines = (line for line in read(paper).splitlines() if line.startswith("| `"))
    cells = ([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines)
    return {row[0].strip("`"): row[1:] for row in cells}


def our_files() -> list[Path]:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [path for name in done.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def test_every_command_that_the_papers_name_exists() -> None:
    calls = list(calls_of("fanal"))
    assert len(calls) > 20
    assert [f"{where}: {wrong}" for where, words in calls if (wrong := complaint(words))] == []


def test_a_command_that_does_not_exist_would_be_noticed() -> None:
    assert complaint(["local", "status", "--json"]) is None
    assert complaint(["launch"]) == "cli has no command launch"
    assert complaint(["local", "dance"]) == "local has no command dance"
    assert complaint(["run", "--twice"]) == "run has no option --twice"


def test_every_target_that_the_papers_name_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), flags=re.MULTILINE))
    named = {word for _, words in calls_of("make") for word in words[:1] if re.fullmatch(r"[a-z-]+", word)}
    assert {"run", "test"} <= named <= targets


def test_the_forge_calls_targets_that_exist() -> None:
    workflow = read(ROOT / ".github" / "workflows" / "ci.yml")
    targets = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), flags=re.MULTILINE))
    runs = re.findall(r"run: (.+)", workflow)
    assert runs
    assert all(run.split()[0] == "make" and run.split()[1] in targets for run in runs)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(ROOT)))
def test_relative_links_lead_somewhere(paper: Path) -> None:
    links = [link.split(" ")[0] for link in re.findall(r"\]\(([^)]+)\)", read(paper))]
    lost = [link for link in links if "://" not in link and not _leads(paper, link)]
    assert lost == []


def _leads(paper: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (paper.parent / path).resolve() if path else paper
    if not anchor or target.suffix != ".md":
        return target.exists()
    headings = re.findall(r"^#+ +(.+)$", read(target), flags=re.MULTILINE)
    return anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_the_settings_file_names_every_setting_and_changes_none() -> None:
    assert flat(tomllib.loads(read(TOML))) == {}
    assert flat(tomllib.loads(uncommented())).keys() == the_settings().keys()


def test_the_settings_file_shows_the_defaults() -> None:
    shown = flat(tomllib.loads(uncommented()))
    defaults = {name: default for name, (_, default) in the_settings().items() if default is not None}
    assert {name: type(default)(shown[name]) for name, default in defaults.items()} == defaults


def test_the_settings_file_shows_examples_that_are_taken(tmp_path: Path) -> None:
    (tmp_path / "all.toml").write_text(uncommented(), encoding="utf-8")
    assert settings.Settings.read(tmp_path / "all.toml").kafka.sasl_password is not None


def test_operating_lists_every_setting_with_its_variable_and_default() -> None:
    rows = rows_of(OPERATING)
    listed = {name: tuple(rows[name][:2]) for name in the_settings() if name in rows}
    assert listed == {name: (f"`{variable}`", _cell(default)) for name, (variable, default) in the_settings().items()}


def _cell(default: Any) -> str:
    shown = str(default).lower() if isinstance(default, bool) else default
    return "none" if default is None else "empty" if default == "" else f"`{shown}`"


def test_decisions_are_numbered_once_and_titled_by_their_number() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [path.name[:3] for path in decisions]
    assert [number for number, count in Counter(numbers).items() if count > 1 or not number.isdigit()] == []
    assert [path.name for path in decisions if not read(path).startswith(f"# {path.name[:3]}: ")] == []


def test_figures_in_the_readme_are_those_of_the_model_card() -> None:
    card = set(read(ROOT / "models" / "artefact" / "README.md").splitlines())
    measured = re.findall(r"^\|.*(?:\d/\d|per 100,000).*$", read(ROOT / "README.md"), flags=re.MULTILINE)
    assert measured
    assert [line for line in measured if line not in card] == []


def test_no_file_names_a_registry_or_a_folder_of_one_machine() -> None:
    hosts = "|".join(host.replace("|", r"\.") for host in HOSTS)
    forbidden = re.compile(rf"{hosts}|(?<![\w.}}\]*/-])/(?:work|root|home)(?:/|\b)".encode())
    found = [(path, found[0]) for path in our_files() if (found := forbidden.search(path.read_bytes()))]
    assert [f"{path.relative_to(ROOT)}: {what.decode()}" for path, what in found] == []
