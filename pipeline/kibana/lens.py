"""Charts, and the Lens state that draws them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.kibana.columns import Bucket, Columns, Metric, columns
from pipeline.kibana.objects import Identities, Reference, lucene

Shape = Literal["number", "columns", "lines", "bars", "heat", "donut", "table"]
DATA = {"layerType": "data"}


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart shows of the hits that `query` finds: `metrics`, by `buckets`.

    number: one figure, a second beside it. columns (stacked) and lines: the first bucket runs along, the second splits.
    bars: they lie, the second bucket splits. heat: the first bucket runs along, the second down. donut, table: by all buckets.
    """

    title: str
    shape: Shape
    metrics: tuple[Metric, ...]
    buckets: tuple[Bucket, ...] = ()
    query: str = ""
    description: str = ""


def attributes(chart: Chart, layer: str) -> dict[str, Any]:
    """The attributes of the Lens object, whose one layer has this id."""
    found = columns(chart.buckets, chart.metrics)
    kind, draw = _SHAPES[chart.shape]
    state = {
        "visualization": draw(chart, found, layer),
        "query": lucene(chart.query),
        "filters": [],
        "datasourceStates": {
            "formBased": {
                "layers": {
                    layer: {
                        "columns": found.columns,
                        "columnOrder": list(found.order),
                        "incompleteColumns": {},
                        "sampling": 1,
                    }
                }
            },
            "textBased": {"layers": {}},
        },
        "internalReferences": [],
        "adHocDataViews": {},
    }
    said = {"title": chart.title, "description": chart.description}
    return {**said, "visualizationType": kind, "state": state}


def references(layer: str, identities: Identities) -> tuple[Reference, ...]:
    """What the Lens object names: the data view, by its layer."""
    return (Reference(f"indexpattern-datasource-layer-{layer}", "index-pattern", identities.data_view),)


def _number(chart: Chart, found: Columns, layer: str) -> dict[str, Any]:
    second = {"secondaryMetricAccessor": "of-1"} if len(chart.metrics) > 1 else {}
    return {"layerId": layer, **DATA, "metricAccessor": "of-0", **second}


def _xy(series: str) -> Callable[[Chart, Columns, str], dict[str, Any]]:
    """A chart with axes, as series of this type."""

    def draw(chart: Chart, found: Columns, layer: str) -> dict[str, Any]:
        accessors = [f"of-{n}" for n in range(len(chart.metrics))]
        split = {"splitAccessor": "by-1"} if len(chart.buckets) > 1 else {}
        one = {"layerId": layer, **DATA, "seriesType": series, "xAccessor": "by-0", "accessors": accessors, **split}
        sides = {"x": False, "yLeft": False, "yRight": False}
        return {
            "preferredSeriesType": series,
            "legend": {"isVisible": bool(split) or len(accessors) > 1, "position": "right"},
            "valueLabels": "hide",
            "fittingFunction": "None",
            "axisTitlesVisibilitySettings": sides,
            "layers": [{**one, "position": "top", "showGridlines": False}],
        }

    return draw


def _heat(chart: Chart, found: Columns, layer: str) -> dict[str, Any]:
    grid = {
        "type": "heatmap_grid",
        "isCellLabelVisible": True,
        "isXAxisLabelVisible": True,
        "isXAxisTitleVisible": False,
        "isYAxisLabelVisible": True,
        "isYAxisTitleVisible": False,
    }
    legend = {"type": "heatmap_legend", "isVisible": True, "position": "right"}
    accessors = {"xAccessor": "by-0", "yAccessor": "by-1", "valueAccessor": "of-0"}
    return {"shape": "heatmap", "layerId": layer, **DATA, **accessors, "gridConfig": grid, "legend": legend}


def _donut(chart: Chart, found: Columns, layer: str) -> dict[str, Any]:
    groups = [f"by-{n}" for n in range(len(chart.buckets))]
    shown = {
        "numberDisplay": "percent",
        "categoryDisplay": "default",
        "legendDisplay": "default",
        "nestedLegend": False,
    }
    return {
        "shape": "donut",
        "layers": [{"layerId": layer, **DATA, "primaryGroups": groups, "metrics": ["of-0"], **shown}],
    }


def _table(chart: Chart, found: Columns, layer: str) -> dict[str, Any]:
    shown = [{"columnId": id_, "isTransposed": False, "isMetric": id_.startswith("of-")} for id_ in found.order]
    return {"layerId": layer, **DATA, "columns": shown, "paging": {"enabled": True, "size": 10}}


_SHAPES: Mapping[Shape, tuple[str, Callable[[Chart, Columns, str], dict[str, Any]]]] = {
    "number": ("lnsMetric", _number),
    "columns": ("lnsXY", _xy("bar_stacked")),
    "lines": ("lnsXY", _xy("line")),
    "bars": ("lnsXY", _xy("bar_horizontal_stacked")),
    "heat": ("lnsHeatmap", _heat),
    "donut": ("lnsPie", _donut),
    "table": ("lnsDatatable", _table),
}
