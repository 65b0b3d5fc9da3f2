"""A dashboard: rows of panels on Kibana's grid of 48 columns, controls above them, and the references of it all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.kibana.lens import Chart, attributes, references
from pipeline.kibana.maps import PlaceMap
from pipeline.kibana.objects import Identities, Reference, SavedObject, lucene, packed
from pipeline.kibana.searches import Search

COLUMNS = 48
DRILLDOWN = "DASHBOARD_TO_DASHBOARD_DRILLDOWN"


@dataclass(frozen=True, slots=True)
class Text:
    """Words in Markdown."""

    words: str


@dataclass(frozen=True, slots=True)
class Leading:
    """A chart whose values lead, when they are clicked, to another dashboard, with the filters set so far."""

    chart: Chart
    to: str


Shown = Chart | Leading | Text | Search | PlaceMap


@dataclass(frozen=True, slots=True)
class Row:
    """Panels side by side, each with its width; their widths come to 48."""

    height: int
    panels: tuple[tuple[int, Shown], ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What stands on a dashboard, from top to bottom."""

    title: str
    description: str
    rows: tuple[Row, ...]
    controls: tuple[tuple[str, str], ...] = (
        ("kind", "Kind"),
        ("lang", "Language"),
        ("platform", "Platform"),
        ("routes", "Route"),
    )


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel as its dashboard holds it, and what it names."""

    json: Mapping[str, Any]
    references: tuple[Reference, ...]


def saved_dashboard(dashboard: Dashboard, identities: Identities) -> SavedObject:
    """The dashboard as an object."""
    panels = [_panel(shown, dashboard, grid, identities) for grid, shown in _places(dashboard, identities)]
    controls, control_references = _controls(dashboard, identities)
    held = tuple(reference for panel in panels for reference in panel.references)
    said = {
        "title": dashboard.title,
        "description": dashboard.description,
        "panelsJSON": packed([panel.json for panel in panels]),
        "optionsJSON": packed(_OPTIONS),
        "controlGroupInput": controls,
        "timeRestore": True,
        "timeFrom": "now-30d",
        "timeTo": "now",
        "refreshInterval": {"pause": False, "value": 60_000},
        "kibanaSavedObjectMeta": {"searchSourceJSON": packed({"query": lucene(""), "filter": []})},
        "version": 1,
    }
    return SavedObject("dashboard", identities.of("dashboard", dashboard.title), said, held + control_references)


_OPTIONS = {
    "useMargins": True,
    "syncColors": True,
    "syncCursor": True,
    "syncTooltips": False,
    "hidePanelTitles": False,
}


def _places(dashboard: Dashboard, identities: Identities) -> Iterator[tuple[dict[str, Any], Shown]]:
    """Where each panel stands.

    Raises:
        ValueError: a row is not as wide as the grid.
    """
    y = 0
    for number, row in enumerate(dashboard.rows):
        x = 0
        for width, shown in row.panels:
            id_ = identities.of("panel", f"{dashboard.title}/{number}/{x}")
            yield {"x": x, "y": y, "w": width, "h": row.height, "i": id_}, shown
            x += width
        if x != COLUMNS:
            raise ValueError(f"{dashboard.title}: row {number} is {x} wide, not {COLUMNS}")
        y += row.height


def _panel(shown: Shown, dashboard: Dashboard, grid: dict[str, Any], identities: Identities) -> Panel:
    place = {"panelIndex": grid["i"], "gridData": grid}
    match shown:
        case Text(words):
            return Panel({**place, "type": "visualization", "embeddableConfig": _markdown(words)}, ())
        case Search(title=title):
            return _by_reference(place, "search", title, identities)
        case PlaceMap(title=title):
            return _by_reference(place, "map", title, identities)
        case Leading(chart, to):
            events, reference = _leading(to, grid["i"], identities)
            return _by_value(place, chart, {"dynamicActions": {"events": events}}, reference, identities)
        case Chart():
            return _by_value(place, shown, {}, (), identities)


def _by_value(
    place: dict[str, Any],
    chart: Chart,
    enhancements: dict[str, Any],
    more: Sequence[Reference],
    identities: Identities,
) -> Panel:
    """A chart that the dashboard itself holds; what the chart names, the dashboard names by the panel's id."""
    id_ = place["panelIndex"]
    layer = identities.of("layer", id_)
    named = references(layer, identities)
    lens = {**attributes(chart, layer), "type": "lens", "references": [one.json() for one in named]}
    config = {"attributes": lens, "enhancements": enhancements, "hidePanelTitles": False}
    json = {**place, "type": "lens", "title": chart.title, "embeddableConfig": config}
    return Panel(json, tuple(one.within(id_) for one in (*named, *more)))


def _by_reference(place: dict[str, Any], type_: str, title: str, identities: Identities) -> Panel:
    name = f"panel_{place['panelIndex']}"
    json = {**place, "type": type_, "title": title, "panelRefName": name, "embeddableConfig": {"enhancements": {}}}
    return Panel(json, (Reference(name, type_, identities.of(type_, title)).within(place["panelIndex"]),))


def _markdown(words: str) -> dict[str, Any]:
    data = {"aggs": [], "searchSource": {"query": lucene(""), "filter": []}}
    params = {"fontSize": 12, "openLinksInNewTab": False, "markdown": words}
    said = {"type": "markdown", "title": "", "description": "", "params": params, "uiState": {}, "data": data}
    return {"savedVis": said, "enhancements": {}, "hidePanelTitles": True}


def _leading(to: str, panel: str, identities: Identities) -> tuple[list[dict[str, Any]], tuple[Reference, ...]]:
    """A drilldown: its target stands among the references, by the event's id."""
    event = identities.of("event", panel)
    config = {"useCurrentFilters": True, "useCurrentDateRange": True, "openInNewTab": False}
    action = {"factoryId": DRILLDOWN, "name": f"Go to {to}", "config": config}
    target = Reference(f"drilldown:{DRILLDOWN}:{event}:dashboardId", "dashboard", identities.of("dashboard", to))
    return [{"eventId": event, "triggers": ["FILTER_TRIGGER"], "action": action}], (target,)


_OPEN = {"selectedOptions": [], "sort": {"by": "_count", "direction": "desc"}, "enhancements": {}}


def _controls(dashboard: Dashboard, identities: Identities) -> tuple[dict[str, Any], tuple[Reference, ...]]:
    ids = [identities.of("control", f"{dashboard.title}/{field}") for field, _ in dashboard.controls]
    panels = {
        id_: {
            "order": order,
            "width": "medium",
            "grow": True,
            "type": "optionsListControl",
            "explicitInput": {"id": id_, "fieldName": field, "title": title, **_OPEN},
        }
        for order, (id_, (field, title)) in enumerate(zip(ids, dashboard.controls, strict=True))
    }
    ignored = dict.fromkeys(("ignoreFilters", "ignoreQuery", "ignoreTimerange", "ignoreValidations"), False)
    group = {
        "controlStyle": "oneLine",
        "chainingSystem": "HIERARCHICAL",
        "panelsJSON": packed(panels),
        "ignoreParentSettingsJSON": packed(ignored),
    }
    named = (Reference(f"controlGroup_{id_}:optionsListDataView", "index-pattern", identities.data_view) for id_ in ids)
    return group, tuple(named)
