"""A live source by its name, as `fanal run --source NAME` takes one: its configuration, and the licence that it needs."""

from datetime import UTC, datetime
from pathlib import Path

from pipeline.commands.licence import ask_licence
from pipeline.errors import UsageError
from pipeline.settings import Settings

DEFAULTS = {"bluesky": '[sources.bluesky]\nkind = "bluesky"\n'}
"""What needs no configuration, for it needs no account."""


def configuration(settings: Settings, name: str) -> Path:
    """The file that says how a source is read: `config/sources.toml` where it has one of that name, else the default.

    Raises:
        UsageError: there is no such source, nor such a file.
        ConfigurationError: the file does not fit.
    """
    from pipeline.sources.configuration import DEFAULT, read_sources

    if DEFAULT.is_file() and name in read_sources(DEFAULT):
        return DEFAULT
    if name not in DEFAULTS:
        raise UsageError(
            f"{name}: no such file, nor a source of {DEFAULT}; SOURCE names an NDJSON file (plain, .gz or .zst), "
            f"{', '.join(DEFAULTS)}, or is - for standard input"
        )
    path = settings.data / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(DEFAULTS[name], encoding="utf-8")
    return path


def ask(settings: Settings, name: str, path: Path) -> None:
    """Have it on record who runs a source, if it is live: asked for on the terminal where it is not.

    Raises:
        ConfigurationError: it is not on record, and nobody can be asked or whoever is refuses.
    """
    from pipeline.broker.connection import Connection
    from pipeline.sources.configuration import chosen, connectors, read_sources

    [one] = connectors(chosen(read_sources(path), [name]), Connection(""))
    if one.live:
        ask_licence(settings.licence, [name], datetime.now(UTC).date(), {name: one.platform})
