"""`fanal account`: what came in and what became of it, from the servers."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from pipeline.commands import parts
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.account import Account, Range


async def account_of(
    settings: Settings, of: "Range | None" = None, since_ms: int | None = None, until_ms: int | None = None
) -> "Account":
    """Draw up the account of a range of offsets, of a time, or of all that the broker still holds."""
    from pipeline.account import draw_up, range_of_time, whole_range
    from pipeline.broker.reader import reader

    topics = parts.topics(settings)
    store = parts.store(settings)
    try:
        async with reader(parts.connection(settings)) as read:
            if of is None:
                whole = since_ms is None and until_ms is None
                of = (
                    await whole_range(read, topics)
                    if whole
                    else await range_of_time(read, topics, since_ms or 0, until_ms)
                )
            return await draw_up(read, store, topics, of)
    finally:
        await store.close()


def _moment(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    """ISO 8601, or a span back from now such as 90m, 24h, 7d. Milliseconds since 1970."""
    if value is None:
        return None
    spans = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    try:
        if value[:-1].isdigit() and value[-1:] in spans:
            moment = datetime.now(UTC) - timedelta(**{spans[value[-1]]: int(value[:-1])})
        else:
            moment = datetime.fromisoformat(value)
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{value!r} is no time; give 2026-11-24T08:00:00Z, or 90m, 24h, 7d") from None
    return max(0, int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000))


def _offsets(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[int, tuple[int, int]] | None:
    found = {}
    for value in values:
        try:
            partition, _colon, span = value.partition(":")
            start, _dash, end = span.partition("-")
            found[int(partition)] = (int(start), int(end))
        except ValueError:
            raise click.BadParameter(f"{value!r} is no range; give PARTITION:START-END, as 3:0-500") from None
    return found or None


@click.command()
@click.option("--since", callback=_moment, metavar="TIME", help="From this time on: ISO 8601, or 90m, 24h, 7d ago.")
@click.option("--until", callback=_moment, metavar="TIME", help="Up to this time.")
@click.option(
    "--offsets", callback=_offsets, multiple=True, metavar="P:START-END", help="These offsets of a partition of posts."
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def account(since: int | None, until: int | None, offsets: dict[int, tuple[int, int]] | None, as_json: bool) -> None:
    """Print what came in, what became of it, and what does not add up (then exit 1).

    Drawn up from the broker's offsets, the topic `screened`, the rejected and the index; without a range, of all that the
    broker still holds. Posts that are still being screened show as not yet accounted for.
    """
    if offsets and (since or until):
        raise click.UsageError("give --offsets, or --since and --until, not both")
    found = asyncio.run(account_of(Settings.read(), offsets, since, until))
    if as_json:
        click.echo(
            json.dumps(
                found.summary() | {"refused": found.refused, "unaccounted": found.unaccounted, "faults": found.faults()}
            )
        )
    else:
        for name, count in found.summary().items():
            click.echo(f"{name:>12}  {count}")
        for fault in found.faults():
            click.echo(f"does not add up: {fault}")
    if not found.balanced:
        raise click.exceptions.Exit(1)
