"""Places that routes lead through and that the gazetteer lacks."""

from pathlib import Path

import pytest

from pipeline.errors import ConfigurationError
from pipeline.screen.cues import find_cues
from pipeline.screen.cues.crossings import crossings, known_points, read_crossings
from tests.functional.cues.suite import Case, cases

ROUTES = [case for case in cases() if case.id.startswith("routes-")]


@pytest.mark.parametrize("case", ROUTES, ids=lambda case: case.id)
def test_a_route_is_found_town_by_town_and_none_where_none_is(case: Case) -> None:
    found = [cue.normalised for cue in find_cues(case.text, case.lang) if cue.kind == "route"]
    assert found == [one["normalised"] for one in case.expected]


@pytest.mark.parametrize(
    ("text", "lang", "place"),
    [
        ("Lesvos", "en", "GR/Lesvos"),
        ("لامبيدوزا", "ar", "IT/Lampedusa"),
        ("সিলেট", "bn", "BD/Sylhet"),
        ("نیمروز", "fa", "AF/Nimroz"),
    ],
)
def test_a_place_of_the_table_is_a_cue_alone(text: str, lang: str, place: str) -> None:
    assert [cue.normalised for cue in find_cues(text, lang) if cue.kind == "place"] == [place]


@pytest.mark.parametrize(
    ("text", "lang"), [("Kos", "en"), ("Dover", "en"), ("العيون", "ar"), ("Turbo", "es"), ("Van", "nl")]
)
def test_a_name_that_is_an_everyday_word_is_no_place_alone(text: str, lang: str) -> None:
    assert [cue for cue in find_cues(text, lang) if cue.kind == "place"] == []


def test_every_place_lies_near_its_country() -> None:
    """A latitude and a longitude that changed places would put Lesvos into Yemen."""
    boxes = {
        "GR": (34, 42, 19, 30),
        "IT": (35, 47, 6, 19),
        "LY": (19, 34, 9, 26),
        "ES": (27, 44, -19, 5),
        "TR": (35, 42.5, 25, 45),
    }
    for code, (latitude, longitude) in known_points().items():
        if box := boxes.get(code[:2]):
            assert box[0] <= latitude <= box[1], code
            assert box[2] <= longitude <= box[3], code
    assert len(crossings().places) > 120


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("version: 1\nplaces: {GR/Lesvos: {at: [139.2, 26.3], names: [Lesvos]}}", "GR/Lesvos.at"),
        ("version: 1\nplaces: {Lesvos: {at: [39.2, 26.3], names: [Lesvos]}}", "places.Lesvos"),
        ("version: 1\nplaces: {GR/Lesvos: {at: [39.2, 26.3]}}", "needs names"),
        ("version: 1\nplaces: {GR/Lesvos: {at: [39.2, 26.3], names: [a b c d e]}}", "more than 4"),
        (
            "version: 1\nplaces: {GR/Lesvos: {at: [39.2, 26.3], names: [Lesvos]}, GR/Samos: {at: [37.8, 26.8], names: [lesvos]}}",
            "is a name of GR/Lesvos already",
        ),
        ("version: 1\nplaces: [", "not YAML"),
        ("version: 2\nplaces: {}", "version"),
    ],
)
def test_a_wrong_table_is_refused_with_one_line(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "places.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        read_crossings(path)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_table_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_crossings(tmp_path / "places.yaml")
