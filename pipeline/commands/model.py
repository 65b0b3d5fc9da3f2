"""`fanal model`: what the classifier is, where it comes from, which engine runs it here, and whether that agrees."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.commands import parts
from pipeline.commands.bench import model as bench_model
from pipeline.commands.choosing import compare
from pipeline.commands.comparing import shadow
from pipeline.commands.evaluating import evaluate
from pipeline.commands.refreshing import refresh
from pipeline.commands.standardising import statistics_file
from pipeline.commands.terminal import ERR, OUT
from pipeline.resources import taxonomy
from pipeline.settings import Settings

if TYPE_CHECKING:
    from models.base import Base
    from models.build import Tried
    from models.measured import LocalStatistics

_BACKGROUND = "Real posts: JSON lines, gzipped, of text, lang, source. Without them int8 on OpenVINO is left out."


@click.group()
def model() -> None:
    """What the classifier is, where it comes from, and which engine runs it here."""


model.add_command(bench_model, "bench")
model.add_command(shadow)
model.add_command(refresh)
model.add_command(evaluate)
model.add_command(compare)


@model.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(as_json: bool) -> None:
    """Print what is loaded: artefact, engine, base encoder, kinds, calibrated engines, uncalibrated languages.

    Of an uncalibrated language no background posts were measured; its rate of false hits is not known.
    """
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
    classifier = parts.any_classifier(settings)
    without = [lang for lang in taxonomy()["languages"] if not classifier.is_calibrated(lang)]
    return {
        "model": classifier.model,
        "artefact": str(artefact),
        **_describe_base(parts.base(settings)),
        "cache": str(settings.cache / "models"),
        "kinds": list(heads.labels),
        "lanes": {lane: list(kinds) for lane, kinds in heads.lanes.items()},
        "calibrated": sorted(heads.calibrations),
        "uncalibrated": {"languages": without, "penalty": classifier.penalty},
        "statistics": _describe_statistics(statistics_file(settings), classifier.statistics),
    }


def _describe_statistics(file: Path, found: "LocalStatistics | None") -> dict[str, Any] | str:
    """Which languages are standardised by posts of one's own, on how many, since when."""
    if found is None:
        return "of the artefact: none were measured here"
    languages = {lang: one.posts for lang, one in sorted(found.languages.items())}
    return {"file": str(file), "at": found.at.isoformat(), "posts": found.posts, "languages": languages}


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


@model.command()
@click.option("--background", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=_BACKGROUND)
@click.option(
    "--posts", type=click.IntRange(300), default=20_000, help="Background posts to compare on (default 20,000)."
)
@click.option(
    "--engine", "engines", multiple=True, help="Try this one; may be given again (default: all that run here)."
)
@click.option("--json", "as_json", is_flag=True, help="Print the line of JSON alone.")
def build(background: Path | None, posts: int, engines: tuple[str, ...], as_json: bool) -> None:
    """Make the engines that this machine could run, and keep the fastest that flags whom fp32 flags.

    Each is compared with fp32 on the same graph, and with the golden scores of torch that ship with the artefact; an engine
    that moves the tail is refused. The rest get a calibration of their own. Takes minutes; workers take what was kept at
    their next start.
    """
    from models.build import build as search
    from models.build import candidates, render_report
    from models.engines import cpu_flags
    from models.errors import ModelError
    from pipeline.errors import ModelUnavailable

    plan = parts.build_plan(Settings.read(), background, posts, _say)
    try:
        tried = search(plan, engines or candidates(background is not None, cpu_flags()))
    except ModelError as error:
        raise ModelUnavailable(str(error)) from None
    kept = max((one for one in tried if one.posts_per_s), key=lambda one: one.posts_per_s or 0.0)
    if not as_json:
        click.echo(render_report(plan, tried, kept.engine))
    click.echo(json.dumps({"machine": plan.machine, "kept": kept.engine, "engines": [_row(one) for one in tried]}))


def _row(one: "Tried") -> dict[str, Any]:
    return {
        "engine": one.engine,
        "posts_per_s": one.posts_per_s,
        "agreement": one.agreement and asdict(one.agreement),
        "golden": one.golden and asdict(one.golden),
        "why_not": one.why_not,
    }


@model.command()
@click.option("--json", "as_json", is_flag=True, help="Print the line of JSON alone.")
def verify(as_json: bool) -> None:
    """Hold the engine that would run here against the golden scores that ship with the artefact.

    Also checks that artefact, cache and build are whole. Exits 1 if the engine does not flag whom torch in fp32 flags.
    """
    from models.errors import ModelError
    from models.golden import load_golden
    from models.heads import ARTEFACT
    from pipeline.errors import ModelUnavailable

    settings = Settings.read()
    try:
        golden = load_golden(settings.model.artefact or ARTEFACT)
    except ModelError as error:
        raise ModelUnavailable(str(error)) from None
    classifier = parts.classifier(settings)
    found = classifier.compare_with(golden)
    line = {"model": classifier.model, "posts": found.examples, "holds": found.holds} | {
        "flips": found.flips,
        "p99": found.p99,
    }
    if not as_json:
        OUT.print(f"{classifier.model} {found}", markup=False, soft_wrap=True)
    click.echo(json.dumps(line))
    sys.exit(0 if found.holds else 1)


def _say(text: str) -> None:
    ERR.print(text, style="dim", markup=False, soft_wrap=True)
