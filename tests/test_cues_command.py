"""`fanal cues explain`: what was found, where and by which rule, as a table or as one line of JSON."""

import json

from click.testing import CliRunner

from pipeline.commands.cues import cues

TEXT = "Boat from Libya to Italy, 3500 euro, telegram: boss_example"


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cues, ["explain", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_json_gives_each_cue_with_its_place_and_rule() -> None:
    said = json.loads(run("--json", "--lang", "en", TEXT))
    rows = {row["kind"]: row for row in said["cues"]}
    assert rows["price"]["normalised"] == "3500 EUR"
    assert TEXT[rows["price"]["start"] : rows["price"]["end"]] == "3500 euro"
    assert rows["handle"]["rule"] == "contacts.service"
    assert rows["route"]["normalised"] == "LY>IT"


def test_the_language_is_identified_where_none_is_given() -> None:
    assert json.loads(run("--json", "Нужны девушки для работы за границей, билет оплачиваем"))["langs"][0] == "ru"


def test_a_text_without_cues_says_so() -> None:
    assert run("--lang", "en", "the sun is out").startswith("no cues")


def test_markup_in_a_text_is_printed_as_it_stands() -> None:
    assert "urgent" in run("--lang", "en", "[red]urgent[/red] [link=x]")
