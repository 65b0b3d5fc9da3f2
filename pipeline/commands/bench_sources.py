"""`fanal bench sources`: nothing is lost on the way from a source to the broker, how fast, and in how much memory."""

import asyncio
import json
import logging
import os
import tempfile
from pathlib import Path

import click

from pipeline.commands.terminal import ERR
from pipeline.settings import Settings

PARTITIONS = 12


@click.command()
@click.option("--events", type=click.IntRange(1000), default=100_000, show_default=True, help="Events that are sent.")
@click.option(
    "--cut", type=click.IntRange(1), default=5000, show_default=True, help="The stream is cut once in so many events."
)
@click.option(
    "--ends",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    help="Times that the collector ends without warning.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the line of JSON alone.")
def sources(*, events: int, cut: int, ends: int, as_json: bool) -> None:
    """Collect from a source that is cut at random, by a collector that ends at random, into a broker of its own.

    Exit 1 if anything is lost. The rate is that of source, collector and broker on one machine.
    """
    from pipeline.benchmarks.machine import machine
    from pipeline.benchmarks.sources import Synthetic, measure
    from pipeline.broker.admin import set_up
    from pipeline.broker.connection import Connection
    from pipeline.broker.topics import Topics, specs
    from pipeline.local.stack import LocalStack

    def say(text: str) -> None:
        if not as_json:
            ERR.print(text, style="dim", markup=False, soft_wrap=True)

    logging.getLogger("fanal").setLevel(logging.ERROR)  # the stream is cut on purpose
    temporary = tempfile.TemporaryDirectory(prefix="fanal-bench-", ignore_cleanup_errors=True)
    with temporary as folder, LocalStack(Path(folder), Settings.read().cache, say) as stack:
        connection, topics = Connection(stack.endpoints.kafka), Topics()
        set_up(connection, specs(topics, partitions=PARTITIONS, replication=1, retention_hours=24))
        found = asyncio.run(measure(connection, topics, Synthetic(events, cut), ends, say))
    line = {"bench": "sources", "machine": machine(), "load": round(os.getloadavg()[0], 1)}
    click.echo(json.dumps(line | found.row()))
    if found.lost:
        raise click.exceptions.Exit(1)
