"""`fanal licence`: who runs live sources, on which basis and until when; and asking for it once, on the terminal."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from pipeline.commands.terminal import ERR, OUT
from pipeline.errors import ConfigurationError
from pipeline.licence import (
    ACCEPTABLE_USE,
    BASES,
    EVERY,
    LONGEST,
    RULES,
    WANTED,
    Licence,
    read_licence,
    require_licence,
    why_not,
    write_licence,
    wrong_with,
)
from pipeline.settings import Settings

PAGE = "docs/legal/acceptable-use.md"
DATES = {"assessed_on", "valid_until"}


def ask_licence(path: Path, source_names: Iterable[str], today: date, kinds: Mapping[str, str] | None = None) -> None:
    """Have a licence for these live sources: nothing where it is in force and covers them, else ask for it, and write it down.

    Raises:
        ConfigurationError: it is not in force and nobody sits at a terminal, or whoever does refuses the rules.
    """
    names = list(source_names)
    try:
        require_licence(path, names, today, kinds)
    except ConfigurationError as error:
        if not on_a_terminal():
            raise
        ERR.print(str(error), markup=False, soft_wrap=True)
        write_licence(path, _asked(path, names, today))
        ERR.print(f"written to {path}", markup=False)
        require_licence(path, names, today, kinds)


def on_a_terminal() -> bool:
    """Whether a person can be asked: what is typed and what is shown are a terminal's."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _asked(path: Path, names: list[str], today: date) -> Licence:
    _acknowledge()
    former = _former(path)
    sources = sorted({*former.get("sources", ()), *names}) or [EVERY]
    given = {**former, "sources": ", ".join(sources), "assessed_on": None, "valid_until": str(today + LONGEST)}
    asked = ("operator", "contact", "basis", "grounds", "assessment", "assessed_on", "sources", "valid_until")
    answers = {name: _prompt(name, given.get(name), today) for name in asked}
    return Licence(**answers, acceptable_use=ACCEPTABLE_USE, recorded_on=today)


def _acknowledge() -> None:
    for rule in RULES:
        ERR.print(f"  - {rule}", markup=False)
    if not click.confirm(f"Have you read {PAGE} (version {ACCEPTABLE_USE}), and does this use keep to it?", err=True):
        raise ConfigurationError(f"nothing was recorded: a live source is only for uses that keep to {PAGE}")
    for code, meaning in BASES.items():
        ERR.print(f"  {code:<11} {meaning}", markup=False)


def _former(path: Path) -> dict[str, Any]:
    """What the record said before, to be offered again; nothing where there is none or it may be written over unread."""
    if not path.exists():
        return {}
    try:
        return asdict(read_licence(path))
    except ConfigurationError as error:
        ERR.print(str(error), markup=False, soft_wrap=True)
        click.confirm(f"Write over {path}?", abort=True, err=True)
        return {}


def _prompt(name: str, default: str | None, today: date) -> Any:
    return click.prompt(f"{name}: {WANTED[name]}", default=default, err=True, value_proc=_reader(name, today))


def _reader(name: str, today: date) -> Callable[[str], Any]:
    return partial(_read_answer, name, today)


def _read_answer(name: str, today: date, typed: str) -> Any:
    """What was typed, as the record holds it; click asks again where it will not do."""
    value = _value(name, typed.strip())
    wrong = wrong_with(name, value) or _wrong_day(name, value, today)
    if wrong:
        raise click.UsageError(f"{name} {wrong}; {WANTED[name]}")
    return value


def _value(name: str, typed: str) -> Any:
    if name == "sources":
        return tuple(part.strip() for part in typed.split(",") if part.strip())
    if name in DATES:
        try:
            return date.fromisoformat(typed)
        except ValueError:
            return typed
    return typed


def _wrong_day(name: str, value: Any, today: date) -> str | None:
    if name == "assessed_on" and value > today:
        return "lies ahead"
    if name == "valid_until" and not today <= value <= today + LONGEST:
        return "is not within a year from today"
    return None


def _today() -> date:
    return datetime.now(UTC).date()


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def licence(context: click.Context, as_json: bool) -> None:
    """Show who runs live sources here, on which basis and until when. Exit 1 if that is not in force, 2 if it cannot be read."""
    if context.invoked_subcommand:
        return
    path, today = Settings.read().licence, _today()
    found = read_licence(path)
    fault = why_not(found, today)
    if as_json:
        about = {"file": str(path), "in_force": not fault, "why_not": " ".join(fault) if fault else None}
        click.echo(json.dumps({**about, **asdict(found)}, default=str, ensure_ascii=False))
    else:
        _show(found, today, fault)
    if fault:
        raise click.exceptions.Exit(1)


def _show(found: Licence, today: date, fault: tuple[str, str] | None) -> None:
    shown = {**asdict(found), "sources": ", ".join(found.sources)}
    for name, value in shown.items():
        OUT.print(f"{name:<15} {value}", markup=False, soft_wrap=True)
    left = (found.valid_until - today).days
    state = f"no: {' '.join(fault)}; run `fanal licence record`" if fault else f"yes, for {left} more days"
    OUT.print(f"{'in force':<15} {state}", markup=False, soft_wrap=True)


@licence.command()
def record() -> None:
    """Ask on the terminal for what a live source needs to have on record, and write it down."""
    path = Settings.read().licence
    if not on_a_terminal():
        raise ConfigurationError(f"nobody can be asked here: write {path} by hand, after config/licence.example.toml")
    write_licence(path, _asked(path, [], _today()))
    ERR.print(f"written to {path}", markup=False)
