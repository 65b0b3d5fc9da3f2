"""From values to the JSON that Grafana loads, by the builders of its own schema."""

import json

from grafana_foundation_sdk.builders import bargauge, common, heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import prometheus as queries

from grafana.panels import WIDE, Board, Choice, Panel, Query

TAG = "fanal"
ANY = ".+"
_SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
_REFRESH = "30s"

Drawn = timeseries.Panel | stat.Panel | bargauge.Panel | table.Panel | heatmap.Panel


def as_json(board: Board, known_by: Choice) -> str:
    """The dashboard as a file's text. `known_by` is the metric that every worker has, which tells the jobs and instances."""
    built = json.loads(JSONEncoder(sort_keys=True).encode(_board(board, known_by).build()))
    for number, panel in enumerate(built["panels"], start=1):
        panel["id"] = number
    return json.dumps(built, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _board(board: Board, known_by: Choice) -> build.Dashboard:
    made = (
        build.Dashboard(f"Fanal · {board.title}")
        .uid(board.uid)
        .description(board.description)
        .tags([TAG])
        .readonly()
        .refresh(_REFRESH)
        .time(f"now-{board.hours}h", "now")
        .timezone("browser")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .link(build.DashboardLink("Fanal").type(models.DashboardLinkType.DASHBOARDS).tags([TAG]).keep_time(True))
        .with_variable(build.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    for choice in (known_by, Choice("instance", "Instance", f'{known_by.metric}{{job=~"$job"}}'), *board.choices):
        made.with_variable(_variable(choice))
    for row in board.rows:
        made.with_row(build.Row(row.title))
        for panel in row.panels:
            made.with_panel(_panel(panel))
    return made


def _variable(choice: Choice) -> build.QueryVariable:
    return (
        build.QueryVariable(choice.name)
        .label(choice.label)
        .query(choice.query)
        .datasource(_SOURCE)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(ANY)
        .current(models.VariableOption(text="All", value="$__all", selected=True))
    )


def _panel(panel: Panel) -> Drawn:
    drawn = _shape(panel).title(panel.title).description(panel.description).height(panel.height).span(panel.width)
    drawn.datasource(_SOURCE).unit(panel.unit)
    if panel.steps:
        drawn.thresholds(_thresholds(panel))
    if panel.least is not None:
        drawn.min(panel.least)
    if panel.most is not None:
        drawn.max(panel.most)
    for place, query in enumerate(panel.queries):
        drawn.with_target(_target(panel, query, chr(ord("A") + place)))
    return drawn


def _thresholds(panel: Panel) -> build.ThresholdsConfig:
    steps = [models.Threshold(value=None, color=panel.below)]
    steps += [models.Threshold(value=value, color=colour) for value, colour in panel.steps]
    return build.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _target(panel: Panel, query: Query, name: str) -> prometheus.Dataquery:
    made = prometheus.Dataquery().expr(query.promql).ref_id(name).datasource(_SOURCE).legend_format(query.legend)
    if panel.shape == "table":
        made.format(queries.PromQueryFormat.TABLE)
    if panel.shape == "heat":
        made.format(queries.PromQueryFormat.HEATMAP)
    return made.instant() if panel.shape in ("number", "bars", "table") else made.range()


def _shape(panel: Panel) -> Drawn:
    """The builder of a panel's kind: they share methods and no class."""
    match panel.shape:
        case "lines" | "areas":
            return _lines(panel)
        case "number":
            return stat.Panel().reduce_options(_last()).color_mode(common_models.BigValueColorMode.VALUE)
        case "bars":
            return bargauge.Panel().reduce_options(_last()).orientation(common_models.VizOrientation.HORIZONTAL)
        case "table":
            return table.Panel().transformations(_tidied(panel.queries[0].legend))
        case "heat":
            return heatmap.Panel().calculate(False)


def _lines(panel: Panel) -> timeseries.Panel:
    made = (
        timeseries.Panel()
        .line_width(1)
        .fill_opacity(40 if panel.shape == "areas" else 8)
        .show_points(common_models.VisibilityMode.NEVER)
        .legend(_legend(panel))
        .tooltip(common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI))
    )
    if panel.shape == "areas":
        made.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
    if panel.steps:
        made.thresholds_style(common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED))
    return made


def _legend(panel: Panel) -> common.VizLegendOptions:
    beside = panel.width > WIDE // 2
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(common_models.LegendDisplayMode.TABLE if beside else common_models.LegendDisplayMode.LIST)
        .placement(common_models.LegendPlacement.RIGHT if beside else common_models.LegendPlacement.BOTTOM)
        .calcs(["lastNotNull", "max"] if beside else [])
    )


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"])


def _tidied(values: str) -> list[models.DataTransformerConfig]:
    """A table shows labels and values, not when they were asked for."""
    hidden = {"Time": True, "__name__": True, "job": True}
    return [
        models.DataTransformerConfig(id_val="merge", options={}),
        models.DataTransformerConfig(
            id_val="organize", options={"excludeByName": hidden, "renameByName": {"Value": values}}
        ),
    ]
