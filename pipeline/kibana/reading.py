"""The file read again: its objects, and the panels of its dashboards with what each asks."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.errors import ConfigurationError
from pipeline.kibana.queries import Body, Span, lens, place_map, search

Kind = Literal["lens", "map", "search", "text"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A panel: where it stands, what it is, and the attributes that draw it (of a text, its words)."""

    id: str
    kind: Kind
    title: str
    place: Mapping[str, int]
    attributes: Mapping[str, Any]

    def body(self, span: Span) -> Body | None:
        """What the panel asks the search server; a text asks nothing."""
        match self.kind:
            case "lens":
                return lens(self.attributes, span)
            case "search":
                return search(self.attributes, span)
            case "map":
                return place_map(self.layer, span)
            case "text":
                return None

    @property
    def layer(self) -> Mapping[str, Any]:
        """The layer of a map that holds its data: the last."""
        found: Mapping[str, Any] = json.loads(self.attributes["layerListJSON"])[-1]
        return found


def objects_of(text: str) -> list[dict[str, Any]]:
    """The objects of a file, without the line that counts them.

    Raises:
        ConfigurationError: a line is no object of Kibana's.
    """
    try:
        read = [json.loads(line) for line in text.splitlines() if line]
    except ValueError:
        raise ConfigurationError("the Kibana objects are not JSON, one a line") from None
    return [one for one in read if "exportedCount" not in one]


def panels(dashboard: Mapping[str, Any], objects: Mapping[str, Mapping[str, Any]]) -> Iterator[Drawn]:
    """The panels of a dashboard; `objects` are those of its file by id."""
    named = {reference["name"]: reference["id"] for reference in dashboard["references"]}
    for panel in json.loads(dashboard["attributes"]["panelsJSON"]):
        config, place = panel["embeddableConfig"], panel["gridData"]
        title = panel.get("title", "")
        match panel["type"]:
            case "lens":
                yield Drawn(panel["panelIndex"], "lens", title, place, config["attributes"])
            case "visualization":
                yield Drawn(panel["panelIndex"], "text", title, place, config["savedVis"]["params"])
            case "search" | "map" as kind:
                held = objects[named[f"{panel['panelIndex']}:{panel['panelRefName']}"]]
                yield Drawn(panel["panelIndex"], kind, title, place, held["attributes"])
            case other:
                raise ConfigurationError(f"{title}: a panel of the type {other} is not known here")
