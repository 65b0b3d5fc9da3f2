"""`fanal index`: the months that are kept, and those that have had their time."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TypeVar

import click

from pipeline.commands import parts
from pipeline.index.months import Month, Months, expired
from pipeline.settings import Settings

_T = TypeVar("_T")


@click.group()
def index() -> None:
    """The months in the index of hits and in that of evidence."""


@index.command()
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON per month.")
def months(as_json: bool) -> None:
    """What each month holds, and when it goes."""
    settings = Settings.read()
    keep = settings.elasticsearch.keep_months
    for month in asyncio.run(_over(settings, lambda held: held.standing())):
        goes = month.goes_in(keep) if keep else None
        if as_json:
            click.echo(json.dumps({**asdict(month), "goes_in": goes}))
        else:
            click.echo(f"{_line(month)}  {f'goes in {goes}' if goes else 'is kept'}")


@index.command()
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
def retain(dry_run: bool) -> None:
    """Delete the months that ended `elasticsearch.keep_months` ago. The erasing worker does this by itself every hour."""
    settings = Settings.read()
    gone = asyncio.run(_over(settings, lambda held: _retain(held, settings.elasticsearch.keep_months, dry_run)))
    for month in gone:
        click.echo(f"{'would delete' if dry_run else 'deleted'} {_line(month)}")
    if not gone:
        click.echo("no month has had its time" if settings.elasticsearch.keep_months else "all months are kept")


async def _retain(held: Months, keep: int, dry_run: bool) -> list[Month]:
    gone = expired(await held.standing(), keep, datetime.now(UTC))
    if not dry_run:
        await held.drop(gone)
    return gone


def _line(month: Month) -> str:
    return f"{month.name}  {month.hits} hits  {month.evidence} sealed  {month.deleted} deleted  {month.size >> 10} KiB"


async def _over(settings: Settings, ask: Callable[[Months], Awaitable[_T]]) -> _T:
    store = parts.store(settings)
    try:
        return await ask(store.months)
    finally:
        await store.close()
