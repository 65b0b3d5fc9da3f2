"""`fanal kibana`: the objects that Kibana imports, and a page that shows them without it."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

import click

from pipeline.commands import parts
from pipeline.errors import ConfigurationError
from pipeline.kibana.build import built
from pipeline.kibana.preview.render import render
from pipeline.kibana.queries import Span
from pipeline.resources import taxonomy
from pipeline.settings import Settings

DEFAULT_PAGE = Path("kibana-preview.html")


@click.group()
def kibana() -> None:
    """What analysts see in Kibana. `fanal setup --kibana URL` imports it."""


@kibana.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write here, not to standard output.")
def build(out: Path | None) -> None:
    """Write the saved objects, one a line, for the indices with the prefix of the settings."""
    text = built(list(taxonomy()["kinds"]), Settings.read().elasticsearch.prefix)
    if out is None:
        click.echo(text, nl=False)
        return
    _write(out, text, 0o644)
    click.echo(f"{len(text.splitlines()) - 1} objects written to {out}", err=True)


@kibana.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DEFAULT_PAGE,
    show_default=True,
    help="The page. It holds masked texts of hits: only you may read it.",
)
@click.option("--days", type=click.FloatRange(0.01, 3660), default=30, show_default=True, help="How far back it looks.")
def preview(out: Path, days: float) -> None:
    """Draw every dashboard as one page, from live answers of the index. It is a preview and not Kibana."""
    settings = Settings.read()
    text = built(list(taxonomy()["kinds"]), settings.elasticsearch.prefix)
    drawn = asyncio.run(_draw(settings, text, Span.of_last(days, datetime.now(UTC))))
    _write(out, drawn, 0o600)
    click.echo(f"a preview of the dashboards (not Kibana) is in {out}", err=True)


async def _draw(settings: Settings, text: str, span: Span) -> str:
    from pipeline.index.questions import open_questions

    questions = open_questions(parts.search_address(settings), settings.elasticsearch)
    try:
        return await render(text, questions.ask, span)
    finally:
        await questions.close()


def _write(out: Path, text: str, mode: int) -> None:
    """Write the whole file, or leave what was there.

    Raises:
        ConfigurationError: it cannot be written there.
    """
    try:
        with NamedTemporaryFile("w", dir=out.parent, prefix=".fanal-", delete=False, encoding="utf-8") as file:
            file.write(text)
        Path(file.name).chmod(mode)
        Path(file.name).replace(out)
    except OSError as error:
        raise ConfigurationError(f"{out}: cannot be written ({error.strerror})") from None
