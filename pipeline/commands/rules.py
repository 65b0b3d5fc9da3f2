"""`fanal rules`: check the rules beside the model, try them on posts, and on stored hits."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from pipeline.commands import parts
from pipeline.commands.terminal import ERR, OUT, bar
from pipeline.errors import ConfigurationError, UsageError
from pipeline.resources import config_dir
from pipeline.rules import Rule, read_rules
from pipeline.rules.backtest import Backtest
from pipeline.settings import Settings
from pipeline.sources.lines import opened, read_lines

_folder = click.option(
    "--rules", "folder", type=click.Path(path_type=Path), help="Another folder of rules (default: config/rules)."
)


@click.group()
def rules() -> None:
    """The rules beside the model: config/rules/*.yaml, described in docs/rules.md."""


@rules.command()
@_folder
def check(folder: Path | None) -> None:
    """Read all rules and list them; one that does not fit is said with its file, its name and its field (exit 2)."""
    found = _read(folder)
    table = Table(title=f"{len(found)} rules", title_justify="left")
    for name in ("rule", "mode", "effect", "about"):
        table.add_column(name, overflow="fold")
    for one in found:
        table.add_row(*map(Text, (one.name, one.mode, effect(one), one.about)))
    OUT.print(table)


@rules.command()
@click.argument("source", metavar="[FILE]", default="-")
@_folder
def test(source: str, folder: Path | None) -> None:
    """Say what each rule does to the posts of FILE: NDJSON in (`text`; `id`, `platform`, `lang`, `created_at` if known), a line out a post.

    Only what the classifier takes for a hit has rules; `becomes` is what they change. A line that is no post gives a row with
    `error`. Without FILE, or with -, standard input is read. Needs no broker and no index.
    """
    from pipeline.rules.trial import Trial
    from pipeline.screen.language import Languages

    found = _read(folder)
    trial = Trial(found, parts.classifier(Settings.read()), Languages())
    with opened(source) as file, bar("testing", source) as progress:
        numbered = ((line.number, b"" if line.cut else line.raw) for line in read_lines(file, source))
        for number, row in enumerate(trial.rows(numbered, lambda: datetime.now(UTC)), 1):
            click.echo(json.dumps(row, ensure_ascii=False))
            progress.at(number)
    for name, count in trial.held.items():
        ERR.print(f"{name}: {count} of {trial.hits} hits")


@rules.command()
@click.option(
    "--from",
    "since",
    required=True,
    metavar="TIME",
    help="Hits that came in from then on (2026-06-01, 2026-06-01T08:00Z).",
)
@click.option("--to", "until", metavar="TIME", help="Hits that came in before then (default: all).")
@_folder
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def backtest(since: str, until: str | None, folder: Path | None, as_json: bool) -> None:
    """Count of how many stored hits each rule holds, with masked examples. Changes nothing; rules in shadow count like active ones."""
    span = moment(since), moment(until) if until else None
    if span[1] and span[1] <= span[0]:
        raise UsageError("--to must be later than --from")
    report = asyncio.run(_backtest(Settings.read(), _read(folder), *span))
    click.echo(json.dumps(report, ensure_ascii=False)) if as_json else _print(report)


def moment(said: str) -> datetime:
    """A date or a time in ISO 8601; UTC where it names no zone.

    Raises:
        UsageError: it is none.
    """
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        raise UsageError(f"{said[:40]!r} is no time; write 2026-06-01 or 2026-06-01T08:00Z") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def effect(rule: Rule) -> str:
    """What a rule does, in a few words."""
    then = rule.then
    said = (
        then.raise_to and f"raise to {then.raise_to}",
        then.lower_to and f"lower to {then.lower_to}",
        then.lane and f"move to {then.lane}",
        then.mute and "mute",
        then.tags and f"tag {', '.join(then.tags)}",
    )
    return "; ".join(one for one in said if isinstance(one, str))


def _read(folder: Path | None) -> tuple[Rule, ...]:
    if folder is not None and not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; --rules takes a folder of YAML files")
    where = folder or config_dir() / "rules"
    found = read_rules(where)
    if not found:
        raise ConfigurationError(f"{where}: no rules there")
    return found


async def _backtest(
    settings: Settings, found: tuple[Rule, ...], since: datetime, until: datetime | None
) -> dict[str, Any]:
    store, test = parts.store(settings), Backtest(found)
    try:
        async for page in store.stored(since, until):
            test.add(page)
    finally:
        await store.close()
    return test.report()


def _print(report: dict[str, Any]) -> None:
    unread = f", {report['unread']} could not be read" if report["unread"] else ""
    table = Table(title=f"{report['hits']} hits{unread}", title_justify="left")
    for name in ("rule", "mode", "hits", "kinds", "languages", "examples (masked)"):
        table.add_column(name, overflow="fold")
    for row in report["rules"]:
        counted = [", ".join(f"{name} {count}" for name, count in row[what].items()) for what in ("kinds", "langs")]
        table.add_row(*map(Text, (row["rule"], row["mode"], str(row["hits"]), *counted, "\n".join(row["examples"]))))
    OUT.print(table)
