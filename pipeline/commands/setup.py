"""`fanal setup`: topics and index templates, created or brought up to date, and what Kibana shows."""

import asyncio
import json

import click

from pipeline.broker.admin import set_up
from pipeline.commands import parts
from pipeline.errors import UsageError
from pipeline.settings import Settings


async def prepare(settings: Settings, *, force: bool = False) -> list[str]:
    """Create what is missing and bring the rest up to date. Returns a line per change; nothing to do gives none."""
    changes = await asyncio.to_thread(set_up, parts.connection(settings), parts.topic_specs(settings))
    store = parts.store(settings)
    try:
        return changes + await store.set_up(force=force)
    finally:
        await store.close()


async def prepare_with_kibana(settings: Settings, url: str, space: str | None, *, force: bool = False) -> list[str]:
    """Like `prepare`, then the objects into Kibana. Before anything is changed, Kibana has said that it can take them."""
    from pipeline.kibana.build import built
    from pipeline.kibana.importing import Kibana
    from pipeline.kibana.signing import place
    from pipeline.resources import taxonomy

    async with Kibana(place(url, space), parts.signature(settings), settings.kibana.timeout_s) as kibana:
        version = await kibana.version()
        changes = await prepare(settings, force=force)
        count = await kibana.put(built(list(taxonomy()["kinds"]), settings.elasticsearch.prefix))
    return [*changes, f"imported {count} objects into Kibana {version}"]


@click.command()
@click.option("--force", is_flag=True, help="Overwrite index templates that were changed by hand.")
@click.option("--kibana", "url", metavar="URL", help="Import data view, searches and dashboards into this Kibana too.")
@click.option("--kibana-space", "space", metavar="ID", help="Into this space of Kibana, not the default one.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def setup(force: bool, url: str | None, space: str | None, as_json: bool) -> None:
    """Create topics and index templates, or bring them up to date. May be run as often as you like."""
    settings = Settings.read()
    if url is None:
        if space is not None:
            raise UsageError("--kibana-space needs --kibana URL")
        changes = asyncio.run(prepare(settings, force=force))
    else:
        changes = asyncio.run(prepare_with_kibana(settings, url, space, force=force))
    if as_json:
        click.echo(json.dumps({"changes": changes}))
    else:
        click.echo("\n".join(changes) or "nothing to do: topics and templates are up to date")
