"""`fanal bench`: measurements that can be repeated. The last line of each is JSON, with the machine named."""

import asyncio
import json
import os
import secrets
import tempfile
import time
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import click

from pipeline.commands import parts
from pipeline.commands.bench_sources import sources
from pipeline.commands.bench_spikes import spikes
from pipeline.commands.terminal import ERR, OUT
from pipeline.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.benchmarks.pipeline import Figures
    from pipeline.posts import Post

ALONE_S = 15.0
_ENDLESS = 1_000_000_000

_BACKGROUND = "Read these posts: JSON lines, gzipped, of text, lang, source."


@click.group()
def bench() -> None:
    """Measure. Figures hold for the machine that they name."""


bench.add_command(sources)
bench.add_command(spikes)


@bench.command()
@click.option(
    "--posts",
    "count",
    type=click.IntRange(1000),
    help="Posts per measurement (default 4,000; 100,000 with --constant).",
)
@click.option(
    "--constant",
    type=click.IntRange(2),
    metavar="N",
    help="Without the model: one post in N is called an offer unread.",
)
@click.option(
    "--rate", type=click.FloatRange(min=1), help="Posts a second for the latency (default: half the full rate)."
)
@click.option(
    "--pack", "packs", type=click.IntRange(1, 4096), multiple=True, help="Posts a record (default: 64, and 1)."
)
@click.option("--background", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=_BACKGROUND)
@click.option("--json", "as_json", is_flag=True, help="Print the line of JSON alone.")
def pipeline(  # noqa: PLR0913  # one parameter an option
    *,
    count: int | None,
    constant: int | None,
    rate: float | None,
    packs: tuple[int, ...],
    background: Path | None,
    as_json: bool,
) -> None:
    """Posts a second through the whole pipeline, and seconds from a post's arrival until a search finds its hit.

    Runs on embedded servers of its own, in a temporary folder. The model alone is measured on the same texts before and after.
    The sample posts hold a hit in six; with --background the full rate is that of real posts, the latency still the samples'.
    """
    from cryptography.fernet import Fernet

    from pipeline.benchmarks.load import background_posts
    from pipeline.benchmarks.machine import machine
    from pipeline.benchmarks.pipeline import Plan, measure
    from pipeline.local.stack import LocalStack

    settings = Settings.read()
    keys = {
        "FANAL_PRIVACY_PSEUDONYM_KEY": secrets.token_urlsafe(32),
        "FANAL_PRIVACY_EVIDENCE_KEY": Fernet.generate_key().decode(),
    }
    number = count or (100_000 if constant else 4_000)
    source = background_posts(background, number) if background else None
    plan = Plan(number, constant, rate, keys, _say, source)
    rates = [] if constant else [_model_alone(settings, source)]
    temporary = tempfile.TemporaryDirectory(prefix="fanal-bench-", ignore_cleanup_errors=True)
    with temporary as folder, LocalStack(Path(folder), settings.cache) as stack:
        found = [asyncio.run(measure(stack, Path(folder), pack, plan)) for pack in packs or (64, 1)]
    if rates:
        rates.append(_model_alone(settings, source))
    alone = fmean(rates) if rates else None
    if not as_json:
        _print(found, alone)
    click.echo(json.dumps(_line(found, alone, machine())))


