"""The functional suite is whole, independent of the corpus, and its table says what fails."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from models.corpus_check import text_faults
from models.examples import read_corpus
from tests.functional.evasion import OPERATORS
from tests.functional.suite import OFFERS, OTHERS, VICTIMS, Case, evaded_cases, passes, read_cases, table

CASES = list(read_cases())
LANGS = sorted({case.lang for case in CASES})


@dataclass(frozen=True)
class Said:
    flagged: bool


class Calls:
    """Flags what begins with an x."""

    def assess(self, texts: Sequence[str], langs: Sequence[str]) -> list[Said]:
        return [Said(text.startswith("x")) for text in texts]


def test_every_functionality_has_twelve_cases_in_every_language() -> None:
    counts = Counter((case.functionality, case.lang) for case in CASES)
    assert len(OFFERS + OTHERS + VICTIMS) == 48
    assert counts == {(name, lang): 12 for name in OFFERS + OTHERS + VICTIMS for lang in LANGS}
    assert len(CASES) >= 6_000


def test_no_case_is_trained_on_or_given_twice() -> None:
    texts = [case.text for case in CASES]
    assert not set(texts) & {example.text for example in read_corpus()}
    assert max(Counter((case.lang, case.text) for case in CASES).values()) == 1


def test_no_case_holds_a_contact_that_could_be_somebodys() -> None:
    faults = [(case.lang, fault) for case in CASES for fault in text_faults(case.text)]
    whole = [fault for fault in faults if sum(letter.isdigit() for letter in fault[1]) not in range(7, 11)]
    assert whole == []  # seven to ten digits are numbers cut short, years and sums


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_changes_what_it_can_and_nothing_else(name: str) -> None:
    rewrite = OPERATORS[name]
    text = "boat tonight, 4500 each, my phone is open for those who want"
    changed = rewrite(text, "en")
    assert changed != text
    assert rewrite(text, "en") == changed
    assert rewrite("", "en") == ""
    assert rewrite("🙂", "und") == "🙂"


def test_evaded_cases_are_offers_that_were_changed() -> None:
    evaded = list(evaded_cases())
    assert {case.functionality for case in evaded} == {f"evasion_{name}" for name in OPERATORS}
    assert {case.expected for case in evaded} == {"offer"}
    plain = {case.text for case in CASES}
    assert not plain & {case.text for case in evaded}


def test_the_table_lists_what_fails() -> None:
    cases = [Case("recruit_plain", "en", text, "offer") for text in ("xa", "xb", "c")]
    cases += [Case("debate", "en", "y", "other"), Case("debate", "fr", "x", "other"), Case("plea", "fr", "y", "victim")]
    shown = table(passes(cases, Calls(), batch=2))
    assert "| recruit_plain | 0.67 | 0.67 |  |" in shown
    assert "| debate | 0.50 | 1.00 | 0.00 |" in shown
    assert shown.endswith("2 cells under 0.80: recruit_plain en 0.67, debate fr 0.00.")
