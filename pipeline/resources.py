"""Where the data that ships with Fanal lies: `config/`, in a checkout or in the installed package."""

import os
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from pipeline.errors import ConfigurationError

_Table = TypeVar("_Table", bound=BaseModel)
_PACKAGE = Path(__file__).resolve().parent


def config_dir() -> Path:
    """The folder that `FANAL_CONFIG_DIR` names, else the checkout's `config/`, else the installed copy.

    Raises:
        ConfigurationError: there is no such folder.
    """
    return _config_dir(os.environ.get("FANAL_CONFIG_DIR"))


@cache
def _config_dir(named: str | None) -> Path:
    places = [Path(named)] if named else [_PACKAGE.parent / "config", _PACKAGE / "_config"]
    for place in places:
        if (place / "taxonomy.yaml").is_file():
            return place
    raise ConfigurationError(f"{places[0]}: no taxonomy.yaml there; FANAL_CONFIG_DIR must name Fanal's config folder")


def taxonomy(folder: Path | None = None) -> dict[str, Any]:
    """`taxonomy.yaml`: kinds, lanes, levels, subtypes, languages. Of `config_dir()` unless told otherwise; read once."""
    return _taxonomy(folder or config_dir())


@cache
def _taxonomy(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((folder / "taxonomy.yaml").read_text(encoding="utf-8"))
    return read


def read_table(path: Path, model: type[_Table]) -> _Table:
    """Read a table of the configuration folder and hold it to its shape.

    Raises:
        ConfigurationError: it cannot be read, is not YAML, or something in it is not what it may be; the message names the place.
    """
    try:
        return model.model_validate(yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: not YAML: {' '.join(str(error).split())[:200]}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the table"
        raise ConfigurationError(f"{path}: {where}: {first['msg']}") from None
