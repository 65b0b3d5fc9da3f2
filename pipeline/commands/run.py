"""`fanal run`: everything on this machine, in one command."""

import asyncio
import json
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from pipeline.account import Account, Range
from pipeline.children import Children
from pipeline.commands import live, parts
from pipeline.commands.account import account_of
from pipeline.commands.following import Hits, print_hit
from pipeline.commands.replay import Pace, send
from pipeline.commands.setup import prepare
from pipeline.commands.terminal import ERR, bar
from pipeline.commands.work import ROLES
from pipeline.errors import ConfigurationError, UsageError
from pipeline.settings import Settings

SAMPLES = "samples/posts.ndjson"
SAMPLE_RATE = 25.0
LOOK_AGAIN_S = 0.5
PATIENCE_S = 60.0
LAST_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for."""

    source: str | None
    rate: float | None
    once: bool
    as_json: bool
    browser: bool
    desk_port: int
    collected: Path | None = None
    """The configuration of the live source, where `source` names one."""


@click.command()
@click.option(
    "--source",
    envvar="SOURCE",
    metavar="FILE|NAME",
    help="Replay this NDJSON file (.gz, .zst; - is standard input), or read `bluesky` or a source of config/sources.toml.",
)
@click.option("--rate", type=click.FloatRange(min=0.01), help="Posts a second; the samples default to 25.")
@click.option("--once", is_flag=True, help="End when every post is accounted for; exit 1 if it does not balance.")
@click.option("--json", "as_json", is_flag=True, help="End with the account as one line of JSON.")
@click.option("--no-browser", is_flag=True, help="Do not open the page in a browser.")
def run(source: str | None, rate: float | None, once: bool, as_json: bool, no_browser: bool) -> None:
    """Start everything here, replay posts or read a live source, and watch hits come in.

    Kafka and Elasticsearch run as child processes on loopback (fetched once), unless FANAL_KAFKA_BOOTSTRAP and
    FANAL_ELASTICSEARCH_URL name your own. Without --source the sample posts are replayed, moved in time to end now.
    It goes on until Ctrl-C; with --once it ends when every post is accounted for.
    """
    settings = Settings.read()
    collected = _collected(settings, source, once=once)
    # As Ctrl-C, which asyncio makes a cancellation: an exception raised inside its loop leaves no time for an account.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    desk_port = 0 if once else _free_port(settings)
    wish = Wish(source or None, rate, once, as_json, not no_browser and not once, desk_port, collected)
    found: Account | None = None
    with suppress(KeyboardInterrupt), _servers(settings), _workers(settings, wish):
        found = asyncio.run(_go(settings, wish))
    if found is None:
        raise click.exceptions.Abort
    click.echo(json.dumps(found.summary()) if as_json else _in_words(found))
    for fault in found.faults():
        ERR.print(f"does not add up: {fault}", style="red", markup=False)
    if not found.balanced:
        raise click.exceptions.Exit(1)


def _collected(settings: Settings, source: str | None, *, once: bool) -> Path | None:
    """The configuration of the source that is named, if it is none of a file; who runs it is asked for, once.

    Raises:
        UsageError: it is neither a file nor a source.
        ConfigurationError: it may not be read.
    """
    if not source or source == "-" or (Path(source).exists() and not Path(source).is_dir()):
        return None
    configuration = live.configuration(settings, source)
    if once:
        raise UsageError(f"{source} never ends; --once is for files")
    live.ask(settings, source, configuration)
    return configuration


def _free_port(settings: Settings) -> int:
    """The page's port: the one that is set, or for 0 a free one.

    Raises:
        ConfigurationError: it is taken.
    """
    host, port = settings.serve.host, settings.serve.desk_port
    try:
        with socket.create_server((host, port)) as held:
            return int(held.getsockname()[1])
    except OSError as error:
        raise ConfigurationError(
            f"port {port} on {host} cannot be had for the page ({error.strerror}); set FANAL_SERVE_DESK_PORT to another, or to 0"
        ) from None


@contextmanager
def _servers(settings: Settings) -> Iterator[None]:
    """The embedded servers, unless both are the user's own; watched and started again while this lasts."""
    if settings.kafka.bootstrap and settings.elasticsearch.url:
        yield
        return
    from pipeline.local.stack import LocalStack

    with LocalStack(settings.data, settings.cache) as stack:
        threading.Thread(target=stack.watch, name="fanal-servers", daemon=True).start()
        yield


