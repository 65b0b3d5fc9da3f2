"""What finders of contacts see is masked, in 250 spellings; what they do not see is listed here, and the list may only shrink."""

import re

import msgspec
import pytest

from pipeline.codec import encode
from pipeline.posts import Position, Post
from pipeline.screen.assessments import Candidate
from pipeline.screen.masking import mask
from tests.fakes import NAMES, SMUGGLING, hit_of, post
from tests.spellings import Spelling, spellings
from tests.test_hits import RECEIVED, SCREENED

UNSEEN = frozenset({"number between emoji", "handle spaced", "mail '{0}@{2} .org' bureauvera22"})
SEEN = [one for one in spellings() if one.name not in UNSEEN]


def around(one: Spelling) -> str:
    """The spelling in an offer."""
    return f"Boat tonight for three people, contact {one.text} , ask there"


def test_there_are_two_hundred_spellings_and_more_each_once() -> None:
    assert len(SEEN) >= 200
    assert len({one.name for one in spellings()}) == len(spellings())
    assert {one.name for one in spellings()} >= UNSEEN
    assert all(len(trace) >= 4 for one in spellings() for trace in one.traces)


def left(one: Spelling, text: str) -> list[str]:
    """What of the contact can be read in a text."""
    return [trace for trace in one.traces[1:] if trace in text]


@pytest.mark.parametrize("one", SEEN, ids=lambda one: ascii(one.name))
def test_no_half_of_a_contact_is_left(one: Spelling) -> None:
    masked = mask(around(one), (one.lang,), NAMES)
    assert left(one, masked.text) == [], masked.text
    assert re.search(r"\[(?:phone|number|email|link|handle):[a-p]{20}\]", masked.text)
    assert masked.text.startswith("Boat tonight for three people")


def candidate(of: Post, lang: str) -> Candidate:
    """A post as screening hands it on."""
    return Candidate(Position(0, 1, 0), of, encode(of), RECEIVED, of.text, (lang,))


@pytest.mark.parametrize("one", SEEN[:: len(SEEN) // 40], ids=lambda one: ascii(one.name))
def test_no_part_of_a_hit_but_the_sealed_one_holds_the_contact(one: Spelling) -> None:
    of = post(1, around(one), hashtags=(one.text,), links=(one.text,))
    made = hit_of(candidate(of, one.lang), SMUGGLING, SCREENED)
    bare = msgspec.structs.replace(made, evidence=msgspec.structs.replace(made.evidence, sealed=""))
    assert left(one, encode(bare).decode()) == []
