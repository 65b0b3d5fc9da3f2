"""Dotted paths into JSON: `status.content`, and through lists: `tags.name` is every tag's name."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

Path = tuple[str, ...]

MISSING: Final = object()


def path(dotted: str) -> Path:
    """A path from its text; empty text is the whole."""
    return tuple(dotted.split(".")) if dotted else ()


def found(value: Any, at: Sequence[str]) -> Any:
    """What stands at a path: MISSING where nothing does; a list of what its items hold where it goes through a list."""
    for number, name in enumerate(at):
        if isinstance(value, list):
            items = [found(item, at[number:]) for item in value]
            return [item for item in items if item is not MISSING]
        if not isinstance(value, dict) or name not in value:
            return MISSING
        value = value[name]
    return value


def without(value: dict[str, Any], paths: Iterable[Path]) -> dict[str, Any]:
    """A copy without what stands at these paths; lists on the way stay whole, and so does what the paths do not name."""
    left = dict(value)
    for at in paths:
        _drop(left, at)
    return left


def _drop(value: dict[str, Any], at: Path) -> None:
    name, rest = at[0], at[1:]
    if not rest:
        value.pop(name, None)
    elif isinstance(value.get(name), dict):
        value[name] = dict(value[name])
        _drop(value[name], rest)
        if not value[name]:
            del value[name]
