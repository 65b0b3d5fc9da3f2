"""The preview: it runs nothing, asks for nothing, shows every panel, says that it is not Kibana, and can be read."""

import base64
import hashlib
import re
import sys
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pipeline.kibana.answers import Column, Table
from pipeline.kibana.build import built
from pipeline.kibana.preview import ground
from pipeline.kibana.preview.figures import figure, moment, short, ticks
from pipeline.kibana.preview.ground import countries
from pipeline.kibana.preview.page import STYLE
from pipeline.kibana.preview.places import View, place_map
from pipeline.kibana.preview.render import render
from pipeline.kibana.preview.series import COLOURS, colours, plot
from pipeline.kibana.queries import Span
from pipeline.kibana.reading import objects_of, panels
from pipeline.resources import taxonomy
from tests.fakes_kibana.answers import HOSTILE, FakeSearch
from tests.test_kibana_importing import free_port

TEXT = built(list(taxonomy()["kinds"]))
SPAN = Span.of_last(30, datetime(2026, 11, 24, 12, tzinfo=UTC))
BY_ID = {one["id"]: one for one in objects_of(TEXT)}
DRAWN = [panel for one in BY_ID.values() if one["type"] == "dashboard" for panel in panels(one, BY_ID)]
ELEMENTS = (
    "html head meta title style body header main section nav h1 h2 p a strong em div figure figcaption table thead tbody tr th td "
    "time bdi ul li i svg rect line text polyline circle path"
)


class Elements(HTMLParser):
    """Every element with its attributes, and whether each is closed by its own end."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


async def page_of(**answers: Any) -> str:
    return await render(TEXT, FakeSearch(**answers).ask, SPAN)


@pytest.fixture(scope="module")
async def page() -> str:
    return await page_of()


def test_it_says_that_it_is_a_preview_and_not_kibana(page: str) -> None:
    assert "<strong>Preview, not Kibana.</strong>" in page
    assert "<title>Fanal: preview of the dashboards, not Kibana</title>" in page


def test_every_panel_is_drawn_with_its_title(page: str) -> None:
    found = Elements(page)
    assert [attributes["id"] for tag, attributes in found.found if tag == "figure"] == [f"p-{one.id}" for one in DRAWN]
    assert {one.title.removeprefix("Fanal: ") for one in DRAWN} - {""} <= set(found.words)
    assert "No hits in this time." not in page


def test_it_is_well_formed_and_runs_nothing_and_asks_for_nothing(page: str) -> None:
    found = Elements(page)
    assert found.open == []
    assert {tag for tag, _ in found.found} <= set(ELEMENTS.split())
    names = {name for _, attributes in found.found for name in attributes}
    assert not {name for name in names if name.startswith("on")} | names & {"src", "style", "srcset", "xlink:href"}
    assert {str(attributes["href"])[0] for _, attributes in found.found if "href" in attributes} == {"#"}
    assert not re.search(r"https?://|url\(|@import|javascript:", page)


def test_what_comes_from_posts_is_escaped(page: str) -> None:
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert any(HOSTILE in said for said in Elements(page).words)


def test_the_policy_allows_the_style_of_the_page_and_nothing_else(page: str) -> None:
    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    [policy] = [
        attributes["content"]
        for tag, attributes in Elements(page).found
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


async def test_an_empty_index_gives_a_page_that_says_so_in_each_panel() -> None:
    found = await page_of(buckets=0)
    assert Elements(found).open == []
    assert found.count("No hits in this time.") == len([one for one in DRAWN if one.kind != "text"])


async def test_figures_that_are_not_there_are_gaps_and_dashes() -> None:
    found = await page_of(figure=None)
    assert Elements(found).open == []
    assert "<strong>–</strong>" in found
    assert not re.search(r'"(nan|inf|None)"', found)


async def test_it_asks_once_for_each_panel_that_shows_data() -> None:
    search = FakeSearch()
    await render(TEXT, search.ask, SPAN)
    assert len(search.asked) == len([one for one in DRAWN if one.kind != "text"])


@pytest.mark.parametrize(
    ("value", "column", "said"),
    [
        (1234567, Column("x", "X", "number"), "1,234,567"),
        (2500.4, Column("x", "X", "number", 0, " €"), "2,500 €"),
        (0.98765, Column("x", "X", "number", 3), "0.988"),
        (None, Column("x", "X", "number"), "–"),
        (0, Column("x", "X", "number"), "0"),
    ],
)
def test_a_figure_reads_as_its_column_says(value: Any, column: Column, said: str) -> None:
    assert figure(value, column) == said


@pytest.mark.parametrize(
    ("most", "found"),
    [
        (0, [0, 1]),
        (4, [0, 1, 2, 3, 4]),
        (13, [0, 5, 10, 15]),
        (0.97, [0, 0.25, 0.5, 0.75, 1]),
        (7000, [0, 2000, 4000, 6000, 8000]),
    ],
)
def test_ticks_are_round_and_reach_the_most(most: float, found: list[float]) -> None:
    assert ticks(most) == found


def test_axes_are_short_and_times_are_utc() -> None:
    assert [short(value) for value in (0, 0.25, 950, 2500, 1_200_000)] == ["0", "0.25", "950", "2.5k", "1.2M"]
    assert moment(1_795_521_600_000, 86_400) == "24 Nov"
    assert moment(1_795_521_600_000, 3600) == "24 Nov 12:00"


def test_series_keep_their_places_and_kinds_their_colours() -> None:
    keys = (Column("by-1", "Kind", "string"), Column("by-0", "Time", "date"))
    rows = (("distress", 2000, 1), ("smuggling", 1000, 5), ("smuggling", 2000, 2))
    found = plot(Table(keys, (Column("of-0", "Hits", "number"),), rows), LAYER)
    assert found.along == (1000, 2000)
    assert [(one.name, one.values) for one in found.series] == [("smuggling", (5, 2)), ("distress", (None, 1))]
    assert [one.colour for one in found.series] == colours(["smuggling", "distress"]) == [0, 2]
    assert len(set(colours([f"n{n}" for n in range(COLOURS)]))) == COLOURS


LAYER = {"xAccessor": "by-0", "splitAccessor": "by-1", "accessors": ["of-0"]}


def test_the_outlines_are_those_that_were_published() -> None:
    assert hashlib.sha256(ground.FILE.read_bytes()).hexdigest() == ground.SHA256
    by_name = {country.name: country for country in countries()}
    assert len(by_name) > 170
    longitudes, latitudes = zip(*by_name["Italy"].largest, strict=True)
    assert (round(min(longitudes)), round(max(longitudes))) == (7, 18)
    assert (round(min(latitudes)), round(max(latitudes))) == (38, 47)


def test_every_circle_stands_within_the_map_and_grows_with_its_hits() -> None:
    tiles = [(38.4, 27.1, 90), (32.9, 12.1, 10), (51.1, 1.3, 40)]
    drawn = place_map(tiles, "t", 700, 400)
    circles = re.findall(r'cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"', drawn)
    assert all(0 < float(x) < 700 and 0 < float(y) < 400 for x, y, _ in circles)
    assert [float(r) for _, _, r in circles] == pytest.approx([22, 22 / 3, 22 * (4 / 9) ** 0.5], abs=0.1)


def test_one_place_alone_does_not_fill_the_map() -> None:
    view = View([(38.4, 27.1, 3)], 700, 400)
    assert view.at((27.1, 38.4)) == pytest.approx((350, 200))
    assert view.scale < 700 / 0.05


def schemes() -> list[dict[str, str]]:
    light, dark = re.findall(r":root\{(.*?)\}", STYLE.read_text(encoding="utf-8"), re.DOTALL)
    first = dict(re.findall(r"--([\w-]+):(#[0-9a-f]{3,6})", light))
    return [first, first | dict(re.findall(r"--([\w-]+):(#[0-9a-f]{3,6})", dark))]


def rgb(colour: str) -> tuple[float, ...]:
    digits = colour[1:] if len(colour) == 7 else "".join(letter * 2 for letter in colour[1:])
    return tuple(int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))


def mixed(over: str, under: str, share: float) -> tuple[float, ...]:
    return tuple(a * share + b * (1 - share) for a, b in zip(rgb(over), rgb(under), strict=True))


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """WCAG 2.2: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""

    def light(colour: tuple[float, ...]) -> float:
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dim, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("scheme", schemes(), ids=["light", "dark"])
def test_marks_and_words_stand_out_from_what_is_behind_them(scheme: dict[str, str]) -> None:
    card = rgb(scheme["card"])
    assert [n for n in range(COLOURS) if contrast(rgb(scheme[f"c{n}"]), card) < 3] == []
    assert all(contrast(rgb(scheme[name]), card) >= 4.5 for name in ("ink", "soft", "accent"))
    assert contrast(rgb(scheme["warn"]), rgb(scheme["warn-card"])) >= 4.5
    assert contrast(rgb(scheme["soft"]), rgb(scheme["land"])) >= 4.5


