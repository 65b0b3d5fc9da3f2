"""`fanal model compare`: which of two artefacts is better, and what the second would lose."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.commands import parts
from pipeline.commands.terminal import ERR, OUT
from pipeline.errors import ModelUnavailable
from pipeline.settings import Settings

if TYPE_CHECKING:
    from models.evaluation.versus import Versus
    from models.shadow import Pair

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("a", type=_FOLDER)
@click.argument("b", type=_FOLDER)
@click.option("--posts", type=_FILE, help="Labelled posts: JSON lines of text, lang, kind (default: the corpus).")
@click.option("--background", type=_FILE, help="Real posts, presumed benign: JSON lines of text, lang, source.")
@click.option(
    "--gate", is_flag=True, help="Exit 1 if B loses offers in any language, or over all, beyond the interval."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare(  # noqa: PLR0913 - what the command decides
    a: Path, b: Path, posts: Path | None, background: Path | None, *, gate: bool, as_json: bool
) -> None:
    """Say which of two artefacts, A and B, is better on the same labelled posts, and whether that is more than noise.

    Both have learnt from the corpus; there each is judged by the held-out logits in its folder, where it has them. Posts of a
    file are scored by both, in the language that they are labelled with.
    """
    from models.compare import Ground
    from models.compare import compare as compared
    from models.errors import ModelError

    settings = Settings.read()
    try:
        found = compared(a, b, Ground(posts, background), lambda: load_both(settings, a, b))
    except ModelError as error:
        raise ModelUnavailable(str(error)) from None
    click.echo(json.dumps(found.as_json())) if as_json else _show(found)
    if gate and found.losses:
        lost = ", ".join(
            f"{one.what} ({one.paired.a.count} to {one.paired.b.count} of {one.paired.total})" for one in found.losses
        )
        ERR.print(f"gate: B loses recall beyond the interval: {lost}", markup=False, soft_wrap=True)
        sys.exit(1)


def load_both(settings: Settings, a: Path, b: Path) -> Pair:
    """Both artefacts on the engine that the settings name, the base read once where their layers allow.

    Raises:
        ConfigurationError, ModelUnavailable: as `parts.classifier`.
        ModelError: the second does not fit the base or the engine of the first.
    """
    from models.base import Wanted
    from models.shadow import load_pair

    model = settings.model.model_copy(update={"artefact": a})
    active = parts.classifier(settings.model_copy(update={"model": model}))
    weights = Wanted(settings.model.base, settings.model.base_sha256)
    return load_pair(active, b, settings.cache / "models", weights)


def _show(found: Versus) -> None:
    lines = [f"A {found.a}", f"B {found.b}", *found.notes, f"verdict: {found.verdict}", ""]
    lines += [f"{one.what:<31} {one}" for one in found.overall]
    lines += ["", "offers found, by language"] + [f"{one.what:<8} {one}" for one in found.languages]
    lines += ["", "Intervals and p are those of each line (95 %); a verdict holds for all lines of its part at once."]
    for line in lines:
        OUT.print(line, markup=False, soft_wrap=True)
