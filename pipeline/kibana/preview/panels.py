"""A panel of a dashboard, drawn from its definition and the server's answer."""

import re
from collections.abc import Mapping
from typing import Any

from pipeline.kibana.answers import Table, table, tiles
from pipeline.kibana.preview.figures import figure, named
from pipeline.kibana.preview.lying import bars, cells
from pipeline.kibana.preview.markup import Markup, joined, tag, words
from pipeline.kibana.preview.places import place_map
from pipeline.kibana.preview.round import ring
from pipeline.kibana.preview.series import plot
from pipeline.kibana.preview.upright import lines, stacked
from pipeline.kibana.queries import layer_of
from pipeline.kibana.reading import Drawn

ROW, GAP = 20, 8
COLUMN = 28.5
TITLE, PADDING = 30, 20
LONGEST = 400

NOTHING = tag("p", words("No hits in this time."), class_="nothing")


def draw(panel: Drawn, answer: Mapping[str, Any] | None) -> Markup:
    """What stands in the panel under its title."""
    width = panel.place["w"] * COLUMN - GAP - PADDING
    height = float(panel.place["h"] * (ROW + GAP) - GAP - TITLE - PADDING)
    if answer is None:
        return prose(panel.attributes["markdown"])
    if not answer["hits"]["total"]["value"]:
        return NOTHING
    match panel.kind:
        case "search":
            return hits(panel.attributes["columns"], answer)
        case "map":
            found = tiles(answer)
            return place_map(found, panel.title, width, height) if found else NOTHING
        case _:
            return _lens(panel.attributes, table(layer_of(panel.attributes), answer), width, height)


def _lens(attributes: Mapping[str, Any], found: Table, width: float, height: float) -> Markup:
    state, title = attributes["state"]["visualization"], attributes["title"]
    kind = attributes["visualizationType"]
    if kind == "lnsMetric":
        return _number(found)
    if found.is_empty:
        return NOTHING
    if kind == "lnsDatatable":
        return _grid(found)
    if kind == "lnsPie":
        return ring(found, title, height)
    if kind == "lnsHeatmap":
        return cells(found, state, title, width, height)
    layer = state["layers"][0]
    series = {"bar_stacked": stacked, "line": lines, "bar_horizontal_stacked": bars}[layer["seriesType"]]
    return series(plot(found, layer), title, width, height)


def _number(found: Table) -> Markup:
    [row] = found.rows
    shown = [figure(value, column) for value, column in zip(row, found.figures, strict=True)]
    more = [
        tag("p", words(f"{value} {column.label.lower()}"))
        for value, column in zip(shown[1:], found.figures[1:], strict=True)
    ]
    return tag("div", tag("strong", words(shown[0])), *more, class_="number")


def _grid(found: Table) -> Markup:
    columns = (*found.keys, *found.figures)
    head = [
        tag("th", words(column.label), scope="col", class_="n" if column in found.figures else None)
        for column in columns
    ]
    body = [
        tag(
            "tr",
            *(tag("td", words(named(value, column))) for value, column in zip(row, found.keys, strict=False)),
            *(
                tag("td", words(figure(value, column)), class_="n")
                for value, column in zip(row[len(found.keys) :], found.figures, strict=True)
            ),
        )
        for row in found.rows
    ]
    return _table(head, body)


def hits(columns: list[str], answer: Mapping[str, Any]) -> Markup:
    """Hits as a table: when they were screened, and the columns of the search."""
    head = [tag("th", words(name.replace("_", " ")), scope="col") for name in ("screened_at", *columns)]
    body = [tag("tr", *_hit(hit["_source"], columns)) for hit in answer["hits"]["hits"]]
    total = answer["hits"]["total"]["value"]
    return joined(_table(head, body), tag("p", words(f"The newest {len(body)} of {total:,}."), class_="more"))


def _hit(source: Mapping[str, Any], columns: list[str]) -> list[Markup]:
    when = tag("td", tag("time", words(_when(source["screened_at"]))), class_="when")
    return [when, *(tag("td", tag("bdi", words(_shown(source.get(name)))), class_=_class(name)) for name in columns)]


def _class(name: str) -> str | None:
    return "text" if name == "text" else "n" if name.startswith("price") else None


def _when(value: str) -> str:
    return value[:16].replace("T", " ")


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:,.0f}"
    said = "" if value is None else str(value)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})", said):
        return _when(said)
    return said if len(said) <= LONGEST else said[:LONGEST] + "…"


def _table(head: list[Markup], body: list[Markup]) -> Markup:
    inner = tag("table", tag("thead", tag("tr", *head)), tag("tbody", *body))
    return tag("div", inner, class_="rows", tabindex=0)


def prose(markdown: str) -> Markup:
    """The words of a text panel: paragraphs, bold and italic, and nothing else of Markdown."""
    paragraphs = []
    for piece in markdown.split("\n\n"):
        said = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", words(piece))
        paragraphs.append(tag("p", Markup(re.sub(r"\*([^*]+)\*", r"<em>\1</em>", said))))
    return tag("div", *paragraphs, class_="prose")
