"""`fanal similar`: hits that read like one."""

import asyncio
import json

import click

from pipeline.commands import parts
from pipeline.errors import UsageError
from pipeline.index.similar import Similar
from pipeline.settings import Settings

SHOWN = 200
_NONE = "no hit has this id: it is the one that Kibana shows as _id, and that the desk's API gives"
_UNREADABLE = (
    "this hit has no vector: screen.vectors was off when it was found, or the encoder has another width than 384"
)


@click.command()
@click.argument("id_", metavar="ID")
@click.option("--size", type=click.IntRange(1, 500), default=10, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON per hit.")
def similar(id_: str, size: int, as_json: bool) -> None:
    """Hits that read most like the hit ID, in whatever language, the nearest first; texts masked.

    How near is a cosine: 1 is the same wording. The classifier's own encoder reads, so that near means near as an offer.
    """
    found = asyncio.run(_ask(Settings.read(), id_, size))
    if not found.known:
        raise UsageError(_NONE)
    if not found.readable:
        raise UsageError(_UNREADABLE)
    for hit in found.hits:
        click.echo(json.dumps(hit, ensure_ascii=False) if as_json else _line(hit))


async def _ask(settings: Settings, id_: str, size: int) -> Similar:
    store = parts.store(settings)
    try:
        return await store.similar(id_, size)
    finally:
        await store.close()


def _line(hit: dict[str, object]) -> str:
    """A line for a terminal: text from strangers without what could steer it."""
    text = "".join(char if char.isprintable() else " " for char in " ".join(str(hit["text"]).split()))
    return f"{hit['similarity']:.3f}  {hit['id']}  {hit['kind']}  {hit['lang']}  {text[:SHOWN]}"
