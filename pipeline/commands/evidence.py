"""`fanal evidence`: what investigators may open, one at a time, each opening written down."""

import asyncio
import getpass
import json
import logging
import os
import sys
from pathlib import Path

import click

from pipeline.commands import parts
from pipeline.errors import ConfigurationError, UsageError
from pipeline.logs import JsonLines
from pipeline.posts import Evidence
from pipeline.settings import Settings

LONGEST_REASON = 200
_NONE = "no evidence has this id: it was erased, its month was dropped, or the id is not that of a hit"


@click.group()
def evidence() -> None:
    """Posts as they were received, sealed: for investigators who hold the evidence key and may read its index."""


@evidence.command("open")
@click.argument("id_", metavar="ID")
@click.option("--reason", required=True, help="Why, for whoever audits: a case number, say. No names.")
def open_(id_: str, reason: str) -> None:
    """Open the evidence of the hit ID and print the post as it was received, one JSON object.

    Before it is opened, who opens which hit, when and why is added to `logs/evidence.jsonl` in the data folder, and nothing of the
    post. Where that cannot be written, nothing is opened.
    """
    settings = Settings.read()
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise UsageError(f"--reason takes 1 to {LONGEST_REASON} characters")
    seal = parts.seal(settings)
    found = asyncio.run(_sealed(settings, id_))
    if found is None:
        raise UsageError(_NONE)
    write_down(settings.data / "logs" / "evidence.jsonl", id_, found.key_id, reason.strip())
    _print(seal.open_sealed(found))


async def _sealed(settings: Settings, id_: str) -> Evidence | None:
    store = parts.store(settings)
    try:
        return await store.due.sealed(id_)
    finally:
        await store.close()


def write_down(file: Path, id_: str, key_id: str, reason: str) -> None:
    """Add a line of JSON that says who opens which evidence, when and why, and see it on the disk.

    Raises:
        ConfigurationError: it cannot be written.
    """
    record = logging.makeLogRecord({"name": "fanal.evidence", "msg": "evidence is opened", "levelname": "INFO"})
    record.__dict__.update(id=id_, key_id=key_id, by=_user(), reason=reason)
    line = JsonLines().format(record).encode("utf-8", "replace") + b"\n"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as into:
            into.write(line)
            into.flush()
            os.fsync(into.fileno())
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be written ({error.strerror}), so nothing is opened") from None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return str(os.getuid())


def _print(raw: bytes) -> None:
    """As it was received; for a terminal escaped, for it may hold what would steer it."""
    if sys.stdout.isatty():
        try:
            click.echo(json.dumps(json.loads(raw), indent=2))
            return
        except ValueError:
            raw = repr(raw).encode()
    click.echo(raw)
