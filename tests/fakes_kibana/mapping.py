"""The types of an index's fields, as its mapping gives them."""

from collections.abc import Mapping
from typing import Any

AGGREGATABLE = {"keyword", "date", "boolean", "float", "double", "short", "integer", "long", "geo_point"}


def types(properties: Mapping[str, Any], at: str = "") -> dict[str, str]:
    """Each field's type by its dotted name."""
    found: dict[str, str] = {}
    for name, field in properties.items():
        inner = field.get("properties")
        found |= types(inner, f"{at}{name}.") if inner else {f"{at}{name}": field["type"]}
    return found