@pytest.mark.parametrize("scheme", schemes(), ids=["light", "dark"])
def test_figures_in_cells_can_be_read_at_every_depth(scheme: dict[str, str]) -> None:
    style = STYLE.read_text(encoding="utf-8")
    depths = {int(n): float(share) for n, share in re.findall(r"\.cell\.h(\d)\{fill-opacity:([\d.]+)\}", style)}
    inverse = {int(n) for n in re.findall(r"\.in\.h(\d)[,{]", style)}
    assert depths.keys() == set(range(10))
    for depth, share in depths.items():
        word = rgb(scheme["card" if depth in inverse else "ink"])
        assert contrast(word, mixed(scheme["accent"], scheme["card"], share)) >= 4.5, depth


def test_the_command_leaves_the_old_page_where_the_index_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline.__main__ import main

    out = tmp_path / "page.html"
    out.write_text("the old one")
    monkeypatch.setenv("FANAL_ELASTICSEARCH_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr(sys, "argv", ["fanal", "kibana", "preview", "--out", str(out)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "fanal: Elasticsearch: it cannot be reached (ConnectionError)\n"
    assert out.read_text() == "the old one"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("out", ["no/such/folder/page.ndjson", "."])
def test_a_place_that_cannot_be_written_to_is_one_line(
    out: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline.__main__ import main

    monkeypatch.setattr(sys, "argv", ["fanal", "kibana", "build", "--out", out])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_objects_for_another_prefix_are_written_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline.__main__ import main

    monkeypatch.setenv("FANAL_ELASTICSEARCH_PREFIX", "other")
    monkeypatch.setattr(sys, "argv", ["fanal", "kibana", "build"])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().out == built(list(taxonomy()["kinds"]), "other")
