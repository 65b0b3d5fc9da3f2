"""The rules of a folder, read and held to their shape."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pipeline.errors import ConfigurationError
from pipeline.rules.rule import Rule

MOST_RULES = 500


def read_rules(folder: Path) -> tuple[Rule, ...]:
    """All rules of a folder's `*.yaml`, file by file; none where there is no folder.

    Raises:
        ConfigurationError: one does not hold to its shape: the line names the file, the rule and the field.
    """
    rules: dict[str, Rule] = {}
    for path in sorted(folder.glob("*.yaml")):
        for rule in _read(path):
            if rule.name in rules:
                raise ConfigurationError(f"{path}: rule {rule.name}: name: there is a rule of that name already")
            rules[rule.name] = rule
    if len(rules) > MOST_RULES:
        raise ConfigurationError(f"{folder}: {len(rules)} rules; at most {MOST_RULES} are read")
    return tuple(rules.values())


def stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """What tells whether a file of a folder is new, gone or changed."""
    found = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            stat = path.stat()
        except OSError:
            continue
        found.append((path.name, stat.st_mtime_ns, stat.st_size))
    return tuple(found)


def _read(path: Path) -> Iterator[Rule]:
    try:
        read = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: not YAML: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(read, dict) or set(read) != {"version", "rules"} or read["version"] != 1:
        raise ConfigurationError(f"{path}: a file of rules has `version: 1` and `rules`, and nothing else")
    if not isinstance(read["rules"], list):
        raise ConfigurationError(f"{path}: rules: it must be a list")
    for number, one in enumerate(read["rules"], 1):
        yield _rule(path, number, one)


def _rule(path: Path, number: int, raw: Any) -> Rule:
    name = raw.get("name") if isinstance(raw, dict) else None
    named = f"rule {name[:63]}" if isinstance(name, str) else f"rule {number}"
    try:
        return Rule.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "it"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        said = " ".join(first["msg"].removeprefix("Value error, ").split())
        raise ConfigurationError(f"{path}: {' '.join(named.split())}: {where}: {said}{more}") from None
