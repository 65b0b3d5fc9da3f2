"""`fanal sources`: where each source stands and how it fares, from the broker, so from any machine."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.table import Table

from pipeline.commands import parts
from pipeline.commands.terminal import OUT
from pipeline.errors import UsageError
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.broker.cursors import SourceState

SILENT_S = 30.0
_COLOURS = {"reading": "green", "away": "yellow", "broken": "red", "refused": "red", "silent": "red"}


@click.command()
@click.option("--forget", multiple=True, metavar="NAME", help="Forget where this source stands: it begins anew.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def sources(forget: tuple[str, ...], as_json: bool) -> None:
    """Print a line for each source that was ever collected from.

    A source is `silent` when its collector has written nothing for 30 s: it was killed, or has lost the broker.
    """
    states = asyncio.run(_states(Settings.read(), forget))
    now = datetime.now(UTC)
    if as_json:
        click.echo(json.dumps({"sources": [_row(state, now) for state in states]}))
    elif states:
        OUT.print(_table([_row(state, now) for state in states]))
    else:
        click.echo("no source was collected from yet: `fanal collect` does")


async def _states(settings: Settings, forget: Sequence[str]) -> "list[SourceState]":
    from pipeline.broker.cursors import cursors

    async with cursors(parts.connection(settings), parts.topics(settings).cursors) as keeper:
        found = await keeper.read()
        for name in forget:
            if name not in found:
                raise UsageError(f"no source {name!r} has a cursor; `fanal sources` lists those that have")
        if forget:
            await keeper.forget(forget)
    return [state for name, state in sorted(found.items()) if name not in forget]


def _row(state: "SourceState", now: datetime) -> dict[str, Any]:
    """A state as JSON, with the ages in seconds that a reader wants."""
    row: dict[str, Any] = msgspec.to_builtins(state)
    silent = state.status in {"reading", "away", "broken"} and (now - state.written_at).total_seconds() > SILENT_S
    return row | {
        "status": "silent" if silent else state.status,
        "why": state.why,
        "posts": state.posts,
        "reconnects": state.reconnects,
        "behind_s": state.behind_s,
        "cursor_age_s": _age(state.cursor_at, now),
        "last_success_age_s": _age(state.last_success, now),
    }


def _age(at: datetime | None, now: datetime) -> float | None:
    return round(max(0.0, (now - at).total_seconds()), 1) if at else None


def _table(rows: Sequence[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("source", "platform", "state"):
        table.add_column(heading, no_wrap=True)
    for heading in ("cursor age", "last success", "posts", "behind", "reconnects"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("why")
    for row in rows:
        colour = _COLOURS.get(row["status"], "default")
        table.add_row(
            row["source"],
            row["platform"],
            f"[{colour}]{row['status']}[/]",
            *(_span(row["cursor_age_s"]), _span(row["last_success_age_s"]), f"{row['posts']:,}"),
            *(_span(row["behind_s"]), str(row["reconnects"])),
            click.unstyle(row["why"]).replace("[", r"\["),
        )
    return table


def _span(seconds: float | None) -> str:
    """Seconds for people."""
    if seconds is None:
        return "–"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
