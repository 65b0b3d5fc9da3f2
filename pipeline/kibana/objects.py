"""A saved object of Kibana, its references, and the file that holds many of them.

Versions are the lowest whose shape is written here: Kibana migrates older objects up and refuses newer ones.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID, uuid5

Type = Literal["index-pattern", "search", "map", "dashboard"]

CORE_VERSION = "8.8.0"
VERSIONS: Mapping[str, str] = {
    "index-pattern": "8.0.0",
    "search": "8.0.0",
    "map": "8.4.0",
    "lens": "8.9.0",
    "dashboard": "8.9.0",
}
_NAMESPACE = UUID("6f1d0c1e-2f5b-5c64-9b0e-0a1f0e6c2d51")


@dataclass(frozen=True, slots=True)
class Reference:
    """That an object names another, by `name` within itself."""

    name: str
    type: str
    id: str

    def within(self, place: str) -> "Reference":
        """The same, as the object around it names it: by the place of what holds it."""
        return Reference(f"{place}:{self.name}", self.type, self.id)

    def json(self) -> dict[str, str]:
        """As the file says it."""
        return {"name": self.name, "type": self.type, "id": self.id}


@dataclass(frozen=True, slots=True)
class SavedObject:
    """An object as Kibana keeps it."""

    type: Type
    id: str
    attributes: Mapping[str, Any]
    references: tuple[Reference, ...] = ()

    def json(self) -> dict[str, Any]:
        """As a line of the file."""
        return {
            "type": self.type,
            "id": self.id,
            "attributes": self.attributes,
            "references": [reference.json() for reference in self.references],
            "coreMigrationVersion": CORE_VERSION,
            "typeMigrationVersion": VERSIONS[self.type],
            "managed": False,
        }


@dataclass(frozen=True, slots=True)
class Identities:
    """Ids that are the same at every build, and others for an installation with another prefix."""

    prefix: str

    def of(self, type_: str, name: str) -> str:
        """The id of an object, a panel or a layer."""
        return str(uuid5(_NAMESPACE, f"{self.prefix}/{type_}/{name}"))

    @property
    def data_view(self) -> str:
        """The id of the one data view."""
        return self.of("index-pattern", "hits")


def packed(value: Any) -> str:
    """JSON as Kibana keeps it within an attribute: a string."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def ndjson(objects: Iterable[SavedObject]) -> str:
    """The file: an object a line, then the line that counts them."""
    lines = [packed(one.json()) for one in objects]
    summary = {
        "exportedCount": len(lines),
        "missingRefCount": 0,
        "missingReferences": [],
        "excludedObjects": [],
        "excludedObjectsCount": 0,
    }
    return "\n".join([*lines, packed(summary)]) + "\n"


def lucene(query: str) -> dict[str, str]:
    """A query in Lucene's language, which the search server reads itself."""
    return {"query": query, "language": "lucene"}
