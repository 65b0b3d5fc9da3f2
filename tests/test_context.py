"""Context in the pipeline: what of a post may be used, what is remembered, and what a kill and a replay do to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import msgspec
import pytest

from models.surroundings import Recent, Surroundings
from pipeline.codec import encode
from pipeline.posts import Hit, Post, Screened, Terms
from pipeline.screen.assessments import Assessment
from pipeline.screen.channels import Channels
from pipeline.screen.context import Around, Context
from pipeline.screen.pseudonyms import Pseudonyms
from pipeline.screen.screening import Screen, screen
from pipeline.screen.verdicts import Incoming, Verdict
from tests.fakes import NAMES, NOW, OFFER, Assessed, Judge, a_screen, packed, post
from tests.test_screening import Sifting

RAISED = Assessed("smuggling", lane="offers", flagged=True, level="review", context=("channel_recent",))


@dataclass
class Scoring(Judge):
    """Scores a text by its length, so that notes can be told apart."""

    def assess(self, texts: Sequence[str], langs: Sequence[str]) -> Sequence[Assessment]:
        alone = super().assess(texts, langs)
        return [
            replace(one, odds=(float(len(text)), 0.5))
            for one, text in zip(alone, texts, strict=True)
            if isinstance(one, Assessed)
        ]


@dataclass
class Reader:
    """Raises what stands after posts whose mean is above five; keeps what it was shown."""

    shown: list[Surroundings] = field(default_factory=list)

    def reassess(
        self, texts: Sequence[str], langs: Sequence[str], around: Sequence[Surroundings], alone: Sequence[Assessment]
    ) -> Sequence[Assessment]:
        assert len(texts) == len(langs) == len(around) == len(alone)
        self.shown += around
        return [RAISED if of.recent.stream > 5 else one for of, one in zip(around, alone, strict=True)]


def using(reader: Reader, names: Pseudonyms = NAMES) -> Screen:
    context = Context(Around(reader, Channels(20, 3600.0)), names)
    return replace(a_screen(Scoring()), context=context)


def said(text: str, number: int = 1, **more: object) -> Post:
    return msgspec.structs.replace(post(number, text), **({"container": "the_boats"} | more))


def screened(screen_: Screen, *posts: Post, offset: int = 0, partition: int = 0) -> Verdict:
    return screen([Incoming(partition, offset, packed(*posts), NOW + timedelta(seconds=offset))], screen_, NOW)


def reloaded(names: Pseudonyms, *records: Screened, model: str = "fake-1") -> Reader:
    """What a fresh worker shows its reader after it read these records back."""
    reader = Reader()
    fresh = using(reader, names)
    assert fresh.context is not None
    fresh.context.load(0, records, model)
    screened(fresh, said("next", 99), offset=50)
    return reader


def test_what_the_terms_allow_is_shown_to_the_reader() -> None:
    reader = Reader()
    screened(using(reader), said("yes", reply_text="is  there\u200b a boat?", container_name="Blue Shore"))
    assert reader.shown == [Surroundings("is there a boat?", "Blue Shore")]


def test_nothing_is_shown_or_remembered_where_actors_may_not_be_linked() -> None:
    reader = Reader()
    screen_ = using(reader)
    terms = Terms(may_link_actor=False)
    one = said("a long text", 1, reply_text="a boat?", container_name="Blue Shore", terms=terms)
    verdict = screened(screen_, one, said("yes", 2, terms=terms))
    assert reader.shown == [Surroundings(), Surroundings()]
    assert verdict.screened[0].channels == b""


@pytest.mark.parametrize("author", [{"author_id": "the_boats"}, {"author_handle": "@The_Boats"}])
def test_no_score_of_a_person_is_kept_where_the_channel_is_its_author(author: dict[str, str]) -> None:
    reader = Reader()
    verdict = screened(using(reader), said("a long text", 1, **author), said("yes", 2, **author))
    assert reader.shown[1].recent == Recent()
    assert verdict.screened[0].channels == b""


def test_the_channels_earlier_posts_count_and_a_hit_says_so() -> None:
    verdict = screened(using(Reader()), said("a long text", 1), said("yes", 2))
    assert [hit.document.context for hit in verdict.hits] == [("channel_recent",)]
    assert verdict.outcomes == {"benign": 1, "hit": 1}


def test_a_hit_that_was_raised_holds_no_text_of_others() -> None:
    raised = said("yes", 2, reply_text="where is the secret boat", container_name="Secret Shore")
    [hit] = screened(using(Reader()), said("a long text", 1), raised).hits
    assert b"ecret" not in encode(hit)


def test_other_channels_and_platforms_do_not_count() -> None:
    reader = Reader()
    elsewhere = said("a long text", 1, platform="other")
    screened(using(reader), elsewhere, said("a long text", 2, container="else"), said("yes", 3))
    assert reader.shown[2].recent == Recent()


def test_switched_off_every_post_stands_alone() -> None:
    verdict = screened(a_screen(Scoring()), said("a long text", 1), said("yes", 2))
    assert (verdict.hits, verdict.screened[0].channels) == ([], b"")


def test_a_killed_worker_finds_its_channels_again() -> None:
    first = screened(using(Reader()), said("a long text", 1), said("words", 2))
    [shown] = reloaded(NAMES, *first.screened).shown
    assert shown.recent.stream == pytest.approx((11 + 5) / 2, rel=0.01)
    assert shown.recent.near == 0.5


def test_a_replay_gives_the_same_verdict_and_adds_nothing() -> None:
    screen_ = using(Reader())
    posts = said("a long text", 1), said("yes", 2)
    first, again = (screened(screen_, *posts) for _ in range(2))
    assert [hit.id for hit in again.hits] == [hit.id for hit in first.hits]
    after = reloaded(NAMES, *first.screened, *again.screened)
    assert after.shown == reloaded(NAMES, *first.screened).shown


def test_notes_of_another_model_or_another_key_are_left_out() -> None:
    first = screened(using(Reader()), said("a long text", 1))
    assert reloaded(NAMES, *first.screened, model="other").shown == [Surroundings()]
    other = Pseudonyms(b"another key of 32 bytes or more..", "k1")
    assert reloaded(other, *first.screened).shown == [Surroundings()]


def test_a_record_that_was_tampered_with_harms_nobody() -> None:
    [record] = screened(using(Reader()), said("a long text", 1)).screened
    torn = msgspec.structs.replace(record, channels=record.channels[:-3])
    assert reloaded(NAMES, torn, record).shown[0].recent.weight > 0


def test_what_is_remembered_is_sealed() -> None:
    [record] = screened(using(Reader()), said("a long text", 1)).screened
    assert NAMES.channel("push", "the_boats") not in record.channels
    assert b"the_boats" not in encode(record)


def test_moved_partitions_are_forgotten() -> None:
    reader = Reader()
    screen_ = using(reader)
    screened(screen_, said("a long text", 1), partition=1)
    assert screen_.context is not None
    screen_.context.forget({1})
    screened(screen_, said("yes", 2), offset=1)
    assert reader.shown[-1].recent == Recent()


def test_old_records_and_posts_are_read_and_new_ones_by_old_readers() -> None:
    plain = encode(post(1))
    assert b"reply_text" not in plain
    assert b"channels" not in encode(Screened(partition=0, start=0, fates=[], seen=b"", model="m"))
    assert msgspec.json.decode(plain, type=Post).reply_text is None


def test_hits_from_the_text_alone_name_no_context() -> None:
    hits: list[Hit] = screened(using(Reader()), said(f"an {OFFER}", 1)).hits
    assert [hit.document.context for hit in hits] == [()]


def test_the_language_of_a_post_in_a_channel_is_always_known() -> None:
    reader = Reader()
    screen_ = replace(using(reader), judge=Sifting())
    screened(screen_, said("good day", 1), post(2, "good night"))
    assert len(reader.shown) == 1
