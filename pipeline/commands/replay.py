"""`fanal replay`: posts from a file to the pipeline."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import click

from pipeline.commands import parts
from pipeline.commands.terminal import Bar, bar
from pipeline.settings import Settings
from pipeline.sources.replay import Replayed


@dataclass(frozen=True, slots=True)
class Pace:
    """How a file is sent: lines a second, whether its posts are moved in time to end now, posts a record."""

    rate: float | None = None
    shift: bool = False
    pack: int = 64


async def send(settings: Settings, source: str, pace: Pace, progress: Bar) -> Replayed:
    """Replay a file into the pipeline that the settings name."""
    from pipeline.broker.producer import post_producer
    from pipeline.sources.lines import opened, read_lines
    from pipeline.sources.replay import Manner, replay, shift_to_end_now

    name = "standard input" if source == "-" else Path(source).name
    how = Manner(pace.rate)
    if pace.shift:
        with opened(source) as file:
            how = Manner(pace.rate, shift_to_end_now(read_lines(file, name)))
    async with post_producer(parts.connection(settings), parts.topics(settings).posts, lines=pace.pack) as into:
        with opened(source) as file:
            return await replay(read_lines(file, name), into, name, how, progress.at)


@click.command()
@click.argument("source", metavar="FILE")
@click.option(
    "--rate", type=click.FloatRange(min=0.01), help="Posts a second; without it as fast as the broker takes them."
)
@click.option("--shift", is_flag=True, help="Move all posts in time so that the last one is written now.")
@click.option("--pack", type=click.IntRange(1, 4096), default=64, show_default=True, help="Posts in a record, at most.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def replay(source: str, rate: float | None, shift: bool, pack: int, as_json: bool) -> None:
    """Send posts from FILE (NDJSON: plain, .gz or .zst; - is standard input) to the pipeline.

    A line that is no post is rejected with its line number; its neighbours go on.
    """
    if shift and source == "-":
        raise click.UsageError("--shift reads the file twice, which standard input does not allow")
    settings = Settings.read()
    with bar("replaying", source) as progress:
        done = asyncio.run(send(settings, source, Pace(rate, shift, pack), progress))
    if as_json:
        click.echo(json.dumps({"lines": done.lines, "posts": done.posts, "no_posts": done.no_posts}))
    else:
        click.echo(f"{done.posts} posts sent, {done.no_posts} lines were no posts")
        for example in done.examples:
            click.echo(f"  {example}")
