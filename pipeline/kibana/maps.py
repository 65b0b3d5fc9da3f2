"""A map of where hits point to: one layer of circles over a base map."""

from dataclasses import dataclass
from typing import Any

from pipeline.kibana.objects import Identities, Reference, SavedObject, lucene, packed

_PATTERN = "layer_1_source_index_pattern"


@dataclass(frozen=True, slots=True)
class PlaceMap:
    """The points of `field` of the hits that `query` finds, counted by tile."""

    title: str
    field: str
    query: str
    description: str = ""


def saved_map(shown: PlaceMap, identities: Identities) -> SavedObject:
    """The map as an object."""
    layers = [_ground(identities.of("layer", f"{shown.title}/ground")), _circles(shown, identities)]
    state = {
        "zoom": 2.2,
        "center": {"lat": 30, "lon": 20},
        "timeFilters": {"from": "now-30d", "to": "now"},
        "refreshConfig": {"isPaused": True, "interval": 0},
        "query": lucene(""),
        "filters": [],
        "settings": {
            "autoFitToDataBounds": True,
            "initialLocation": "LAST_SAVED_LOCATION",
            "maxZoom": 24,
            "minZoom": 0,
        },
    }
    attributes = {
        "title": shown.title,
        "description": shown.description,
        "mapStateJSON": packed(state),
        "layerListJSON": packed(layers),
        "uiStateJSON": packed({"isLayerTOCOpen": False, "openTOCDetails": []}),
    }
    references = (Reference(_PATTERN, "index-pattern", identities.data_view),)
    return SavedObject("map", identities.of("map", shown.title), attributes, references)


def _ground(id_: str) -> dict[str, Any]:
    source = {"type": "EMS_TMS", "isAutoSelect": True, "lightModeDefault": "road_map_desaturated"}
    seen = {"visible": True, "alpha": 1, "minZoom": 0, "maxZoom": 24, "includeInFitToBounds": True}
    return {"type": "EMS_VECTOR_TILE", "id": id_, "label": None, **seen, "sourceDescriptor": source, "style": _TILES}


_TILES = {"type": "EMS_VECTOR_TILE", "color": ""}


def _circles(shown: PlaceMap, identities: Identities) -> dict[str, Any]:
    source = {
        "type": "ES_GEO_GRID",
        "id": identities.of("source", shown.title),
        "geoField": shown.field,
        "requestType": "point",
        "resolution": "MOST_FINE",
        "metrics": [{"type": "count"}],
        "applyGlobalQuery": True,
        "applyGlobalTime": True,
        "applyForceRefresh": True,
        "indexPatternRefName": _PATTERN,
    }
    seen = {"visible": True, "alpha": 0.75, "minZoom": 0, "maxZoom": 24, "includeInFitToBounds": True, "joins": []}
    what = {"type": "GEOJSON_VECTOR", "id": identities.of("layer", shown.title), "label": "Hits"}
    return {**what, **seen, "query": lucene(shown.query), "sourceDescriptor": source, "style": _style()}


def _style() -> dict[str, Any]:
    counted = {"field": {"name": "doc_count", "origin": "source"}, "fieldMetaOptions": {"isEnabled": False, "sigma": 3}}
    properties = {
        "fillColor": {"type": "DYNAMIC", "options": {"type": "ORDINAL", "color": "Yellow to Red", **counted}},
        "iconSize": {"type": "DYNAMIC", "options": {"minSize": 6, "maxSize": 24, **counted}},
        "lineColor": {"type": "STATIC", "options": {"color": "#3d3d3d"}},
        "lineWidth": {"type": "STATIC", "options": {"size": 1}},
        "symbolizeAs": {"options": {"value": "circle"}},
    }
    return {"type": "VECTOR", "properties": properties, "isTimeAware": True}
