"""`fanal version`."""

import json

import click

from pipeline.version import VERSION


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def version(as_json: bool) -> None:
    """Print the version."""
    click.echo(json.dumps({"fanal": VERSION}) if as_json else f"fanal {VERSION}")
