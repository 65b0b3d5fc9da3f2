"""Screening: every line has one outcome, whatever it holds, and comes to the same when it comes again."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.codec import encode, lines
from pipeline.posts import Hit, Position
from pipeline.screen.assessments import Assessment, Candidate, Sifted, Unsifted
from pipeline.screen.screening import Screen, screen
from pipeline.screen.seen import NOTHING, Seen, fingerprint
from pipeline.screen.verdicts import Incoming, Verdict
from tests.fakes import NOW, OFFER, SEAL, French, Judge, a_screen, packed, post

LINES = st.one_of(
    st.builds(post, st.integers(0, 5), st.sampled_from(["good morning", f"an {OFFER}", "a\0b", "é" * 30])).map(encode),
    st.binary(max_size=20).map(lambda raw: raw.replace(b"\n", b"")),
    st.sampled_from([b"{}", b"[" * 5000, b'{"text":"\xc3"}', b"\0"]),
)
BATCHES = st.lists(st.lists(LINES, min_size=1, max_size=5).map(b"\n".join), min_size=1, max_size=6)


def records(*values: bytes, partition: int = 0, start: int = 10) -> list[Incoming]:
    return [Incoming(partition, offset, value, NOW) for offset, value in enumerate(values, start)]


def outcomes(verdict: Verdict) -> dict[int, str]:
    """The letters of each offset."""
    return {one.start + n: fate.outcomes for one in verdict.screened for n, fate in enumerate(one.fates)}


@given(BATCHES)
def test_every_line_has_one_outcome(values: list[bytes]) -> None:
    batch = records(*values)
    verdict = screen(batch, a_screen(), NOW)
    assert {offset: len(letters) for offset, letters in outcomes(verdict).items()} == {
        record.offset: len(lines(record.value)) for record in batch
    }
    assert sum(verdict.outcomes.values()) == sum(len(lines(value)) for value in values)
    letters = "".join(outcomes(verdict).values())
    assert (letters.count("h"), letters.count("r")) == (len(verdict.hits), len(verdict.refusals))


@given(BATCHES)
def test_a_replay_comes_to_the_same(values: list[bytes]) -> None:
    using = a_screen()
    first, again = (screen(records(*values), using, NOW) for _ in range(2))
    assert first.screened == again.screened
    assert first.refusals == again.refusals
    assert [(hit.id, hit.index_version, hit.document) for hit in first.hits] == [
        (hit.id, hit.index_version, hit.document) for hit in again.hits
    ]


@given(BATCHES, BATCHES)
def test_the_memory_that_screened_rebuilds_judges_as_the_one_that_was_lost(
    before: list[bytes], after: list[bytes]
) -> None:
    kept, lost = a_screen(), a_screen()
    said = screen(records(*before), kept, NOW).screened
    lost.seen.load(0, said)
    later = records(*after, start=10 + len(before))
    assert screen(later, kept, NOW).screened == screen(later, lost, NOW).screened


@given(BATCHES)
def test_how_records_are_batched_changes_no_outcome(values: list[bytes]) -> None:
    alone, together = a_screen(), a_screen()
    one_by_one: dict[int, str] = {}
    for record in records(*values):
        one_by_one |= outcomes(screen([record], alone, NOW))
    assert one_by_one == outcomes(screen(records(*values), together, NOW))


def test_only_posts_above_a_threshold_are_hits() -> None:
    verdict = screen(records(packed(post(1), post(2, f"an {OFFER}"), post(3))), a_screen(), NOW)
    assert verdict.outcomes == {"benign": 2, "hit": 1}
    [hit] = verdict.hits
    assert verdict.screened[0].fates[0].hits == {1: (hit.id, hit.index_version)}
    assert hit.document.position == "0/10/1"


@dataclass
class Sifting(Judge):
    """Suspects only what it takes for an offer."""

    def sift(self, texts: Sequence[str]) -> Sifted:
        return Suspecting(texts, self.assess, self.offer)


@dataclass(frozen=True)
class Suspecting(Unsifted):
    word: str = ""

    @property
    def suspects(self) -> Sequence[int]:
        return [place for place, text in enumerate(self.texts) if self.word in text]


@dataclass
class Asked(French):
    """Keeps the texts whose language was asked for."""

    texts: list[str] = field(default_factory=list)

    def identify(self, text: str, hints: Sequence[str] = ()) -> tuple[str, ...]:
        self.texts.append(text)
        return super().identify(text, hints)


def test_a_language_is_asked_for_only_where_it_matters() -> None:
    asked = Asked()
    verdict = screen(
        records(packed(post(1), post(2, f"an {OFFER}"))), replace(a_screen(Sifting()), languages=asked), NOW
    )
    assert asked.texts == [f"an {OFFER}"]
    assert verdict.outcomes == {"benign": 1, "hit": 1}


@given(BATCHES)
def test_sifting_changes_no_verdict(values: list[bytes]) -> None:
    sifted, whole = (screen(records(*values), a_screen(judge), NOW) for judge in (Sifting(), Judge()))
    assert (sifted.screened, sifted.outcomes, sifted.refusals) == (whole.screened, whole.outcomes, whole.refusals)
    assert [hit.document for hit in sifted.hits] == [hit.document for hit in whole.hits]


def test_a_benign_post_leaves_its_fingerprint_and_nothing_else() -> None:
    verdict = screen(records(encode(post(1, "a quiet word"))), a_screen(), NOW)
    assert (verdict.hits, verdict.refusals) == ([], [])
    assert verdict.screened[0].seen == fingerprint(post(1))
    assert b"quiet" not in encode(verdict.screened[0])


def test_a_bad_line_is_rejected_whole_and_its_neighbours_go_on() -> None:
    bad = b'{"text": "\xc3'
    value = b"\n".join([encode(post(1)), bad, encode(post(2, f"an {OFFER}"))])
    verdict = screen(records(value), a_screen(), NOW)
    assert outcomes(verdict) == {10: "brh"}
    [refusal] = verdict.refusals
    assert (refusal.position, refusal.rejected.raw) == (Position(0, 10, 1), bad)
    assert verdict.screened[0].seen[8:16] == NOTHING


def test_where_a_bad_line_stood_before_is_said() -> None:
    record = Incoming(0, 10, b"nonsense", NOW, "line 7 of posts.ndjson")
    [refusal] = screen([record], a_screen(), NOW).refusals
    assert refusal.rejected.detail.startswith("line 7 of posts.ndjson: ")


def test_a_post_that_comes_again_in_a_record_or_in_another_is_a_duplicate() -> None:
    verdict = screen(records(packed(post(1), post(1)), encode(post(1)), encode(post(1, version="2"))), a_screen(), NOW)
    assert outcomes(verdict) == {10: "bd", 11: "d", 12: "b"}


def test_the_classifier_is_asked_once_for_cleaned_texts_of_what_is_new() -> None:
    judge = Judge()
    screen(
        records(packed(post(1, "o\u200bne"), post(1, "o\u200bne")), b"bad", encode(post(2, "two"))),
        a_screen(judge),
        NOW,
    )
    assert judge.asked == [["one", "two"]]


def test_the_classifier_is_not_asked_when_there_is_nothing_to_judge() -> None:
    judge = Judge()
    screen(records(b"bad", b""), a_screen(judge), NOW)
    assert judge.asked == []


def test_the_evidence_is_the_line_as_it_came() -> None:
    raw = encode(post(1, f"an {OFFER}"))[:-1] + b', "unheard_of": 1}'
    [hit] = screen(records(raw), a_screen(), NOW).hits
    assert SEAL.open_sealed(hit.evidence) == raw


def test_consecutive_records_of_a_partition_are_said_together() -> None:
    batch = [*records(b"a", b"b", start=1), *records(b"c", start=5), *records(b"d", partition=1, start=6)]
    said = screen(batch, a_screen(), NOW).screened
    assert [(one.partition, one.start, len(one.fates)) for one in said] == [(0, 1, 2), (0, 5, 1), (1, 6, 1)]


def test_what_screening_says_names_what_judged() -> None:
    [said] = screen(records(b"x"), a_screen(Judge(model="fake-2")), NOW).screened
    assert said.model == "fake-2"


def test_a_fault_of_the_classifier_is_raised() -> None:
    with pytest.raises(RuntimeError):
        screen(records(encode(post(1))), a_screen(Judge(away=True)), NOW)


def test_an_assessment_that_is_no_hit_makes_none() -> None:
    def never(candidate: Candidate, assessment: Assessment, now: datetime) -> Hit:
        raise AssertionError(candidate.position)

    using = Screen(judge=Judge(), languages=French(), seen=Seen(10), make_hit=never)
    assert screen(records(encode(post(1))), using, NOW).outcomes == {"benign": 1}
