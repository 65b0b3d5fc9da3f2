"""`fanal corpus`: the posts that the classifier learns from."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from pipeline.commands.terminal import OUT
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from models.corpus_check import Form

_BACKGROUND = "Real posts: JSON lines, gzipped, of text, lang, source."


@click.group()
def corpus() -> None:
    """The posts that the classifier learns from."""


@corpus.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(folder: Path | None, as_json: bool) -> None:
    """Check labels, contacts and near-duplicates, and count by language. Exits 1 if there is a fault.

    FOLDER holds one LANG.jsonl a language, and threads of such files in `threads`; without it, it is the corpus that ships.
    """
    from models.corpus_check import check_corpus, count_corpus
    from models.examples import CORPUS
    from models.threads_check import check_threads, count_threads

    threads = (folder or CORPUS) / "threads"
    faults = check_corpus(folder or CORPUS) + check_threads(threads)
    counted = [] if faults else count_corpus(folder or CORPUS)
    threaded = {} if faults else count_threads(threads)
    if as_json:
        languages = [asdict(one) for one in counted]
        click.echo(json.dumps({"faults": faults, "languages": languages, "threads": threaded}))
        sys.exit(1 if faults else 0)
    for fault in faults:
        click.echo(fault)
    if faults:
        click.echo(f"fanal: {len(faults)} faults in {folder or CORPUS}", err=True)
        sys.exit(1)
    shares = ("under 60", "under 120", "emoji")
    table = Table("language", "rows", "authors", "offers", *shares, "others", *shares)
    for one in counted:
        cells = [cell for form in (one.offers, one.others) for cell in _cells(form)]
        table.add_row(one.lang, str(sum(one.kinds.values())), str(one.authors), *cells)
    OUT.print(table)
    total = sum(sum(one.kinds.values()) for one in counted)
    if threaded:
        click.echo(f"{sum(threaded.values())} threads in {len(threaded)} languages, half of them innocent")
    click.echo(f"{total} rows in {len(counted)} languages: the corpus is sound")


@corpus.command()
@click.option("--background", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=_BACKGROUND)
@click.option(
    "--sample", type=click.IntRange(1), default=20_000, help="Background posts to measure on (default 20,000)."
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the tables as Markdown, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def languages(background: Path | None, sample: int, out: Path | None, as_json: bool) -> None:
    """Measure how well languages are identified, by language and length, with no hint, a right one and English.

    On the even half of the corpus, and of background posts where a file of them is given; the other half served to choose
    words and weights.
    """
    from models.errors import CorpusError
    from pipeline.benchmarks.language_table import render
    from pipeline.benchmarks.languages import identify_all, posts_per_cpu_second, read_known, shares
    from pipeline.screen.language import Languages

    try:
        known = read_known(background, sample)
    except CorpusError as error:
        raise UsageError(str(error)) from None
    found = list(identify_all(known, Languages()))
    rate = posts_per_cpu_second(known, Languages())
    if out:
        out.write_text(render(found, rate), encoding="utf-8")
    if as_json:
        counted = shares(found, lambda one: f"{one.known.origin} {one.known.group}")
        rows = [
            {"origin": name.split()[0], "lang": name.split()[1], "hint": hinting, "right": one.count, "of": one.total}
            for name, by_hint in counted.items()
            for hinting, one in by_hint.items()
        ]
        click.echo(json.dumps({"posts_per_cpu_s": round(rate), "languages": rows}))
    elif not out:
        click.echo(render(found, rate))


def _cells(form: "Form") -> list[str]:
    return [str(form.count), *(f"{share:.0%}" for share in (form.under_60, form.under_120, form.emoji))]
