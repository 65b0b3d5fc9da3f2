"""The reference under `docs/reference/`, written from the code: `python -m tests.reference` writes it, a test holds it current."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from pipeline import errors, settings
from pipeline.__main__ import cli
from pipeline.broker.topics import Topics, specs
from pipeline.posts import Document
from pipeline.resources import config_dir

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
_WRITTEN = "*Written from the code by `python -m tests.reference`; do not edit.*\n"


def pages() -> dict[str, str]:
    """The pages by their file's name."""
    made: Mapping[str, tuple[str, Callable[[], Iterator[str]]]] = {
        "commands.md": ("Commands", _commands),
        "settings.md": ("Settings", _settings),
        "topics.md": ("Topics", _topics),
        "fields.md": ("Fields of a hit in the index", _fields),
        "exit-codes.md": ("Exit codes", _exit_codes),
    }
    return {name: "\n".join([f"# {title}\n", _WRITTEN, *body()]) + "\n" for name, (title, body) in made.items()}


def _commands() -> Iterator[str]:
    yield "Every command takes `--help`. Results are printed on standard output, all else on standard error.\n"
    yield from _command(cli, "fanal")


def _command(command: click.Command, path: str) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    yield f"## `{path}`\n"
    yield _prose(command.help or "") + "\n"
    rows = [row for parameter in command.get_params(context) if (row := _parameter(parameter, context))]
    if rows:
        yield "| | |\n|---|---|"
        yield from rows
        yield ""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None and not found.hidden:
                yield from _command(found, f"{path} {name}")


def _parameter(parameter: click.Parameter, context: click.Context) -> str:
    if isinstance(parameter, click.Argument):
        return f"| `{_cell(parameter.make_metavar(context))}` | |"
    shown = parameter.get_help_record(context)
    if shown is None or shown[0].startswith("-h"):
        return ""
    return f"| `{_cell(shown[0])}` | {_cell(_homeless(shown[1]))} |"


def _homeless(text: str) -> str:
    return text.replace(str(Path.home()), "~")


def _settings() -> Iterator[str]:
    yield "Each stands in `config/fanal.toml` under its table, or in the environment, which wins.\n"
    yield "| setting | variable | default |\n|---|---|---|"
    for name, (variable, default) in the_settings().items():
        yield f"| `{name}` | `{variable}` | {_default(_homeless(str(default)))} |"


def the_settings() -> dict[str, tuple[str, Any]]:
    """Each setting by its dotted name: its environment variable and its default."""
    found = {}
    tables: dict[str, type[settings._Table]] = {"": settings.Settings, **settings._PARTS}
    for table, kind in tables.items():
        prefix = kind.model_config["env_prefix"]
        for name, field in kind.model_fields.items():
            if name not in settings._PARTS:
                variable = (
                    settings._variable(table, name, field.validation_alias) if table else f"{prefix}{name}".upper()
                )
                found[f"{table}.{name}" if table else name] = variable, field.default
    return found


def _default(value: str) -> str:
    return "" if value in ("None", "", "PydanticUndefined") else f"`{_cell(value)}`"


def _topics() -> Iterator[str]:
    topics = Topics()
    yield "Names stand behind `kafka.prefix`. Settings are those that `fanal setup` puts with its defaults (12 partitions, 168 hours).\n"
    yield "| topic | what it carries | partitions | settings |\n|---|---|---|---|"
    named = {getattr(topics, name): kind.__doc__ for name, kind in vars(Topics).items() if isinstance(kind, property)}
    for spec in specs(topics, partitions=12, replication=3, retention_hours=168):
        kept = ", ".join(f"`{name}={value}`" for name, value in sorted(spec.settings.items()))
        yield f"| `{spec.name}` | {_cell(_prose(named.get(spec.name) or ''))} | {spec.partitions} | {kept} |"


def _fields() -> Iterator[str]:
    mapping = json.loads((config_dir() / "elasticsearch" / "hits-documents.json").read_text(encoding="utf-8"))
    properties = mapping["template"]["mappings"]["properties"]
    yield _prose(Document.__doc__ or "") + "\n"
    yield "| field | type in the index | type in the record |\n|---|---|---|"
    for name, about in properties.items():
        kind = Document.__annotations__.get(name, "")
        yield f"| `{name}` | {about.get('type', 'object')} | `{_cell(_type(kind))}` |"


def _type(kind: Any) -> str:
    return re.sub(
        r"\b(?:datetime|pipeline\.posts)\.",
        "",
        kind.__name__ if isinstance(kind, type) and not getattr(kind, "__args__", None) else str(kind),
    )


def _exit_codes() -> Iterator[str]:
    yield _prose(errors.__doc__ or "").splitlines()[0] + "\n"
    yield "| code | error | when |\n|---|---|---|"
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.FanalError):
            yield f"| {kind.exit_code} | `{name}` | {_cell(_prose(kind.__doc__ or ''))} |"
    yield "| 75 | | A worker ended itself: it stood still while records waited. Whoever keeps it running starts it again. |"


def _prose(text: str) -> str:
    """Paragraphs each on one line."""
    found = re.split(r"\n\s*\n", text.replace("\b", "").strip())
    return "\n\n".join(" ".join(part.split()) for part in found)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