@bench.command()
@click.option("--background", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=_BACKGROUND)
@click.option("--posts", "count", type=click.IntRange(100), default=2000, help="Background posts (default 2,000).")
@click.option(
    "--rounds", type=click.IntRange(1, 100), default=3, help="Rounds, of which the median counts (default 3)."
)
@click.option("--engine", "engines", multiple=True, help="Measure this one and fp32 (default: all that can run here).")
@click.option("--json", "as_json", is_flag=True, help="Print the line of JSON alone.")
def model(background: Path | None, count: int, rounds: int, engines: tuple[str, ...], as_json: bool) -> None:
    """Posts a second of each engine that can run here, beside `transformers.pipeline` if it is installed.

    Reads the sample posts, or those of a file of background, whose lengths are those of a stream. The line is that of the
    engine which the settings choose (of the first named), with those of all engines.
    """
    from models.errors import ModelError
    from pipeline.benchmarks.machine import machine
    from pipeline.benchmarks.model import measure, plan_of, rows_to_read
    from pipeline.errors import ModelUnavailable

    settings = Settings.read()
    chosen = engines[0] if engines else parts.classifier(settings).engine
    try:
        rows = measure(plan_of(settings, rows_to_read(background, count), rounds, engines, _say))
    except ModelError as error:
        raise ModelUnavailable(str(error)) from None
    if not as_json:
        _print_engines(rows)
    first = next(row for row in rows if row["engine"] == chosen)
    click.echo(
        json.dumps({"bench": "model", "machine": machine(), "load": os.getloadavg()[0]} | first | {"engines": rows})
    )


@bench.command()
@click.option("--background", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=_BACKGROUND)
@click.option("--posts", "count", type=click.IntRange(100), default=2000, help="Posts (default 2,000).")
@click.option("--rounds", type=click.IntRange(1), default=3, help="Rounds, of which the median counts.")
def cues(background: Path | None, count: int, rounds: int) -> None:
    """Posts a CPU second of the prefilter and of all finders; the share of posts with an urgent-capable cue."""
    from pipeline.benchmarks.cues import measure
    from pipeline.benchmarks.load import background_posts, posts
    from pipeline.benchmarks.machine import machine

    source = background_posts(background, count) if background else posts(count, "cues")
    found = {"machine": machine(), "load": os.getloadavg()[0]} | measure([post.text for post in source], rounds)
    click.echo(json.dumps({"bench": "cues"} | found))


def _print_engines(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        OUT.print(
            f"{row['engine']:<20} {row['posts_per_s']:>7} posts/s, {row['posts_per_cpu_s']} a CPU second, "
            f"{row['speedup'] or '?'} x transformers; {row['of_peak']:.0%} of {row['peak_gflops']} GFLOP/s",
            soft_wrap=True,
        )


def _say(text: str) -> None:
    ERR.print(text, style="dim", markup=False, soft_wrap=True)


def _model_alone(settings: Settings, source: "Sequence[Post] | None") -> float:
    """Posts a second of the classifier by itself on the same texts: cleaned, read; no language, no broker, no index."""
    from pipeline.benchmarks.load import posts
    from pipeline.screen.clean import clean

    _say("measuring the model alone")
    judge = parts.classifier(settings)
    stream = posts(_ENDLESS, "alone", source=source)
    judge.sift([post.text for post in islice(stream, 64)])
    done, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < ALONE_S:
        texts = [clean(post.text) for post in islice(stream, settings.screen.posts)]
        judge.sift(texts)
        done += len(texts)
    return done / spent


def _line(found: "list[Figures]", alone: float | None, on: str) -> dict[str, Any]:
    rows = [figures.row() for figures in found]
    first = rows[0]
    names = ("posts_per_s", "p50_s", "p99_s", "rate", "cpu_s", "rss_mb")
    line: dict[str, Any] = {"bench": "pipeline", "machine": on} | {name: first[name] for name in names}
    if alone:
        line |= {"model_alone_posts_per_s": round(alone, 1), "of_model_alone": round(first["posts_per_s"] / alone, 3)}
    return line | {"measurements": rows}


def _print(found: "list[Figures]", alone: float | None) -> None:
    if alone:
        OUT.print(f"model alone: {alone:.1f} posts/s")
    for one in found:
        row = one.row()
        OUT.print(
            f"{one.pack:>4} a record: {one.posts_per_s:>8.1f} posts/s, {one.hits_per_s:.1f} hits/s; at {one.rate} posts/s "
            f"p50 {one.p50_s} s, p99 {one.p99_s} s over {one.measured_hits} hits; {row['cpu_s']} CPU s, {row['rss_mb']} MB"
        )
        for name, use in one.use.items():
            OUT.print(f"      {name:<10} {use.cpu_s:>8.1f} CPU s {use.rss_mb:>8.1f} MB")
