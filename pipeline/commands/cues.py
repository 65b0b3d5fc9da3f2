"""`fanal cues`: what the finders see in a text, where, and by which rule."""

import json
from dataclasses import asdict
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from pipeline.commands.terminal import OUT
from pipeline.screen.clean import clean
from pipeline.screen.cues import Cue, find_cues
from pipeline.screen.language import Languages


@click.group()
def cues() -> None:
    """What the finders of cues see in a text. The word lists are in config/cues."""


@cues.command()
@click.argument("text")
@click.option("--lang", help="The text's language (default: as it is identified).")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def explain(text: str, lang: str | None, as_json: bool) -> None:
    """Print the cues of TEXT: kind, words, normalised form, place in the text, and the rule that found them."""
    langs = (lang,) if lang else Languages().identify(clean(text))
    found = find_cues(text, langs[0], langs[1:])
    if as_json:
        click.echo(json.dumps({"langs": langs, "cues": rows(found)}, ensure_ascii=False))
        return
    OUT.print(_table(found, langs) if found else f"no cues (read as {', '.join(langs)})")


def rows(found: tuple[Cue, ...]) -> list[dict[str, Any]]:
    """Cues as JSON takes them."""
    return [asdict(one) for one in found]


def _table(found: tuple[Cue, ...], langs: tuple[str, ...]) -> Table:
    table = Table(title=f"{len(found)} cues, read as {', '.join(langs)}", title_justify="left")
    for name in ("kind", "found", "normalised", "characters", "rule"):
        table.add_column(name, overflow="fold")
    for one in found:
        table.add_row(*map(Text, (one.kind, one.value, one.normalised, f"{one.start}-{one.end}", one.rule)))
    return table
