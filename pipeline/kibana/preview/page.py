"""The page: all dashboards under each other, in one file that asks for nothing and runs nothing."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.kibana.preview.markup import Markup, joined, tag, words
from pipeline.kibana.queries import Span
from pipeline.kibana.reading import Drawn

STYLE = Path(__file__).with_name("preview.css")
NOTICE = (
    "Preview, not Kibana. Fanal drew this page from the definitions that Kibana imports and from live answers of the search "
    "server. In Kibana every panel can be clicked and filtered; here nothing can. Its forms and colours differ."
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A dashboard with its panels drawn."""

    title: str
    description: str
    controls: tuple[str, ...]
    panels: tuple[tuple[Drawn, Markup], ...]


def page(dashboards: Sequence[Shown], span: Span, index: str) -> str:
    """The page as a file."""
    style = STYLE.read_text(encoding="utf-8") + "".join(_place(one) for shown in dashboards for one, _ in shown.panels)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", words("Fanal: preview of the dashboards, not Kibana")),
        tag("style", Markup(style)),
    )
    body = tag("body", _top(dashboards, span, index), tag("main", *(_section(shown) for shown in dashboards)))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _top(dashboards: Sequence[Shown], span: Span, index: str) -> Markup:
    links = [tag("a", words(_short(one.title)), href=f"#{_anchor(one.title)}") for one in dashboards]
    time = f"{span.start:%d %b %Y %H:%M} to {span.end:%d %b %Y %H:%M} UTC, from {index}"
    said = tag("p", tag("strong", words("Preview, not Kibana.")), words(NOTICE.removeprefix("Preview, not Kibana.")))
    return tag("header", tag("h1", words("Fanal dashboards")), said, tag("p", words(time)), tag("nav", *links))


def _section(shown: Shown) -> Markup:
    figures = [
        tag(
            "figure",
            tag("figcaption", words(_short(one.title))) if one.title else Markup(""),
            drawn,
            id=f"p-{one.id}",
            class_=one.kind,
        )
        for one, drawn in shown.panels
    ]
    controls = f"{shown.description} Controls in Kibana: {', '.join(shown.controls)}."
    head = joined(tag("h2", words(_short(shown.title))), tag("p", words(controls), class_="about"))
    return tag("section", head, tag("div", *figures, class_="panels"), id=_anchor(shown.title))


def _place(panel: Drawn) -> str:
    at = panel.place
    area = f"{at['y'] + 1}/{at['x'] + 1}/span {at['h']}/span {at['w']}"
    return f"#p-{panel.id}{{grid-area:{area}}}"


def _short(title: str) -> str:
    return title.removeprefix("Fanal: ")


def _anchor(title: str) -> str:
    return _short(title).lower().replace(" ", "-")
