"""The file that Kibana imports: current, and right in all that can be told without Kibana.

The rules are those by which Kibana reads, extracts and injects references, and places panels. Its import itself was not run.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pipeline.index.templates import Layout, render
from pipeline.kibana.build import COMMITTED, built, dashboards
from pipeline.kibana.columns import Count, Dates, Measure, Terms, columns
from pipeline.kibana.dashboards import Dashboard, Leading, Row, Text, saved_dashboard
from pipeline.kibana.lens import Chart
from pipeline.kibana.objects import Identities
from pipeline.kibana.reading import Drawn, objects_of, panels
from pipeline.kibana.searches import TIME_FIELD, Search
from pipeline.posts import Document
from pipeline.resources import config_dir, taxonomy
from tests.fakes_kibana.mapping import AGGREGATABLE, types

KINDS = list(taxonomy()["kinds"])
COMMITTED_TEXT = (config_dir() / COMMITTED).read_text(encoding="utf-8")
OBJECTS = objects_of(COMMITTED_TEXT)
BY_ID: dict[str, dict[str, Any]] = {one["id"]: one for one in OBJECTS}
DASHBOARDS = [one for one in OBJECTS if one["type"] == "dashboard"]
NEWEST = {"index-pattern": (8, 0, 0), "search": (8, 0, 0), "map": (8, 4, 0), "dashboard": (8, 9, 0)}
ATTRIBUTES = {
    "index-pattern": {
        "title",
        "name",
        "timeFieldName",
        "allowNoIndex",
        "fields",
        "fieldAttrs",
        "fieldFormatMap",
        "runtimeFieldMap",
        "sourceFilters",
        "typeMeta",
    },
    "search": {
        "title",
        "description",
        "columns",
        "sort",
        "grid",
        "hideChart",
        "isTextBasedQuery",
        "timeRestore",
        "usesAdHocDataView",
        "kibanaSavedObjectMeta",
    },
    "map": {"title", "description", "mapStateJSON", "layerListJSON", "uiStateJSON"},
    "dashboard": {
        "title",
        "description",
        "kibanaSavedObjectMeta",
        "timeRestore",
        "timeFrom",
        "timeTo",
        "refreshInterval",
        "controlGroupInput",
        "panelsJSON",
        "optionsJSON",
        "hits",
        "version",
    },
}
SERIES = {"bar_stacked", "line", "bar_horizontal_stacked"}


def mapping() -> dict[str, str]:
    made = render(config_dir() / "elasticsearch", Layout("fanal", 1, 0), KINDS, {"fr": "french"}, ["lowercase"])
    [documents] = [template for template in made if template.component]
    assert documents.mappings is not None
    return types(documents.mappings["properties"])


TYPES = mapping()


def lenses() -> Iterator[tuple[dict[str, Any], Drawn]]:
    for dashboard in DASHBOARDS:
        yield from ((dashboard, panel) for panel in panels(dashboard, BY_ID) if panel.kind == "lens")


LENSES = list(lenses())
NAMES = [f"{one['attributes']['title']}/{panel.title}" for one, panel in LENSES]
every_lens = pytest.mark.parametrize(("dashboard", "panel"), LENSES, ids=NAMES)
every_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one["attributes"]["title"])


def layer_of(panel: Drawn) -> tuple[str, dict[str, Any]]:
    [(id_, layer)] = panel.attributes["state"]["datasourceStates"]["formBased"]["layers"].items()
    return id_, layer


def strings_of_json(value: Any) -> Iterator[str]:
    """Every attribute that holds JSON as a string."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key.endswith("JSON"):
                assert isinstance(inner, str), key
                yield inner
                yield from strings_of_json(json.loads(inner))
            else:
                yield from strings_of_json(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_of_json(inner)


def test_the_committed_file_is_what_is_built() -> None:
    assert built(KINDS) == COMMITTED_TEXT, "run: fanal kibana build --out config/kibana/fanal.ndjson"


def test_the_file_holds_what_the_dashboards_need_and_counts_it() -> None:
    assert Counter(one["type"] for one in OBJECTS) == {"index-pattern": 1, "search": 6, "map": 1, "dashboard": 5}
    assert json.loads(COMMITTED_TEXT.splitlines()[-1])["exportedCount"] == len(OBJECTS)


def test_ids_are_unique_and_another_prefix_has_others() -> None:
    assert len(BY_ID) == len(OBJECTS)
    other = objects_of(built(KINDS, "other"))
    assert not {one["id"] for one in other} & BY_ID.keys()
    assert next(one for one in other if one["type"] == "index-pattern")["attributes"]["title"] == "other-hits"


def test_every_string_of_json_parses() -> None:
    assert len([string for one in OBJECTS for string in strings_of_json(one["attributes"])]) > 30


@pytest.mark.parametrize("one", OBJECTS, ids=lambda one: one["attributes"]["title"])
def test_an_object_has_the_attributes_and_the_version_that_kibana_knows(one: dict[str, Any]) -> None:
    assert one.keys() == {
        "type", "id", "attributes", "references", "coreMigrationVersion", "typeMigrationVersion", "managed",
    }  # fmt: skip
    assert one["attributes"].keys() <= ATTRIBUTES[one["type"]]
    assert tuple(map(int, one["typeMigrationVersion"].split("."))) <= NEWEST[one["type"]]
    assert one["coreMigrationVersion"] == "8.8.0"


@pytest.mark.parametrize("one", OBJECTS, ids=lambda one: one["attributes"]["title"])
def test_every_reference_leads_to_an_object_of_the_file(one: dict[str, Any]) -> None:
    names = [reference["name"] for reference in one["references"]]
    assert len(set(names)) == len(names)
    for reference in one["references"]:
        assert BY_ID[reference["id"]]["type"] == reference["type"]


def test_every_name_of_a_reference_that_an_object_uses_is_among_its_references() -> None:
    for one in OBJECTS:
        names = {reference["name"] for reference in one["references"]}
        if one["type"] == "search":
            source = json.loads(one["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
            assert names == {source["indexRefName"]}
        if one["type"] == "map":
            [_, layer] = json.loads(one["attributes"]["layerListJSON"])
            assert names == {layer["sourceDescriptor"]["indexPatternRefName"]} == {"layer_1_source_index_pattern"}


@every_dashboard
def test_what_the_panels_name_is_hoisted_to_the_dashboard_and_nothing_else_is(dashboard: dict[str, Any]) -> None:
    wanted = {f"controlGroup_{id_}:optionsListDataView" for id_ in controls(dashboard)}
    for panel in json.loads(dashboard["attributes"]["panelsJSON"]):
        at, config = panel["panelIndex"], panel["embeddableConfig"]
        inner = config.get("attributes", {}).get("references", [])
        wanted |= {f"{at}:{reference['name']}" for reference in inner}
        wanted |= {f"{at}:{panel['panelRefName']}"} if "panelRefName" in panel else set()
        for event in config["enhancements"].get("dynamicActions", {}).get("events", []):
            wanted |= {f"{at}:drilldown:{event['action']['factoryId']}:{event['eventId']}:dashboardId"}
    assert wanted == {reference["name"] for reference in dashboard["references"]}


def controls(dashboard: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(dashboard["attributes"]["controlGroupInput"]["panelsJSON"])
    return found


@every_dashboard
def test_controls_stand_for_kind_language_platform_and_route(dashboard: dict[str, Any]) -> None:
    found = controls(dashboard)
    in_order = sorted(found.values(), key=lambda one: one["order"])
    assert [one["explicitInput"]["fieldName"] for one in in_order] == ["kind", "lang", "platform", "routes"]
    assert all(one["explicitInput"]["id"] == id_ for id_, one in found.items())
    assert all(TYPES[one["explicitInput"]["fieldName"]] == "keyword" for one in in_order)


@every_dashboard
def test_panels_stand_on_the_grid_and_on_nothing_else(dashboard: dict[str, Any]) -> None:
    taken: set[tuple[int, int]] = set()
    placed = json.loads(dashboard["attributes"]["panelsJSON"])
    assert len({panel["panelIndex"] for panel in placed}) == len(placed)
    for panel in placed:
        at = panel["gridData"]
        assert at["i"] == panel["panelIndex"]
        assert at["x"] + at["w"] <= 48
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        taken |= cells


@every_dashboard
def test_the_hits_behind_the_figures_stand_on_every_dashboard(dashboard: dict[str, Any]) -> None:
    last = list(panels(dashboard, BY_ID))[-1]
    assert last.kind == "search"
    assert "text" in last.attributes["columns"]


@every_lens
def test_a_layer_names_its_columns_and_the_data_view(dashboard: dict[str, Any], panel: Drawn) -> None:
    id_, layer = layer_of(panel)
    assert sorted(layer["columnOrder"]) == sorted(layer["columns"])
    bucketed = [layer["columns"][column]["isBucketed"] for column in layer["columnOrder"]]
    assert bucketed == sorted(bucketed, reverse=True)
    names = {reference["name"] for reference in panel.attributes["references"]}
    assert names == {f"indexpattern-datasource-layer-{id_}"}


@every_lens
def test_accessors_are_columns_of_the_right_sort(dashboard: dict[str, Any], panel: Drawn) -> None:
    id_, layer = layer_of(panel)
    shown = panel.attributes["state"]["visualization"]
    drawn = shown.get("layers", [shown])
    assert [one["layerId"] for one in drawn] == [id_]
    buckets = {column for column, said in layer["columns"].items() if said["isBucketed"]}
    used = set(accessors(drawn[0], panel.attributes["visualizationType"] == "lnsDatatable"))
    assert used == {(column, column in buckets) for column in layer["columns"]}
    if panel.attributes["visualizationType"] == "lnsXY":
        assert drawn[0]["seriesType"] in SERIES


def accessors(shown: dict[str, Any], is_table: bool) -> Iterator[tuple[str, bool]]:
    """The columns that a visualization draws, and whether it takes each for a bucket."""
    if is_table:
        yield from ((column["columnId"], not column["isMetric"]) for column in shown["columns"])
        return
    is_heat = shown.get("shape") == "heatmap"
    for name in ("xAccessor", "splitAccessor", *(["yAccessor"] if is_heat else [])):
        yield from ((shown[name], True),) if name in shown else ()
    for name in ("metricAccessor", "secondaryMetricAccessor", "valueAccessor"):
        yield from ((shown[name], False),) if name in shown else ()
    yield from ((column, True) for column in shown.get("primaryGroups", []))
    yield from ((column, False) for column in (*shown.get("accessors", []), *shown.get("metrics", [])))


@every_lens
def test_values_are_ordered_by_a_column_that_counts(dashboard: dict[str, Any], panel: Drawn) -> None:
    _, layer = layer_of(panel)
    for column in layer["columns"].values():
        if column["operationType"] == "terms":
            by = layer["columns"][column["params"]["orderBy"]["columnId"]]
            assert (by["operationType"], "filter" in by) == ("count", False)


@every_lens
def test_every_field_is_in_the_mapping_and_can_be_aggregated(dashboard: dict[str, Any], panel: Drawn) -> None:
    _, layer = layer_of(panel)
    for column in layer["columns"].values():
        field = column.get("sourceField", "___records___")
        if field != "___records___":
            assert TYPES[field] in AGGREGATABLE
            assert (column["dataType"] == "date") == (TYPES[field] == "date")
            numeric = {"median", "percentile", "average", "min", "max"}
            assert column["operationType"] not in numeric or TYPES[field] in {"float", "double"}


def queries() -> Iterator[dict[str, str]]:
    def walk(value: Any) -> Iterator[dict[str, str]]:
        if isinstance(value, Mapping):
            if value.keys() == {"query", "language"}:
                yield dict(value)
            yield from (found for inner in value.values() for found in walk(inner))
        elif isinstance(value, list):
            yield from (found for inner in value for found in walk(inner))
        elif isinstance(value, str) and value.startswith(("[", "{")):
            yield from walk(json.loads(value))

    return (found for one in OBJECTS for found in walk(one["attributes"]))


def test_every_query_is_in_lucenes_language_and_names_fields_that_are_there() -> None:
    found = list(queries())
    assert {query["language"] for query in found} == {"lucene"}
    said = {query["query"] for query in found} - {""}
    assert len(said) > 20
    assert {query.partition(":")[0] for query in said} <= TYPES.keys()


def test_searches_and_the_map_show_fields_that_are_there() -> None:
    for one in OBJECTS:
        if one["type"] == "search":
            assert set(one["attributes"]["columns"]) <= set(Document.__struct_fields__)
            assert one["attributes"]["sort"] == [[TIME_FIELD, "desc"]]
        if one["type"] == "map":
            [_, layer] = json.loads(one["attributes"]["layerListJSON"])
            assert TYPES[layer["sourceDescriptor"]["geoField"]] == "geo_point"
    assert TYPES[TIME_FIELD] == "date"


def test_no_panel_of_the_protection_lane_counts_or_shows_who_wrote() -> None:
    [dashboard] = [one for one in DASHBOARDS if "Protection" in one["attributes"]["title"]]
    said = json.dumps([panel.attributes for panel in panels(dashboard, BY_ID)])
    assert not any(f'"{field}"' in said for field in ("author", "container", "contacts", "contact_kinds"))
    drawn = [panel for panel in panels(dashboard, BY_ID) if panel.kind == "lens"]
    assert all(panel.attributes["state"]["query"]["query"] == "lane:protection" for panel in drawn)


def test_a_drilldown_leads_to_another_dashboard_with_the_filters_set_so_far() -> None:
    found = [
        (event["action"], reference)
        for one in DASHBOARDS
        for panel in json.loads(one["attributes"]["panelsJSON"])
        for event in panel["embeddableConfig"]["enhancements"].get("dynamicActions", {}).get("events", [])
        for reference in one["references"]
        if event["eventId"] in reference["name"]
    ]
    assert len(found) == 2
    for action, reference in found:
        assert action["config"]["useCurrentFilters"] is True
        assert action["name"] == f"Go to {BY_ID[reference['id']]['attributes']['title']}"


def test_a_row_that_is_not_as_wide_as_the_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="row 0 is 20 wide"):
        saved_dashboard(Dashboard("t", "", (Row(4, ((20, Text("x")),)),)), Identities("fanal"))


def test_values_without_a_column_that_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="let a column count"):
        columns((Terms("kind", "Kind"),), (Measure("median", "price_eur", "Median"),))


def test_what_splits_time_nests_around_it() -> None:
    found = columns((Dates("screened_at", "Time"), Terms("kind", "Kind")), (Count(),))
    assert found.order == ("by-1", "by-0", "of-0")


def test_every_chart_has_a_title_of_its_own_on_its_dashboard() -> None:
    for dashboard in dashboards(KINDS):
        titles = [title for row in dashboard.rows for _, shown in row.panels if (title := title_of(shown))]
        assert len(set(titles)) == len(titles)


def title_of(shown: object) -> str:
    match shown:
        case Leading(Chart(title=title)) | Chart(title=title) | Search(title=title):
            return title
        case _:
            return ""
