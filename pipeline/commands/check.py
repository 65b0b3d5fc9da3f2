"""`fanal check`: every connection and the model, tried; per line what is well, what is not, and what to do."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import click

from pipeline.commands import judges, parts
from pipeline.commands.terminal import OUT
from pipeline.errors import FanalError
from pipeline.settings import Settings

PROBE = ("hello world", "en")
UNTRIED = "not tried while Kafka cannot be used"
WORKERS = ("screening", "indexing", "erasing", "trends")
ROLES = (*WORKERS, "collecting", "replay", "account", "setup")


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


def findings(settings: Settings, roles: Sequence[str] = WORKERS) -> list[Finding]:
    """Try everything, in the order in which a fault would hide the next; the login is asked what these roles need."""
    shadow = [_try("shadow", lambda: _shadow(settings))] if settings.model.shadow else []
    kafka = _try("kafka", lambda: _kafka(settings))
    return [
        kafka,
        _try("topics", lambda: _topics(settings)) if kafka.well else Finding("topics", False, UNTRIED),
        _try("access", lambda: _access(settings, roles)) if kafka.well else Finding("access", False, UNTRIED),
        _try("elasticsearch", lambda: asyncio.run(_elasticsearch(settings))),
        _try("keys", lambda: f"pseudonyms and evidence under key {parts.keys(settings).key_id}"),
        _try("model", lambda: _model(settings)),
        *shadow,
    ]


def _kafka(settings: Settings) -> str:
    from pipeline.broker.admin import admin
    from pipeline.broker.probing import probe, probe_members

    connection = parts.connection(settings)
    probe(connection)
    with admin(connection) as client:
        members = client.describe_cluster()["brokers"]
    probe_members(connection, members)
    brokers = f"{len(members)} broker{'s' if len(members) > 1 else ''}"
    login = f", {connection.login.mechanism}" if connection.login else ""
    return f"{connection.bootstrap}, {brokers}, {connection.security_protocol}{login}"


def _topics(settings: Settings) -> str:
    from pipeline.broker.admin import check_layout

    wanted = parts.topic_specs(settings)
    check_layout(parts.connection(settings), wanted)
    return f"{len(wanted)} topics with {settings.kafka.partitions} partitions"


def _access(settings: Settings, roles: Sequence[str]) -> str:
    from pipeline.broker.access import require

    require(parts.connection(settings), parts.topics(settings), roles)
    return f"this login may do what is needed for {', '.join(roles)}"


async def _elasticsearch(settings: Settings) -> str:
    from pipeline.index.probing import probe

    await asyncio.to_thread(probe, parts.search_address(settings), settings.elasticsearch)
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
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(ROLES),
    help="What the login to Kafka is to be used for; repeatable. Without it: the four workers.",
)
def check(as_json: bool, roles: tuple[str, ...]) -> None:
    """Try each connection and the model; say per line what is well, what is not, and what to do. Exit 1 if anything is not."""
    found = findings(Settings.read(), roles or WORKERS)
    if as_json:
        click.echo(json.dumps({"well": all(one.well for one in found), "findings": [asdict(one) for one in found]}))
    else:
        for one in found:
            OUT.print(f"{'ok   ' if one.well else 'FAILS'}  {one.what:<14} {one.says}", markup=False, soft_wrap=True)
    if not all(one.well for one in found):
        raise click.exceptions.Exit(1)
