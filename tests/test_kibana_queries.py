"""Every panel of every dashboard asks the real search server and gets something; what is not known is refused."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.commands import parts
from pipeline.index.questions import Questions, open_questions
from pipeline.kibana.answers import table, tiles
from pipeline.kibana.build import built
from pipeline.kibana.columns import Count, Dates, Measure, Terms
from pipeline.kibana.lens import Chart, attributes
from pipeline.kibana.preview.render import render
from pipeline.kibana.queries import Span, Untranslated, layer_of, lens
from pipeline.kibana.reading import Drawn, objects_of, panels
from pipeline.resources import taxonomy
from pipeline.settings import Settings
from tests.conftest import NewSettings
from tests.fakes_kibana.hits import sample_hits
from tests.fakes_kibana.mapping import fields_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KINDS = list(taxonomy()["kinds"])
SPAN = Span.of_last(30, NOW)


def all_panels() -> list[tuple[str, Drawn]]:
    objects = objects_of(built(KINDS))
    by_id = {one["id"]: one for one in objects}
    return [
        (f"{one['attributes']['title'].removeprefix('Fanal: ')} / {panel.title}", panel)
        for one in objects
        if one["type"] == "dashboard"
        for panel in panels(one, by_id)
        if panel.kind != "text"
    ]


PANELS = all_panels()


@pytest.fixture(scope="module")
async def questions(new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Questions]:
    """Questions to a real index of 400 sample hits."""
    settings: Settings = new_settings(tmp_path_factory.mktemp("kibana"))
    store = parts.store(settings)
    await store.set_up()
    hits = sample_hits(400, datetime.now(UTC), KINDS)
    for at in range(0, len(hits), 100):  # with vectors, more of them make a body that aiohttp warns of
        assert await store.write(hits[at : at + 100]) == []
    await store.refresh()
    await store.close()
    asking = open_questions(parts.search_address(settings), settings.elasticsearch)
    yield asking
    await asking.close()


@pytest.mark.connected
@pytest.mark.parametrize(("name", "panel"), PANELS, ids=[name for name, _ in PANELS])
async def test_a_panel_shows_something_of_real_hits(name: str, panel: Drawn, questions: Questions) -> None:
    body = panel.body(Span.of_last(30, datetime.now(UTC)))
    assert body is not None
    answer = await questions.ask(body)
    assert answer["_shards"]["failed"] == 0
    match panel.kind:
        case "lens":
            found = table(layer_of(panel.attributes), answer)
            assert not found.is_empty
            assert all(any(row[n] for row in found.rows) for n in range(len(found.rows[0])))
        case "map":
            assert sum(hits for _, _, hits in tiles(answer)) > 100
        case _:
            assert answer["hits"]["hits"]


@pytest.mark.connected
async def test_an_index_that_is_not_there_yet_is_an_empty_one(settings: Settings) -> None:
    asking = open_questions(parts.search_address(settings), settings.elasticsearch)
    try:
        for _, panel in PANELS:
            body = panel.body(SPAN)
            assert body is not None
            assert (await asking.ask(body))["hits"]["total"]["value"] == 0
    finally:
        await asking.close()


def test_only_what_the_core_server_has_is_asked() -> None:
    core = {"terms", "filters", "filter", "date_histogram", "percentiles", "cardinality", "min", "max", "avg"}
    for name, panel in PANELS:
        body: Any = panel.body(SPAN)
        assert set(kinds_of(body.get("aggs", {}))) <= core | {"geotile_grid"}, name
        assert set(fields_of(body)) or panel.kind == "search" or "filter" in str(body), name


def kinds_of(aggs: dict[str, Any]) -> list[str]:
    return [kind for one in aggs.values() for kind in (*(one.keys() - {"aggs"}), *kinds_of(one.get("aggs", {})))]


def body_of(*buckets: Any, metrics: tuple[Any, ...] = (Count(),), query: str = "") -> Any:
    return lens(attributes(Chart("t", "table", metrics, buckets, query), "layer"), SPAN)


def test_buckets_nest_in_the_order_of_the_columns() -> None:
    body = body_of(
        Dates("screened_at", "Time"), Terms("kind", "Kind", 4), metrics=(Count(), Measure("median", "x", "X"))
    )
    outer = body["aggs"]["by-1"]
    assert outer["terms"] == {"field": "kind", "size": 4, "order": {"_count": "desc"}}
    inner = outer["aggs"]["by-0"]
    assert inner["date_histogram"]["fixed_interval"] == "12h"
    assert inner["aggs"] == {"of-1": {"percentiles": {"field": "x", "percents": [50]}}}


def test_time_that_is_the_data_views_own_reaches_from_end_to_end() -> None:
    own = body_of(Dates("screened_at", "Time"))["aggs"]["by-0"]["date_histogram"]
    other = body_of(Dates("departs_at", "Day", "1d"))["aggs"]["by-0"]["date_histogram"]
    assert own["extended_bounds"] == {"min": 1_792_929_600_000, "max": 1_795_521_600_000}
    assert (other["fixed_interval"], other["min_doc_count"]) == ("1d", 1)


def test_a_query_is_lucenes_and_within_the_time() -> None:
    [time, query] = body_of(query="kind:smuggling")["query"]["bool"]["filter"]
    assert time["range"]["screened_at"]["gte"] == "2026-10-25T12:00:00+00:00"
    assert query["query_string"]["query"] == "kind:smuggling"


@pytest.mark.parametrize(
    ("days", "step"),
    [(1 / 24, "1m"), (0.4, "10m"), (2, "1h"), (7, "3h"), (30, "12h"), (60, "1d"), (365, "7d"), (900, "30d")],
)
def test_steps_of_time_are_no_more_than_sixty(days: float, step: str) -> None:
    assert Span.of_last(days, NOW).step == step


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("by-0", {"operationType": "significant_terms"}),
        ("of-0", {"operationType": "last_value"}),
        ("by-0", {"params": {"size": 3, "orderDirection": "asc", "orderBy": {"type": "alphabetical"}}}),
    ],
)
def test_what_is_not_known_is_refused(column: str, change: dict[str, Any]) -> None:
    made = attributes(Chart("t", "bars", (Count(),), (Terms("kind", "Kind"),)), "layer")
    layer_of(made)["columns"][column].update(change)
    with pytest.raises(Untranslated):
        lens(made, SPAN)


@pytest.mark.parametrize("change", [{"query": {"query": "kind: x", "language": "kuery"}}, {"filters": [{"meta": {}}]}])
def test_a_query_in_another_language_and_filters_are_refused(change: dict[str, Any]) -> None:
    made = attributes(Chart("t", "number", (Count(),)), "layer")
    made["state"].update(change)
    with pytest.raises(Untranslated):
        lens(made, SPAN)


def test_an_answer_becomes_rows() -> None:
    made = attributes(
        Chart(
            "t",
            "table",
            (Count(), Count("urgent", "priority:urgent"), Measure("median", "x", "X")),
            (Terms("kind", "Kind"),),
        ),
        "layer",
    )
    bucket = {"key": "smuggling", "doc_count": 3, "of-1": {"doc_count": 1}, "of-2": {"values": {"50.0": 2.5}}}
    answer = {"hits": {"total": {"value": 3}}, "aggregations": {"by-0": {"buckets": [bucket]}}}
    found = table(layer_of(made), answer)
    assert found.rows == (("smuggling", 3, 1, 2.5),)
    assert not found.is_empty
    assert [column.label for column in found.figures] == ["Hits", "urgent", "X"]


def test_the_middle_of_a_tile_is_in_degrees() -> None:
    [(latitude, longitude, hits)] = tiles(
        {"aggregations": {"tiles": {"buckets": [{"key": "7/72/49", "doc_count": 4}]}}}
    )
    assert (round(latitude, 1), round(longitude, 1), hits) == (37.7, 23.9, 4)


@pytest.mark.connected
async def test_the_preview_of_real_hits_leaves_no_panel_empty(questions: Questions) -> None:
    page = await render(built(KINDS), questions.ask, Span.of_last(30, datetime.now(UTC)))
    assert page.count("<figure") == len(PANELS) + 5
    assert "No hits in this time." not in page
    assert "&lt;b&gt;Warning&lt;/b&gt;" in page
