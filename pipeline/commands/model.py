"""`fanal model`: what the classifier is, where it comes from, and how it is made."""

import json
from typing import TYPE_CHECKING, Any

import click

from pipeline.commands import parts
from pipeline.commands.terminal import ERR
from pipeline.settings import Settings

if TYPE_CHECKING:
    from models.base import Base


@click.group()
def model() -> None:
    """What the classifier is, where it comes from, and how it is made."""


@model.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(as_json: bool) -> None:
    """Print what is loaded: artefact, engine, base encoder, kinds, thresholds."""
    found = describe(Settings.read())
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, value in found.items():
        click.echo(f"{name:<12} {value if isinstance(value, str) else json.dumps(value)}")


def describe(settings: Settings) -> dict[str, Any]:
    """The classifier in words.

    Raises:
        ModelUnavailable: artefact or weights are missing or damaged.
    """
    from models.errors import ModelError
    from models.heads import ARTEFACT, load_heads
    from pipeline.errors import ModelUnavailable

    artefact = settings.model.artefact or ARTEFACT
    try:
        heads = load_heads(artefact)
    except ModelError as error:
        raise ModelUnavailable(str(error)) from None
    return {
        "model": parts.classifier(settings).model,
        "artefact": str(artefact),
        **_describe_base(parts.base(settings)),
        "cache": str(settings.cache / "models"),
        "kinds": list(heads.labels),
        "lanes": {lane: list(kinds) for lane, kinds in heads.lanes.items()},
        "calibrated": sorted(heads.calibrations),
    }


def _describe_base(base: "Base") -> dict[str, Any]:
    """The base encoder in words; `pooled` are the layers whose means the heads read."""
    return {
        "base": base.name,
        "source": base.about.source,
        "licence": base.licence,
        "sha256": base.sha256,
        "architecture": base.about.architecture,
        "layers": base.shape.layers,
        "pooled": list(base.layers),
        "hidden": base.shape.hidden,
        "vocabulary": len(base.words),
    }


@model.command()
def fetch() -> None:
    """Fetch and convert the base weights into the cache, so that workers start without a network."""
    settings = Settings.read()
    base = parts.prepare_base(settings, lambda text: ERR.print(text, markup=False, soft_wrap=True))
    click.echo(f"the base model is in {settings.cache / 'models'}: {base.name}, sha256 {base.sha256}")
