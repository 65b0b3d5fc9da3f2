"""`fanal setup`: topics and index templates, created or brought up to date."""

import asyncio
import json

import click

from pipeline.broker.admin import set_up
from pipeline.commands import parts
from pipeline.settings import Settings


async def prepare(settings: Settings, *, force: bool = False) -> list[str]:
    """Create what is missing and bring the rest up to date. Returns a line per change; nothing to do gives none."""
    changes = await asyncio.to_thread(set_up, parts.connection(settings), parts.topic_specs(settings))
    store = parts.store(settings)
    try:
        return changes + await store.set_up(force=force)
    finally:
        await store.close()


@click.command()
@click.option("--force", is_flag=True, help="Overwrite index templates that were changed by hand.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def setup(force: bool, as_json: bool) -> None:
    """Create topics and index templates, or bring them up to date. May be run as often as you like."""
    changes = asyncio.run(prepare(Settings.read(), force=force))
    if as_json:
        click.echo(json.dumps({"changes": changes}))
    else:
        click.echo("\n".join(changes) or "nothing to do: topics and templates are up to date")
