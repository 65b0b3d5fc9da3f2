"""Cues on hostile text: quick whatever stands in it, spans always within it, and never an exception."""

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.screen.cues import find_cues
from pipeline.screen.cues.contacts import contacts
from pipeline.screen.cues.context import read_with
from pipeline.screen.cues.departures import departures
from pipeline.screen.cues.finding import all_contacts
from pipeline.screen.cues.lexicon import lists
from pipeline.screen.cues.places import places
from pipeline.screen.cues.prefilter import may_hold
from pipeline.screen.cues.prices import prices
from pipeline.screen.cues.reading import LONGEST, read
from pipeline.screen.cues.routes import routes
from pipeline.screen.cues.spoken import spoken_numbers
from pipeline.screen.masking import mask
from pipeline.screen.pseudonyms import Pseudonyms

PIECES = [
    "0", "1 ", "+", "@", "a@", "t.me/", "https://", "wa.me/1", "one ", "from ", "from Libya ", "to ", "€", "1.", "1,000 ",
    "-", "->", "Iran ", "telegram ", "12.12.", "tomorrow ", "leaving ", "no experience ", "zero seven ", "thousand ", "🚤",
    "\u200b", "ا", "工", "a1", "0a", "é",
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _lists_are_read() -> None:
    find_cues("from Libya to Italy, 300 euro", "en")
    may_hold("once")


@settings(max_examples=12, deadline=None)
@given(st.one_of(st.sampled_from(PIECES), st.characters().map(str)))
def test_a_megabyte_of_one_piece_costs_a_finder_less_than_a_second(piece: str) -> None:
    text = (piece * 1_000_000)[:1_000_000]
    read_text = read_with(text, lists().lexicon().of(("en",)))
    found = places(read_text)
    for finder in (
        lambda: list(prices(read_text)),
        lambda: places(read_text),
        lambda: list(routes(read_text, found)),
        lambda: list(departures(read_text)),
        lambda: list(spoken_numbers(read_text, ("GB",))),
        lambda: read_with(text, lists().lexicon().of(("en",))),
        lambda: may_hold(text),
        lambda: find_cues(text, "en"),
        lambda: contacts(text[:LONGEST], ("GB", "FR")),
    ):
        began = process_time()
        finder()
        assert process_time() - began < 1.0


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=10)), max_size=12).map("".join),
    st.sampled_from(["en", "ar", "zh", "und"]),
)
def test_spans_lie_within_the_text_and_hold_what_was_found(text: str, lang: str) -> None:
    for cue in find_cues(text, lang):
        assert 0 <= cue.start < cue.end <= len(text)
        assert text[cue.start : cue.end] == cue.value


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=10)), max_size=12).map("".join))
def test_whatever_a_finder_sees_as_a_contact_is_masked(text: str) -> None:
    masked = mask(text, ("en",), Pseudonyms(b"k" * 32, "k1"))
    kept = {cue.kind for cue in find_cues(text, "en")} & {"telephone", "handle", "url", "email"}
    assert bool(masked.contacts) or not kept
    assert len(all_contacts(text, ("en",))) >= len(masked.contacts)


def test_a_text_of_no_characters_holds_no_cue() -> None:
    assert find_cues("", "en") == ()
    assert read("").text == ""
