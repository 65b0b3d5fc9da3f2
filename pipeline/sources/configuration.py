"""`config/sources.toml`: the sources to collect from, a table each, checked whole before anything is read."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.broker.connection import Connection
from pipeline.errors import ConfigurationError, UsageError
from pipeline.sources.connector import Connector
from pipeline.sources.kinds import KINDS, Kind
from pipeline.sources.source_settings import SourceSettings

DEFAULT = Path("config/sources.toml")
NAME = r"^[a-z0-9][a-z0-9._-]{0,63}$"


class _File(BaseModel):
    """The file as a whole."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    sources: dict[str, dict[str, Any]]


def read_sources(path: Path, kinds: Mapping[str, Kind] = KINDS) -> dict[str, SourceSettings]:
    """The tables of all sources by name, those that are switched off too.

    Raises:
        ConfigurationError: the file is not there or not TOML, or a table does not fit: one line that names it.
    """
    try:
        tables = _File(**tomllib.loads(path.read_text(encoding="utf-8"))).sources
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: no such file; begin with a copy of config/sources.example.toml") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}") from None
    except (ValidationError, TypeError):
        raise ConfigurationError(f"{path}: it holds tables [sources.NAME] and nothing else") from None
    if not tables:
        raise ConfigurationError(f"{path}: no source in it; give at least one table [sources.NAME]")
    return {name: _settings(f"{path}: [sources.{name}]", name, table, kinds) for name, table in tables.items()}


def _settings(where: str, name: str, table: dict[str, Any], kinds: Mapping[str, Kind]) -> SourceSettings:
    if not re.fullmatch(NAME, name):
        raise ConfigurationError(
            f"{where}: a source's name is small letters, digits, dot, hyphen, underscore; 64 at most"
        )
    kind = table.get("kind")
    if not isinstance(kind, str):
        raise ConfigurationError(f'{where}: no kind; give one of {", ".join(sorted(kinds))} as kind = "..."')
    if kind not in kinds:
        raise ConfigurationError(f"{where}: no kind {kind!r}{_nearest(kind, kinds)}")
    try:
        return kinds[kind].settings(**table)
    except ValidationError as error:
        raise ConfigurationError(f"{where}: {_in_words(error, kinds[kind].settings)}") from None


def chosen(sources: Mapping[str, SourceSettings], only: Sequence[str]) -> dict[str, SourceSettings]:
    """The sources that are switched on, or those named.

    Raises:
        UsageError: there is no source of such a name.
        ConfigurationError: every source is switched off.
    """
    for name in only:
        if name not in sources:
            raise UsageError(f"no source {name!r}{_nearest(name, sources)}")
    found = {name: one for name, one in sources.items() if (name in only if only else one.enabled)}
    if not found:
        raise ConfigurationError("every source is switched off; set enabled = true for one, or name it with --only")
    return found


def connectors(
    sources: Mapping[str, SourceSettings], connection: Connection, kinds: Mapping[str, Kind] = KINDS
) -> list[Connector]:
    """The connector of each source.

    Raises:
        ConfigurationError: a secret is missing, or a value does not fit.
    """
    return [kinds[settings.kind].make(name, settings, connection) for name, settings in sources.items()]


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(known))}"


def _in_words(error: ValidationError, model: type[SourceSettings]) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"no setting {name}{_nearest(name, model.model_fields)}"
    return f"{name + ': ' if name else ''}{first['msg'][0].lower()}{first['msg'][1:]}"
