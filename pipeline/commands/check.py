"""`fanal check`: every connection and the model, tried; per line what is well, what is not, and what to do."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

import click

from pipeline.commands import judges, parts
from pipeline.commands.terminal import OUT
from pipeline.errors import FanalError
from pipeline.settings import Settings

PROBE = ("hello world", "en")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried."""

    what: str
    well: bool
    says: str


def _try(what: str, attempt: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, attempt())
    except FanalError as error:
        return Finding(what, False, str(error))


def findings(settings: Settings) -> list[Finding]:
    """Try everything, in the order in which a fault would hide the next."""
    shadow = [_try("shadow", lambda: _shadow(settings))] if settings.model.shadow else []
    return [
        _try("kafka", lambda: _kafka(settings)),
        _try("topics", lambda: _topics(settings)),
        _try("elasticsearch", lambda: asyncio.run(_elasticsearch(settings))),
        _try("keys", lambda: f"pseudonyms and evidence under key {parts.keys(settings).key_id}"),
        _try("model", lambda: _model(settings)),
        *shadow,
    ]


def _kafka(settings: Settings) -> str:
    from pipeline.broker.admin import admin

    connection = parts.connection(settings)
    with admin(connection) as client:
        brokers = len(client.describe_cluster()["brokers"])
    return f"{connection.bootstrap}, {brokers} broker{'s' if brokers > 1 else ''}, {connection.security_protocol}"


def _topics(settings: Settings) -> str:
    from pipeline.broker.admin import check_layout

    wanted = parts.topic_specs(settings)
    check_layout(parts.connection(settings), wanted)
    return f"{len(wanted)} topics with {settings.kafka.partitions} partitions"


async def _elasticsearch(settings: Settings) -> str:
    store = parts.store(settings)
    try:
        features = await store.features()
        counts = await store.counts()
    finally:
        await store.close()
    return f"{parts.search_address(settings)}, {features.report()}, {counts.total} hits"


def _model(settings: Settings) -> str:
    judge = parts.classifier(settings)
    judge.assess([PROBE[0]], [PROBE[1]])
    return judge.model


def _shadow(settings: Settings) -> str:
    pair = judges.shadow_pair(settings, parts.classifier(settings))
    return f"{pair.shadow.model} from {settings.model.shadow}, beside {pair.model}"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(as_json: bool) -> None:
    """Try each connection and the model; say per line what is well, what is not, and what to do. Exit 1 if anything is not."""
    found = findings(Settings.read())
    if as_json:
        click.echo(json.dumps({"well": all(one.well for one in found), "findings": [asdict(one) for one in found]}))
    else:
        for one in found:
            OUT.print(f"{'ok   ' if one.well else 'FAILS'}  {one.what:<14} {one.says}", markup=False, soft_wrap=True)
    if not all(one.well for one in found):
        raise click.exceptions.Exit(1)
