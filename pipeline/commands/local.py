"""`fanal local`: the embedded Kafka and Elasticsearch by hand."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.errors import ConfigurationError, FanalError, LocalStackError

if TYPE_CHECKING:
    from pipeline.local.endpoints import Running

SERVERS = ("kafka", "search")

_DOWN_S = 60.0
_DETACHED_S = 150.0
_LOOK_EVERY_S = 0.2

Command = Callable[..., None]


def _data(command: Command) -> Command:
    kind = click.Path(file_okay=False, path_type=Path)
    return click.option(
        "--data", type=kind, default=Path(".fanal"), envvar="FANAL_DATA", show_default=True, help="Folder of the data."
    )(command)


def _cache(command: Command) -> Command:
    kind = click.Path(file_okay=False, path_type=Path)
    help_text = "Folder of what is fetched once."
    return click.option(
        "--cache", type=kind, default=Path("~/.cache/fanal"), envvar="FANAL_CACHE", show_default=True, help=help_text
    )(command)


def _as_json(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


@click.group()
def local() -> None:
    """Run the embedded Kafka and Elasticsearch: real servers on 127.0.0.1, without Docker or root."""


@local.command()
@_data
@_cache
@click.option("--detach", is_flag=True, help="Return when ready, and leave the servers running.")
@click.option(
    "--kafka-port", type=click.IntRange(1, 65535), help="Fixed port for Kafka; one is chosen and kept otherwise."
)
@click.option("--search-port", type=click.IntRange(1, 65535), help="The same for Elasticsearch.")
@_as_json
def up(data: Path, cache: Path, detach: bool, as_json: bool, **ports: int | None) -> None:
    """Start both servers, fetching what is missing, and start again what ends; Ctrl-C stops them."""
    if detach:
        _detach(data, cache, ports)
        _print_status(data, as_json)
        return
    from pipeline.local.stack import LocalStack

    stack = LocalStack(data, cache, kafka_port=ports["kafka_port"], search_port=ports["search_port"])
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with stack:
            _print_status(data, as_json)
            stack.watch()
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
    finally:
        signal.signal(signal.SIGTERM, previous)


def _detach(data: Path, cache: Path, ports: dict[str, int | None]) -> None:
    """Run `up` in a process of its own and wait until it is ready; fetching is done here, where it can be seen."""
    from pipeline.local import folder
    from pipeline.local.claim import claim
    from pipeline.local.fetch import fetch
    from pipeline.local.report import to_stderr

    data, cache = folder.usable(data), folder.usable(cache)
    folder.prepare(data)
    claim(data).release()  # refuses here, before the log of a running stack is begun anew
    fetch(cache, to_stderr)
    log = data / "logs" / "stack.log"
    fixed = [f"--{name.replace('_', '-')}={port}" for name, port in ports.items() if port]
    command = [sys.executable, "-m", "pipeline.commands.local", "up", f"--data={data}", f"--cache={cache}", *fixed]
    with log.open("wb") as output:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    _wait_detached(data, child, log)


def _wait_detached(data: Path, child: "subprocess.Popen[bytes]", log: Path) -> None:
    from pipeline.local.endpoints import read_running
    from pipeline.local.logs import tail

    end = time.monotonic() + _DETACHED_S
    while (running := read_running(data)) is None or running.pid != child.pid:
        code = child.poll()
        if code is not None:
            said = (tail(log, 1) or ["the servers did not start"])[0].removeprefix("fanal: ")
            raise ConfigurationError(said) if code == ConfigurationError.exit_code else LocalStackError(said)
        if time.monotonic() > end:
            child.terminate()
            raise LocalStackError(f"the servers were not ready within {_DETACHED_S:.0f} s; see {log}")
        time.sleep(_LOOK_EVERY_S)


@local.command()
@_data
def down(data: Path) -> None:
    """Stop the servers of this data folder, and the process that has them."""
    from pipeline.local.claim import claimed, holder_of

    if not claimed(data):
        click.echo(f"nothing runs on {data}", err=True)
        return
    holder = holder_of(data)
    if holder is not None:
        os.kill(holder, signal.SIGTERM)
    end = time.monotonic() + _DOWN_S
    while claimed(data):
        if time.monotonic() > end:
            raise LocalStackError(f"{data} is still held after {_DOWN_S:.0f} s; see fanal local logs")
        time.sleep(_LOOK_EVERY_S)
    click.echo("stopped", err=True)


@local.command()
@_data
@_as_json
def status(data: Path, as_json: bool) -> None:
    """Say where the servers are reached and what they use; exit 1 when none run."""
    if not _print_status(data, as_json):
        sys.exit(1)


def _print_status(data: Path, as_json: bool) -> bool:
    from pipeline.local.endpoints import read_running

    running = read_running(data)
    if as_json:
        click.echo(json.dumps(_facts(data, running)))
    elif running is None:
        click.echo(f"nothing runs on {data}")
    else:
        for line in _lines(_facts(data, running)):
            click.echo(line)
    sys.stdout.flush()
    return running is not None


def _facts(data: Path, running: "Running | None") -> dict[str, Any]:
    if running is None:
        return {"running": False, "data": str(data)}
    from pipeline.local.machine import resident

    memory = resident(running.servers.values())
    servers = {name: {"pid": pid, "memory_bytes": memory.get(pid)} for name, pid in running.servers.items()}
    where = {"kafka": running.endpoints.kafka, "elasticsearch": running.endpoints.elasticsearch}
    return {"running": True, "data": str(data), "pid": running.pid, **where, "servers": servers}


def _lines(facts: dict[str, Any]) -> list[str]:
    lines = [f"kafka          {facts['kafka']}", f"elasticsearch  {facts['elasticsearch']}"]
    for name, server in facts["servers"].items():
        memory = server["memory_bytes"]
        used = f"{memory / 1e6:.0f} MB" if memory is not None else "not running"
        lines.append(f"  {name:<12} pid {server['pid']}, {used}")
    return [*lines, f"held by        pid {facts['pid']}, data in {facts['data']}"]


@local.command()
@click.argument("server", type=click.Choice(SERVERS), required=False)
@_data
@click.option("-n", "count", type=click.IntRange(0), default=50, show_default=True, help="How many lines.")
@click.option("-f", "follow", is_flag=True, help="Go on with lines as they come.")
def logs(server: str | None, data: Path, count: int, follow: bool) -> None:
    """Show what the servers have logged."""
    from pipeline.local import logs as read

    chosen = {name: data / "logs" / f"{name}.log" for name in ([server] if server else SERVERS)}
    for name, path in chosen.items():
        for line in read.tail(path, count):
            click.echo(f"{name}: {line}")
    if follow:
        for name, line in read.follow(chosen):
            click.echo(f"{name}: {line}")


@local.command()
@_data
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(data: Path, yes: bool) -> None:
    """Delete all that Kafka, Elasticsearch and the workers' tables hold in this data folder."""
    from pipeline.local.folder import reset as wipe

    if not yes:
        click.confirm(f"Delete every post, hit and table under {data}?", abort=True)
    wipe(data)
    click.echo(f"{data} is empty now", err=True)


if __name__ == "__main__":
    try:
        local()
    except FanalError as fault:
        click.echo(f"fanal: {fault}", err=True)
        sys.exit(fault.exit_code)