@contextmanager
def _workers(settings: Settings, wish: Wish) -> Iterator[None]:
    """Topics and templates, then the workers and the page as child processes."""
    parts.prepare_base(settings, _say)
    for change in asyncio.run(prepare(settings)):
        ERR.print(change, style="dim", markup=False)
    stop = threading.Event()
    with Children(settings.data / "logs", report=_say) as children, ExitStack() as undo:
        for role in ROLES:
            children.start(
                role, [sys.executable, "-m", "pipeline", "work", role], parts.child_environment(settings, role)
            )
        if wish.source and wish.collected:
            command = [
                sys.executable,
                "-m",
                "pipeline",
                "collect",
                "--config",
                str(wish.collected),
                "--only",
                wish.source,
            ]
            children.start("collecting", command, parts.child_environment(settings, "collecting"))
        if not wish.once:
            command = [sys.executable, "-m", "pipeline", "desk", "--port", str(wish.desk_port)]
            children.start("desk", command, parts.child_environment(settings, "desk"))
        watcher = threading.Thread(target=_watch, args=(children, stop), name="fanal-workers", daemon=True)
        watcher.start()
        undo.callback(watcher.join)
        undo.callback(stop.set)
        yield


def _watch(children: Children, stop: threading.Event) -> None:
    while not stop.wait(LOOK_AGAIN_S):
        children.look()


def _say(text: str) -> None:
    ERR.print(text, markup=False)


async def _go(settings: Settings, wish: Wish) -> Account:
    before = await _ends(settings)
    async with Hits(parts.connection(settings), parts.topics(settings).hits) as hits:
        shown = asyncio.create_task(hits.each(lambda hit: print_hit(hit, to_stdout=not wish.as_json)))
        try:
            if not wish.once:
                _announce_page(settings, wish)
            return await (_until_accounted_for if wish.once else _until_interrupted)(settings, wish, before)
        finally:
            shown.cancel()
            await asyncio.gather(shown, return_exceptions=True)


def _announce_page(settings: Settings, wish: Wish) -> None:
    url = f"http://{settings.serve.host}:{wish.desk_port}"
    ERR.print(f"hits are listed at {url}; Ctrl-C ends", style="bold")
    if wish.browser and (sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        webbrowser.open(url)


async def _replay(settings: Settings, wish: Wish) -> None:
    from pipeline.resources import config_dir

    source = wish.source or str(config_dir() / SAMPLES)
    rate = wish.rate or (None if wish.source or wish.once else SAMPLE_RATE)
    with bar("replaying", source) as progress:
        done = await send(settings, source, Pace(rate, shift=not wish.source), progress)
    ERR.print(f"{done.posts} posts sent" + (f", {done.no_posts} lines were no posts" if done.no_posts else ""))
    for example in done.examples:
        ERR.print(f"  {example}", markup=False)


async def _ends(settings: Settings) -> dict[int, int]:
    from pipeline.broker.reader import reader

    async with reader(parts.connection(settings)) as read:
        return await read.ends(parts.topics(settings).posts)


async def _range(settings: Settings, before: dict[int, int]) -> Range:
    after = await _ends(settings)
    return {partition: (before.get(partition, 0), end) for partition, end in after.items()}


async def _until_accounted_for(settings: Settings, wish: Wish, before: dict[int, int]) -> Account:
    await _replay(settings, wish)
    return await _account_for(settings, before, PATIENCE_S)


async def _until_interrupted(settings: Settings, wish: Wish, before: dict[int, int]) -> Account:
    """Replay or read, then wait; at Ctrl-C say what became of this run."""
    try:
        if wish.collected:
            ERR.print(f"reading {wish.source}: `fanal sources` says how it fares", markup=False)
        else:
            await _replay(settings, wish)
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        ERR.print("\nstopping; the account of this run:")
        task: Any = asyncio.current_task()
        task.uncancel()
    return await _account_for(settings, before, LAST_PATIENCE_S)


async def _account_for(settings: Settings, before: dict[int, int], patience_s: float) -> Account:
    """Draw up the account of this run until it balances, or has not changed for so long."""
    of = await _range(settings, before)
    found = await account_of(settings, of)
    unchanged_s = 0.0
    while not found.balanced and unchanged_s < patience_s:
        await asyncio.sleep(LOOK_AGAIN_S)
        again = await account_of(settings, of)
        unchanged_s = unchanged_s + LOOK_AGAIN_S if again == found else 0.0
        found = again
    return found


def _in_words(found: Account) -> str:
    return "  ".join(f"{name} {str(count).lower()}" for name, count in found.summary().items())
