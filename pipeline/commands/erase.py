"""`fanal erase`: posts, or all that an account wrote, go from the index and stay out."""

import asyncio
from datetime import UTC, datetime

import click
import msgspec

from pipeline.commands import parts
from pipeline.errors import UsageError
from pipeline.posts import Erasure
from pipeline.settings import Settings

LONGEST_INPUT = 64 << 20


# An id that begins with a hyphen is no option, and click would print what it does not know: nothing here prints an id.
@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("platform", metavar="PLATFORM")
@click.argument("ids", metavar="[ID]...", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--author", is_flag=True, help="ID is an account's (its id, not its handle): all that it wrote until now goes."
)
def erase(platform: str, ids: tuple[str, ...], author: bool) -> None:
    """Erase posts by the ids that PLATFORM gives them, for somebody who asked for it.

    Ids are better read from standard input, one a line: other users of a machine can see the words of a command. Nothing prints
    them. The erasing worker carries it out: what is in the index goes, and what comes again stays out.
    """
    settings = Settings.read()
    wanted = [_erasure(platform, id_, author) for id_ in ids or _lines()]
    if not wanted:
        raise UsageError("no id was given: name one, or write one a line to standard input")
    asyncio.run(_send(settings, wanted))
    kind = "account" if author else "post"
    click.echo(f"{len(wanted)} {kind}{'s' if len(wanted) > 1 else ''} will be erased")
    if not _worker_runs(settings):
        click.echo("nobody carries it out yet: start `fanal work erasing`", err=True)


def _lines() -> list[str]:
    read = click.get_binary_stream("stdin").read(LONGEST_INPUT + 1)
    if len(read) > LONGEST_INPUT:
        raise UsageError("standard input is longer than 64 MiB; give it in parts")
    try:
        return [line for line in read.decode("utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise UsageError("standard input is not UTF-8") from None


def _erasure(platform: str, id_: str, author: bool) -> Erasure:
    """An erasure, held to what a topic takes.

    Raises:
        UsageError: the platform's name or an id has a length that none has.
    """
    now = datetime.now(UTC)
    made = Erasure(
        platform=platform.strip(),
        erased_at=now,
        native_id=None if author else id_.strip(),
        author_id=id_.strip() if author else None,
        cause="requested",
    )
    try:
        return msgspec.convert(msgspec.to_builtins(made), Erasure)
    except (msgspec.ValidationError, UnicodeEncodeError):
        raise UsageError("a platform has a name of 1 to 64 characters, and an id 1 to 1024") from None


async def _send(settings: Settings, wanted: list[Erasure]) -> None:
    from pipeline.broker.erasures import send_erasures

    await send_erasures(parts.connection(settings), parts.topics(settings), wanted)


def _worker_runs(settings: Settings) -> bool:
    from pipeline.broker.groups import ERASING, members

    return members(parts.connection(settings), parts.topics(settings).group(ERASING)) > 0
