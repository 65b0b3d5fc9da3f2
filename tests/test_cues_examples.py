"""Valid numbers of 66 countries in ten spellings, drawn from the library when this runs."""

from tests.functional.cues.examples import LANGUAGES, drawn, tallied
from tests.functional.cues.suite import cases


def test_every_example_number_is_found_and_read_as_what_it_is_where_its_country_is_named() -> None:
    tallies = tallied()
    assert len(list(drawn())) > 60
    for spelling, one in tallies.items():
        assert one.found == one.written, spelling
        assert one.right == one.written or spelling == "as at home", spelling
    assert tallies["as at home"].right > 40


def test_a_third_of_the_cases_is_evasive_and_a_third_holds_nothing() -> None:
    sorts = [case.sort for case in cases()]
    assert len(sorts) >= 1500
    assert min(sorts.count("evasive"), sorts.count("nothing")) * 3 >= len(sorts)
    assert {case.lang for case in cases()} >= set(LANGUAGES)
