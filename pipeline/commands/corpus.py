"""`fanal corpus`: the posts that the classifier learns from."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from pipeline.commands.terminal import OUT

if TYPE_CHECKING:
    from models.corpus_check import Form


@click.group()
def corpus() -> None:
    """The posts that the classifier learns from."""


@corpus.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(folder: Path | None, as_json: bool) -> None:
    """Check labels, contacts and near-duplicates, and count by language. Exits 1 if there is a fault.

    FOLDER holds one LANG.jsonl a language; without it, it is the corpus that ships.
    """
    from models.corpus_check import check_corpus, count_corpus
    from models.examples import CORPUS

    faults = check_corpus(folder or CORPUS)
    counted = [] if faults else count_corpus(folder or CORPUS)
    if as_json:
        click.echo(json.dumps({"faults": faults, "languages": [asdict(one) for one in counted]}))
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
    click.echo(f"{total} rows in {len(counted)} languages: the corpus is sound")


def _cells(form: "Form") -> list[str]:
    return [str(form.count), *(f"{share:.0%}" for share in (form.under_60, form.under_120, form.emoji))]
