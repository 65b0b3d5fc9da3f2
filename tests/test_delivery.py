"""What is handed to the broker: topics, keys, partitions, headers."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.broker.topics import Topics
from pipeline.codec import decode_hit, decode_screened, encode
from pipeline.delivery import account, dead_letter, findings
from pipeline.posts import Rejected
from pipeline.screen.screening import screen
from pipeline.screen.verdicts import Incoming
from tests.fakes import NOW, OFFER, a_screen, post

TOPICS = Topics("t.")
BATCH = [Incoming(3, 41, encode(post(1, f"an {OFFER}")) + b"\n\xffbad", NOW), Incoming(3, 42, encode(post(2)), NOW)]


def test_hits_and_rejected_lines_are_the_findings_of_a_verdict() -> None:
    verdict = screen(BATCH, a_screen(), NOW)
    hit, letter = findings(verdict, TOPICS)
    assert (hit.topic, hit.key, hit.partition) == ("t.hits", verdict.hits[0].id.encode(), None)
    assert decode_hit(hit.value) == verdict.hits[0]
    assert (letter.topic, letter.value) == ("t.posts.rejected", b"\xffbad")
    assert letter.headers["origin"] == b"t.posts/3/41/1"
    assert (letter.headers["reason"], letter.headers["stage"]) == (b"not_json", b"screening")


def test_the_account_goes_to_the_partition_it_speaks_of() -> None:
    verdict = screen(BATCH, a_screen(), NOW)
    [said] = account(verdict, TOPICS)
    assert (said.topic, said.partition) == ("t.screened", 3)
    assert decode_screened(said.value) == verdict.screened[0]


@given(raw=st.binary(), detail=st.text(), origin=st.text(st.characters(codec="utf-8")))
def test_a_dead_letter_can_be_sent_whatever_it_holds(raw: bytes, detail: str, origin: str) -> None:
    letter = dead_letter(TOPICS, Rejected(raw=raw, reason="not_json", detail=detail), origin)
    assert letter.value == raw
    assert set(letter.headers) == {"reason", "detail", "stage", "origin"}
