"""`fanal collect`: the collector of all live and replayed sources."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline import metrics
from pipeline.commands import parts
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.broker.connection import Connection
    from pipeline.sources.collector import BeforeLive
    from pipeline.sources.connector import Connector
    from pipeline.sources.kinds import Kind
    from pipeline.sources.reading import Manner

log = logging.getLogger("fanal.collect")

ERASING_S = 60.0
"""Seconds that a worker that carries out deletions is waited for: it may be starting beside."""


def before_live(settings: Settings, found: "Sequence[Connector]") -> "Sequence[BeforeLive]":
    """What must hold before a live source is read: each is called with the names of the live sources, and raises
    `ConfigurationError` where they must not be read."""
    from pipeline.broker.groups import require_erasing
    from pipeline.licence import read_licence, require_licence

    platforms = {one.name: one.platform for one in found}

    async def licensed(names: Sequence[str]) -> None:
        if names:
            metrics.LICENCE_EXPIRY.set(read_licence(settings.licence).ends_at.timestamp())
        require_licence(settings.licence, names, datetime.now(UTC).date(), platforms)

    async def erasing(_: Sequence[str]) -> None:
        await asyncio.to_thread(require_erasing, parts.connection(settings), parts.topics(settings), ERASING_S)

    return licensed, erasing


@asynccontextmanager
async def pushing(settings: Settings, found: "Sequence[Connector]") -> AsyncIterator[None]:
    """The server of the sources that are pushed to, where there are some."""
    from pipeline.sources.push_server import Listening, serving
    from pipeline.sources.pushed import Pushed, Sorted

    pushed = [one for one in found if isinstance(one, Pushed)]
    if not pushed:
        yield
        return
    at = Listening(settings.serve.host, settings.serve.push_port)
    async with serving([one.source for one in pushed], Sorted(pushed), at) as address:
        log.info("posts may be pushed", extra={"address": address, "sources": [one.name for one in pushed]})
        yield


@click.command()
@click.option(
    "--config", type=click.Path(path_type=Path), metavar="FILE", help="The sources (default: config/sources.toml)."
)
@click.option("--only", multiple=True, metavar="NAME", help="Collect from this source alone; may be given again.")
@click.option("--once", is_flag=True, help="End when no source has anything new.")
@click.option("--port-file", type=click.Path(path_type=Path), help="Write the port of /metrics there, as JSON.")
def collect(config: Path | None, only: tuple[str, ...], once: bool, port_file: Path | None) -> None:
    """Read posts from the sources of a configuration and send them to the pipeline, until a signal ends it.

    Where each source stands is kept on the broker, so a collector may go on where another one ended. Logs go to standard
    error as JSON lines. Exit 2 if every source refuses.
    """
    from pipeline.sources.configuration import DEFAULT
    from pipeline.sources.kinds import KINDS
    from pipeline.sources.reading import Manner

    settings = Settings.read()
    found = configured(config or DEFAULT, only, parts.connection(settings), KINDS)
    start(settings, found, Manner(once=once), port_file)


def configured(
    path: Path, only: Sequence[str], connection: "Connection", kinds: "Mapping[str, Kind]"
) -> "list[Connector]":
    """The connectors of the sources that a file switches on, or of those named.

    Raises:
        ConfigurationError: see `pipeline.sources.configuration`.
    """
    from pipeline.sources.configuration import chosen, connectors, read_sources

    return connectors(chosen(read_sources(path, kinds), only), connection, kinds)


def start(settings: Settings, found: "Sequence[Connector]", how: "Manner", port_file: Path | None = None) -> None:
    """Collect until all sources have ended, or a signal comes.

    Raises:
        ConfigurationError: the topics are not as they must be, a live source must not be read, or every source refuses.
        BrokerUnavailable: no broker answers.
    """
    from pipeline.broker.admin import check_layout
    from pipeline.logs import configure

    configure(settings.log_level)
    check_layout(parts.connection(settings), parts.topic_specs(settings))
    asyncio.run(_collect(settings, found, how, port_file))


async def _collect(
    settings: Settings, found: "Sequence[Connector]", how: "Manner", port_file: Path | None = None
) -> None:
    from pipeline.broker.cursors import cursors
    from pipeline.certificates import follow
    from pipeline.commands.observing import targets
    from pipeline.commands.work import announce
    from pipeline.counting import begin
    from pipeline.health import SILENT_S, Readiness
    from pipeline.labels import COLLECTING
    from pipeline.serving import serve
    from pipeline.sources.collector import Collector, Means
    from pipeline.sources.outlet import KafkaOutlet

    connection, topics = parts.connection(settings), parts.topics(settings)
    async with cursors(connection, topics.cursors) as keeper:
        means = Means(lambda: KafkaOutlet(connection, topics), keeper, how)
        collector = Collector(found, means, before_live(settings, found))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, collector.stop)
        begin(COLLECTING)
        follow(targets(settings, to_index=False))
        ready = Readiness({"sources": collector.sources, "broker": lambda: collector.complaint(SILENT_S)})
        ready.show()
        runner, port = await serve(
            settings.serve.host,
            settings.serve.metrics_port,
            lambda: collector.complaint(settings.serve.stall_s),
            ready.complaint,
        )
        try:
            announce("collecting", port_file)(port)
            async with pushing(settings, found):
                await collector.run()
        finally:
            await runner.cleanup()
