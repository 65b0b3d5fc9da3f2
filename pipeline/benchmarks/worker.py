"""A worker for measurements: as it ships, or with a classifier that reads nothing (a flag here, never a setting)."""

import click

from models.constant import ConstantClassifier
from pipeline.commands.work import ROLES, start
from pipeline.settings import Settings


@click.command()
@click.argument("role", type=click.Choice(ROLES))
@click.option("--constant", type=int, metavar="N", help="Judge one post in N as an offer without reading it.")
def main(role: str, constant: int | None) -> None:
    """Run a worker."""
    start(Settings.read(), role, None, ConstantClassifier(constant) if constant else None)


if __name__ == "__main__":
    main()
