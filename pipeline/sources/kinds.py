"""The kinds of source: what `kind = "..."` in `config/sources.toml` may be, the settings of each, and how it is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from pipeline.sources.connector import Connector
from pipeline.sources.source_settings import SourceSettings


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind: the model of its table, and the connector that follows from a name and such settings."""

    settings: type[SourceSettings]
    make: Callable[[str, Any], Connector]


class ReplaySettings(SourceSettings):
    """A file of posts, a line each (plain, `.gz` or `.zst`), at a pace of `rate` lines a second, or as fast as they are taken."""

    path: Path
    rate: Annotated[float, Field(ge=0.01)] | None = None


def _replay(name: str, settings: ReplaySettings) -> Connector:
    from pipeline.sources.file_lines import FileLines

    return FileLines(name, settings.path, settings.rate)


KINDS: Mapping[str, Kind] = {"replay": Kind(ReplaySettings, _replay)}
