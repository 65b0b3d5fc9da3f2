"""From what the file says to what the search server is asked: Lens state, map and saved search to a search's body. Pure.

It reads the file's own objects, not what built them: what is run is what Kibana gets. Kibana asks the same aggregations; only the
width of time steps is chosen here by a rule of our own. An operation that is not known here is refused, not passed over.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipeline.kibana.searches import TIME_FIELD

MOST_STEPS = 60
MOST_TILES = 2000
TILE_PRECISION = 7
PAGE = 20

_STEPS = (("1m", 60), ("10m", 600), ("1h", 3600), ("3h", 10_800), ("12h", 43_200), ("1d", 86_400), ("7d", 604_800))
_MONTH = "30d"

Body = dict[str, Any]
Nested = dict[str, Any]


class Untranslated(ValueError):
    """Something in the file that these queries do not know: what, and where."""


@dataclass(frozen=True, slots=True)
class Span:
    """The time that a dashboard looks at."""

    start: datetime
    end: datetime

    @property
    def step(self) -> str:
        """The width of the steps of a time axis: the least with which there are no more than 60."""
        seconds = (self.end - self.start).total_seconds()
        return next((name for name, width in _STEPS if seconds / width <= MOST_STEPS), _MONTH)

    def clause(self) -> Body:
        """As a filter on the data view's time."""
        bounds = {"gte": self.start.isoformat(), "lte": self.end.isoformat()}
        return {"range": {TIME_FIELD: {**bounds, "format": "strict_date_optional_time"}}}

    @classmethod
    def of_last(cls, days: float, now: datetime) -> "Span":
        """The last days."""
        return cls(now - timedelta(days=days), now)


def layer_of(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one layer of a Lens object.

    Raises:
        Untranslated: it has none, or more.
    """
    layers = list(attributes["state"]["datasourceStates"]["formBased"]["layers"].values())
    if len(layers) != 1:
        raise Untranslated(f"{attributes['title']}: {len(layers)} layers")
    found: Mapping[str, Any] = layers[0]
    return found


def lens(attributes: Mapping[str, Any], span: Span) -> Body:
    """What a Lens object asks.

    Raises:
        Untranslated: a column's operation, an order or a filter is not known here.
    """
    state, layer = attributes["state"], layer_of(attributes)
    if state["filters"]:
        raise Untranslated(f"{attributes['title']}: filters")
    columns: Mapping[str, Any] = layer["columns"]
    buckets = [id_ for id_ in layer["columnOrder"] if columns[id_]["isBucketed"]]
    metrics = [id_ for id_ in layer["columnOrder"] if not columns[id_]["isBucketed"]]
    return {"size": 0, "query": _where(state["query"], span), "aggs": _nest(buckets, metrics, columns, span)}


def search(attributes: Mapping[str, Any], span: Span) -> Body:
    """What a saved search asks: its columns of the newest hits."""
    source = _source(attributes)
    sort = [{field: order} for field, order in attributes["sort"]]
    fields = [*attributes["columns"], TIME_FIELD]
    return {
        "size": PAGE,
        "query": _where(source["query"], span),
        "sort": sort,
        "_source": fields,
        "track_total_hits": True,
    }


def place_map(layer: Mapping[str, Any], span: Span) -> Body:
    """What a layer of a map asks: how many hits are in each tile.

    Raises:
        Untranslated: it is none of tiles.
    """
    source = layer["sourceDescriptor"]
    if source["type"] != "ES_GEO_GRID" or source["metrics"] != [{"type": "count"}]:
        raise Untranslated(f"{layer['label']}: a layer of {source['type']}")
    grid = {"field": source["geoField"], "precision": TILE_PRECISION, "size": MOST_TILES}
    return {"size": 0, "query": _where(layer["query"], span), "aggs": {"tiles": {"geotile_grid": grid}}}


def _source(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])
    return found


def _where(query: Mapping[str, str], span: Span) -> Body:
    return {"bool": {"filter": [span.clause(), *_lucene(query)]}}


def _lucene(query: Mapping[str, str]) -> list[Body]:
    if query["language"] != "lucene":
        raise Untranslated(f"a query in {query['language']}")
    said = query["query"]
    return [{"query_string": {"query": said, "analyze_wildcard": True, "time_zone": "UTC"}}] if said else []


def _nest(buckets: Sequence[str], metrics: Sequence[str], columns: Mapping[str, Any], span: Span) -> Nested:
    """The aggregations: buckets within each other in their order, the figures in the innermost."""
    if not buckets:
        return {id_: made for id_ in metrics if (made := _metric(columns[id_]))}
    first, *others = buckets
    inner = _nest(others, metrics, columns, span)
    return {first: {**_bucket(columns[first], columns, span), **({"aggs": inner} if inner else {})}}


def _bucket(column: Mapping[str, Any], columns: Mapping[str, Any], span: Span) -> Body:
    params = column["params"]
    match column["operationType"]:
        case "terms":
            return {"terms": {"field": column["sourceField"], "size": params["size"], "order": _order(params, columns)}}
        case "date_histogram":
            return {"date_histogram": _steps(column, span)}
        case "filters":
            cases = {one["label"]: {"bool": {"filter": _lucene(one["input"])}} for one in params["filters"]}
            return {"filters": {"filters": cases}}
        case other:
            raise Untranslated(f"{column['label']}: {other}")


def _order(params: Mapping[str, Any], columns: Mapping[str, Any]) -> Body:
    by = params["orderBy"]
    counted = columns.get(by.get("columnId", ""), {})
    if by["type"] != "column" or counted.get("operationType") != "count" or "filter" in counted:
        raise Untranslated("values ordered by something other than how many they are")
    return {"_count": params["orderDirection"]}


def _steps(column: Mapping[str, Any], span: Span) -> Body:
    """Steps of time; on the data view's own time they reach from end to end of the span, empty ones included."""
    interval, field = column["params"]["interval"], column["sourceField"]
    asked: Body = {"field": field, "time_zone": "UTC"}
    asked["fixed_interval"] = span.step if interval == "auto" else interval
    if field == TIME_FIELD and column["params"]["includeEmptyRows"]:
        bounds = {"min": int(span.start.timestamp() * 1000), "max": int(span.end.timestamp() * 1000)}
        return {**asked, "min_doc_count": 0, "extended_bounds": bounds}
    return {**asked, "min_doc_count": 1}


def _metric(column: Mapping[str, Any]) -> Body | None:
    """The aggregation of a figure; a plain count needs none."""
    made = _figure(column)
    if "filter" in column:
        return {"filter": {"bool": {"filter": _lucene(column["filter"])}}, **({"aggs": {"of": made}} if made else {})}
    return made


def _figure(column: Mapping[str, Any]) -> Body | None:
    field, params = column["sourceField"], column["params"]
    match column["operationType"]:
        case "count":
            return None
        case "unique_count":
            return {"cardinality": {"field": field}}
        case "median":
            return {"percentiles": {"field": field, "percents": [50]}}
        case "percentile":
            return {"percentiles": {"field": field, "percents": [params["percentile"]]}}
        case "average":
            return {"avg": {"field": field}}
        case "min" | "max" as least:
            return {least: {"field": field}}
        case other:
            raise Untranslated(f"{column['label']}: {other}")
