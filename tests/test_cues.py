"""Cues: each kind is found where it stands, by a named rule, and what only looks like one is left alone."""

from pathlib import Path

import pytest
import yaml

from pipeline.errors import ConfigurationError
from pipeline.resources import config_dir, taxonomy
from pipeline.screen.cues import Cue, find_cues
from pipeline.screen.cues.lexicon import Lists, concepts, load
from pipeline.screen.cues.lists import read_list
from pipeline.screen.cues.prefilter import may_hold
from tests.functional.cues.suite import GRADED, cases, judge, sorts, wilson

PREAMBLE = "version: 1\nlanguage: xx\n"


def found(text: str, lang: str, kind: str) -> list[str]:
    return [cue.normalised for cue in find_cues(text, lang) if cue.kind == kind]


def test_an_offer_gives_away_its_route_price_departure_and_contact() -> None:
    text = "Boat from Libya to Italy leaving tomorrow, 3500 euro per person, telegram: boss_example"
    assert found(text, "en", "route") == ["LY>IT"]
    assert found(text, "en", "price") == ["3500 EUR"]
    assert found(text, "en", "departure") == ["day 1"]
    assert found(text, "en", "handle") == ["boss_example"]
    assert found(text, "en", "payment") == ["per_head"]


def test_a_cue_says_where_in_the_original_it_stands_and_by_which_rule() -> None:
    [cue] = [one for one in find_cues("pr1ce: \u200b3\u200b0\u200b0 €", "en") if one.kind == "price"]
    assert cue == Cue("price", "3\u200b0\u200b0 €", "300 EUR", 8, 15, "prices.amount")


@pytest.mark.parametrize(
    ("text", "lang", "normalised"),
    [
        ("1.500 €", "de", "1500 EUR"),
        ("1,500.50 $", "en", "1500.5 USD"),
        ("2,5k euro", "it", "2500 EUR"),
        ("3-4k €", "en", "3000-4000 EUR"),
        ("три тысячи евро", "ru", "3000 EUR"),
        ("40 میلیون تومان", "fa", "40000000 IRT"),
        ("三千美元", "zh", "3000 USD"),
        ("2.5 لاکھ روپے", "ur", "250000 PKR"),
        ("mil quinientos euros", "es", "1500 EUR"),
    ],
)
def test_a_price_has_one_form(text: str, lang: str, normalised: str) -> None:
    assert found(text, lang, "price") == [normalised]


def test_the_price_of_goods_is_none() -> None:
    assert found("iPhone 13, 128 GB, 350 €", "en", "price") == []


def test_a_number_of_a_case_is_no_telephone_but_is_masked_all_the_same() -> None:
    from pipeline.screen.masking import mask
    from pipeline.screen.pseudonyms import Pseudonyms

    text = "case number 4471882201"
    assert found(text, "en", "telephone") == []
    assert "4471882201" not in mask(text, ("en",), Pseudonyms(b"k" * 32, "k1")).text


def test_a_spoken_number_is_a_telephone_and_is_masked() -> None:
    from pipeline.screen.masking import mask
    from pipeline.screen.pseudonyms import Pseudonyms

    text = "call zero seven seven double zero nine double zero one two three"
    assert found(text, "en", "telephone") == ["+447700900123"]
    assert "double" not in mask(text, ("en",), Pseudonyms(b"k" * 32, "k1")).text


def test_a_football_score_is_no_route() -> None:
    assert found("Germany - Italy 2-1", "en", "route") == []
    assert found("Germany - Italy, van", "en", "route") == ["DE>IT"]


def test_a_date_alone_is_no_departure() -> None:
    assert found("It happened on 12.03.2024 in May", "en", "departure") == []


def test_code_and_taxonomy_name_the_same_kinds() -> None:
    kinds = set(taxonomy()["cues"])
    values = taxonomy()["cue_values"]
    assert set(values) <= kinds
    assert set(taxonomy()["urgent_cues"]) <= kinds
    assert set(GRADED) <= kinds
    used = {
        one
        for path in (config_dir() / "cues").glob("*.yaml")
        for one in yaml.safe_load(path.read_text()).get("words", {})
    }
    assert kinds - {"telephone", "email", "url", "handle", "price", "route", "place", "departure"} <= {
        one.partition(".")[0] for one in used
    }
    assert used <= concepts()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("words: {lure.nothing: [a]}", "no cue lure.nothing"),
        ("words: {urgency: [no]}", "put it in quotes"),
        ("words: {urgency: ['a*']}", "less than two letters"),
        ("patterns: {sought.age: ['(a+)\\1']}", "refused by re2"),
        ("patterns: {sought.age: ['(?=abc)']}", "refused by re2"),
        ("patterns: {sought.age: ['(?:a{1,900}){1,900}']}", "refused by re2"),
        ("patterns: {sought.age: ['a*b*']}", "matches nothing"),
        ("colour: red", "Extra inputs"),
        ("words: [", "not YAML"),
        ("currencies: {euro: [e]}", "currencies"),
    ],
)
def test_a_wrong_list_is_refused_with_one_line_that_names_the_place(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "xx.yaml"
    path.write_text(PREAMBLE + content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        read_list(path, concepts())
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_list_whose_language_is_not_its_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "yy.yaml"
    path.write_text(PREAMBLE, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="file's name says yy"):
        read_list(path, concepts())


def test_a_folder_without_lists_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no word lists"):
        load(tmp_path)


def test_a_changed_list_is_read_again_and_a_broken_one_leaves_the_old(tmp_path: Path) -> None:
    path = tmp_path / "xx.yaml"
    path.write_text(PREAMBLE + "words: {urgency: [wuf]}", encoding="utf-8")
    lists = Lists(tmp_path)

    def kinds() -> set[str]:
        return {cue.kind for cue in find_cues("wuf miau", "xx", lexicon=lists.lexicon())}

    assert kinds() == {"urgency"}
    path.write_text(PREAMBLE + "words: {urgency: [wuf], secrecy: [miau]}", encoding="utf-8")
    lists.refresh()
    assert kinds() == {"urgency", "secrecy"}
    path.write_text(PREAMBLE + "words: {nonsense: [wuf]}", encoding="utf-8")
    lists.refresh()
    assert kinds() == {"urgency", "secrecy"}
    assert "nonsense" in (lists.problem or "")


def test_the_prefilter_sees_what_the_finders_see() -> None:
    assert {"guarantee", "lure", "telephone"} <= may_hold("guaranteed, no experience, 0770 0900123")
    assert "minors" not in may_hold("The sun is out.")


def test_development_cases_are_found_and_look_alikes_left_alone() -> None:
    some = [case for case in cases() if not case.is_measured and case.lang in ("en", "fr", "ar")]
    tally = judge(some)
    assert len(some) > 50
    assert {"plain", "evasive", "nothing"} == set(sorts(some))
    for kind in ("telephone", "handle", "price"):
        assert tally.kinds[kind].f1 >= 0.9, kind


def test_an_interval_holds_its_share() -> None:
    low, high = wilson(9, 10)
    assert low < 0.9 < high
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("From Izmir to Lesvos by boat tonight, 2500 euro", ["day 0"]),
        ("From Izmir to Lesvos, 2500 euro, write me tonight", []),
        ("The boat was late tonight", []),
    ],
)
def test_a_day_beside_a_route_with_a_means_of_transport_is_a_departure(text: str, days: list[str]) -> None:
    assert [cue.normalised for cue in find_cues(text, "en") if cue.kind == "departure"] == days
