"""The types of an index's fields, as its mapping gives them, and the fields that a search aggregates on."""

from collections.abc import Iterator, Mapping
from typing import Any

AGGREGATABLE = {"keyword", "date", "boolean", "float", "double", "short", "integer", "long", "geo_point"}


def types(properties: Mapping[str, Any], at: str = "") -> dict[str, str]:
    """Each field's type by its dotted name."""
    found: dict[str, str] = {}
    for name, field in properties.items():
        inner = field.get("properties")
        found |= types(inner, f"{at}{name}.") if inner else {f"{at}{name}": field["type"]}
    return found


def fields_of(body: Any) -> Iterator[str]:
    """The fields on which a body aggregates."""
    if isinstance(body, Mapping):
        for key, value in body.items():
            if key == "field" and isinstance(value, str):
                yield value
            yield from fields_of(value)
    elif isinstance(body, list):
        for value in body:
            yield from fields_of(value)
