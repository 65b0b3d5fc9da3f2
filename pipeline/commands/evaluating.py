"""`fanal model evaluate`: how good the classifier is on what it has not seen."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.commands.terminal import OUT
from pipeline.errors import ModelUnavailable
from pipeline.settings import Settings

if TYPE_CHECKING:
    from models.evaluate import Inputs

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option(
    "--background", type=_FILE, required=True, help="Real posts: JSON lines, gzipped or not, of text, lang, source."
)
@click.option("--realstyle", type=_FILE, help="Further examples: JSON lines of text, lang, label, kind, group.")
@click.option("--sample", type=click.IntRange(1000), default=60_000, help="Background posts to use (default 60,000).")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write figures.md and its plots here.")
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
def evaluate(background: Path, realstyle: Path | None, sample: int, out: Path | None, as_json: bool) -> None:
    """Measure what is found, what is mistaken and how many ordinary posts are taken for a hit, on posts held out of training.

    Each fifth of authors, articles and data sets is judged by a classifier that was trained without it. Give the files and the
    sample of the training: what it has read and trained is then used again, else it takes as long as a training. Prints the
    headline against the targets.
    """
    from models.errors import ModelError
    from models.evaluate import evaluate as measured
    from models.evaluation.document import write
    from models.evaluation.targets import render_headline

    try:
        found = measured(_inputs(Settings.read(), background, realstyle, sample))
    except ModelError as error:
        raise ModelUnavailable(str(error)) from None
    written = write(found, out) if out else None
    click.echo(json.dumps(found.as_json()) if as_json else render_headline(found.reached))
    if written and not as_json:
        OUT.print(f"figures written to {written}", markup=False, soft_wrap=True)


def _inputs(settings: Settings, background: Path, realstyle: Path | None, sample: int) -> "Inputs":
    from models.evaluate import Inputs

    return Inputs(
        background=background,
        features=settings.cache / "features",
        cache=settings.cache / "models",
        realstyle=realstyle,
        sample=sample,
        base=settings.model.base,
        base_sha256=settings.model.base_sha256,
    )
