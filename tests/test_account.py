"""The account: it balances when nothing was lost, and says what does not add up when something was."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click import BadParameter

from pipeline.account import Account, draw_up, range_of_time, whole_range
from pipeline.broker.topics import Topics
from pipeline.codec import encode
from pipeline.commands import account as command
from pipeline.delivery import Outgoing, account, dead_letter, findings
from pipeline.errors import ConfigurationError
from pipeline.posts import Fate, Hit, Rejected, Screened
from pipeline.screen.screening import Screen, screen
from pipeline.screen.verdicts import Incoming, Verdict
from tests.fakes import NOW, OFFER, Broker, Index, Judge, a_screen, packed, post

TOPICS = Topics()
RECORDS = [
    packed(post(1), post(2, f"an {OFFER}")),
    b"\xffno post",
    encode(post(1)),
    encode(post(3, f"another {OFFER}")),
]


class Pipeline:
    """A broker and an index through which posts have gone."""

    def __init__(self) -> None:
        self.broker = Broker()
        self.index = Index()
        self.hits: list[Hit] = []
        self.using: Screen = a_screen()

    def screened(self, *values: bytes, partition: int = 0, at: int = 1000) -> Verdict:
        """Put records on `posts` and what screening makes of them where it belongs."""
        offsets = [self.broker.put(TOPICS.posts, partition, value, at=at) for value in values]
        batch = [Incoming(partition, offset, value, NOW) for offset, value in zip(offsets, values, strict=True)]
        verdict = screen(batch, self.using, NOW)
        self.broker.put_all([*findings(verdict, TOPICS), *account(verdict, TOPICS)], at=at + 5)
        self.hits += verdict.hits
        self.index.held |= {hit.id: hit.index_version for hit in verdict.hits}
        return verdict

    async def account(self) -> Account:
        return await draw_up(self.broker, self.index, TOPICS, await whole_range(self.broker, TOPICS))


@pytest.fixture
def pipeline() -> Pipeline:
    """Five lines in four records, screened: a benign post, two hits, a rejected line, a duplicate."""
    made = Pipeline()
    made.screened(*RECORDS)
    return made


async def test_it_balances_when_nothing_was_lost(pipeline: Pipeline) -> None:
    found = await pipeline.account()
    assert (found.came_in, found.benign, found.hits, found.rejected, found.duplicates) == (5, 1, 2, 1, 1)
    assert (found.indexed, found.balanced, found.faults()) == (2, True, [])


async def test_nothing_balances_with_nothing() -> None:
    found = await Pipeline().account()
    assert (found.came_in, found.balanced) == (0, True)


async def test_a_replayed_batch_counts_once(pipeline: Pipeline) -> None:
    again = screen([Incoming(0, n, value, NOW) for n, value in enumerate(RECORDS)], a_screen(), NOW)
    pipeline.broker.put_all([*findings(again, TOPICS), *account(again, TOPICS)], at=1005)
    found = await pipeline.account()
    assert (found.hits, found.balanced) == (2, True)


async def test_the_first_word_on_a_record_counts(pipeline: Pipeline) -> None:
    later = Screened(partition=0, start=0, fates=[Fate(outcomes="bb"), Fate(outcomes="b")], seen=b"", model="newer")
    pipeline.broker.put(TOPICS.screened, 0, encode(later), at=1010)
    found = await pipeline.account()
    assert (found.hits, found.rejected, found.balanced) == (2, 1, True)


async def test_partitions_add_up(pipeline: Pipeline) -> None:
    pipeline.screened(encode(post(9, f"an {OFFER}")), b"bad", partition=1)
    found = await pipeline.account()
    assert (found.came_in, found.hits, found.rejected, found.balanced) == (7, 3, 2, True)


async def test_a_screened_record_that_was_dropped_is_said(pipeline: Pipeline) -> None:
    pipeline.broker.drop(TOPICS.screened, 0, 0)
    found = await pipeline.account()
    assert (found.balanced, found.unaccounted) == (False, 5)
    assert found.faults()[0].startswith("5 lines came in of which nothing is said")


async def test_a_screened_record_that_cannot_be_read_is_as_good_as_dropped(pipeline: Pipeline) -> None:
    pipeline.broker.drop(TOPICS.screened, 0, 0)
    pipeline.broker.put(TOPICS.screened, 0, b'{"model": "\xc3"}', at=1005)
    assert (await pipeline.account()).unaccounted == 5


async def test_a_hit_that_never_reached_the_index_is_said_by_its_id(pipeline: Pipeline) -> None:
    lost = pipeline.hits[0].id
    del pipeline.index.held[lost]
    found = await pipeline.account()
    assert (found.balanced, found.not_indexed) == (False, [lost])
    assert lost in found.faults()[0]


async def test_a_hit_that_was_erased_since_is_shown_as_erased_and_balances(pipeline: Pipeline) -> None:
    erased = pipeline.hits[0].id
    del pipeline.index.held[erased]
    pipeline.index.buried = {erased}
    found = await pipeline.account()
    assert (found.balanced, found.hits, found.indexed, found.erased) == (True, 1, 1, 1)
    pipeline.index.held.clear()
    assert (await pipeline.account()).not_indexed == [pipeline.hits[1].id]


async def test_a_hit_of_which_only_an_older_version_stands_is_missing(pipeline: Pipeline) -> None:
    pipeline.index.held[pipeline.hits[0].id] -= 1
    assert (await pipeline.account()).not_indexed == [pipeline.hits[0].id]


async def test_a_hit_that_a_later_version_replaced_is_there(pipeline: Pipeline) -> None:
    pipeline.index.held[pipeline.hits[0].id] += 1
    assert (await pipeline.account()).balanced


async def test_two_versions_with_the_same_time_and_line_count_twice() -> None:
    pipeline = Pipeline()
    pipeline.screened(encode(post(1, f"an {OFFER}")), encode(post(1, f"an {OFFER}", version="2")))
    found = await pipeline.account()
    assert (found.hits, found.indexed, found.balanced) == (2, 2, True)


async def test_a_rejected_line_without_its_dead_letter_is_said_by_its_position(pipeline: Pipeline) -> None:
    pipeline.broker.drop(TOPICS.rejected, 0, 0)
    found = await pipeline.account()
    assert (found.balanced, found.no_dead_letter) == (False, ["posts/0/1/0"])
    assert "posts/0/1/0" in found.faults()[0]


async def test_a_hit_that_the_index_refused_balances_by_its_dead_letter(pipeline: Pipeline) -> None:
    hit = pipeline.hits[0]
    del pipeline.index.held[hit.id]
    letter = Rejected(raw=encode(hit), reason="mapping_refused", detail="why", stage="indexing")
    pipeline.broker.put_all([dead_letter(TOPICS, letter, "hits/0/0/0")], at=1010)
    found = await pipeline.account()
    assert (found.refused, found.indexed, found.balanced) == (1, 1, True)


async def test_a_dead_letter_that_cannot_be_read_is_no_refusal_of_a_hit(pipeline: Pipeline) -> None:
    letter = Rejected(raw=b'{"id":"\xc3"}', reason="mapping_refused", detail="why", stage="indexing")
    pipeline.broker.put_all([dead_letter(TOPICS, letter, "hits/0/0/0")], at=1010)
    assert (await pipeline.account()).balanced


@pytest.mark.parametrize(
    "fate",
    [
        Fate(outcomes="b"),
        Fate(outcomes="bbb"),
        Fate(outcomes="bh"),
        Fate(outcomes="bb", hits={0: ("x", 1)}),
        Fate(outcomes="b?"),
    ],
)
async def test_a_record_of_whose_lines_or_hits_another_number_was_screened_is_said(fate: Fate) -> None:
    broker = Broker()
    broker.put(TOPICS.posts, 0, b"one\ntwo", at=1000)
    said = Screened(partition=0, start=0, fates=[fate], seen=b"", model="m")
    broker.put(TOPICS.screened, 0, encode(said), at=1000)
    found = await draw_up(broker, Index(), TOPICS, {0: (0, 1)})
    assert (found.balanced, found.miscounted) == (False, ["posts/0/0"])
    assert found.faults()


async def test_a_record_that_was_screened_and_is_not_on_posts_is_said(pipeline: Pipeline) -> None:
    pipeline.broker.drop(TOPICS.posts, 0, 2)
    found = await pipeline.account()
    assert (found.balanced, found.unknown) == (False, ["posts/0/2"])


@pytest.mark.parametrize("topic", [TOPICS.posts, TOPICS.screened, TOPICS.rejected])
async def test_whatever_record_is_dropped_something_does_not_add_up(pipeline: Pipeline, topic: str) -> None:
    of = await whole_range(pipeline.broker, TOPICS)
    pipeline.broker.drop(topic, 0, 0)
    found = await draw_up(pipeline.broker, pipeline.index, TOPICS, of)
    assert not found.balanced
    assert found.faults()


async def test_what_does_not_balance_always_says_why(pipeline: Pipeline) -> None:
    pipeline.broker.put(TOPICS.posts, 1, b"waiting", at=2000)
    pipeline.index.held.clear()
    found = await pipeline.account()
    assert (found.balanced, len(found.faults())) == (False, 2)


async def test_a_range_counts_only_what_lies_in_it(pipeline: Pipeline) -> None:
    pipeline.screened(encode(post(8)), at=5000)
    found = await draw_up(pipeline.broker, pipeline.index, TOPICS, {0: (4, 5)})
    assert (found.came_in, found.benign, found.balanced) == (1, 1, True)


async def test_a_range_of_time_is_a_range_of_offsets(pipeline: Pipeline) -> None:
    pipeline.screened(encode(post(8)), at=5000)
    assert await range_of_time(pipeline.broker, TOPICS, 2000, None) == {0: (4, 5), 1: (0, 0)}
    assert await range_of_time(pipeline.broker, TOPICS, 0, 2000) == {0: (0, 4), 1: (0, 0)}
    assert await range_of_time(pipeline.broker, TOPICS, 9000, 0) == {0: (5, 5), 1: (0, 0)}


async def test_a_partition_that_does_not_exist_is_said_in_a_line(pipeline: Pipeline) -> None:
    with pytest.raises(ConfigurationError, match="no partition 7"):
        await draw_up(pipeline.broker, pipeline.index, TOPICS, {7: (0, 5)})


async def test_topics_that_do_not_match_are_refused() -> None:
    broker = Broker()
    broker.topics[TOPICS.screened] = [[]]
    with pytest.raises(ConfigurationError, match="differ in partitions"):
        await draw_up(broker, Index(), TOPICS, {})


async def test_a_record_rejected_because_screening_fails_balances_too() -> None:
    from pipeline.screen.verdicts import unscreenable

    broker = Broker()
    offset = broker.put(TOPICS.posts, 0, b"one\ntwo", at=1000)
    verdict = unscreenable(Incoming(0, offset, b"one\ntwo", NOW), Judge().model)
    sent: list[Outgoing] = [*findings(verdict, TOPICS), *account(verdict, TOPICS)]
    broker.put_all(sent, at=1000)
    found = await draw_up(broker, Index(), TOPICS, {0: (0, 1)})
    assert (found.rejected, found.balanced) == (2, True)


def moment(value: str) -> int | None:
    context: Any = None
    return command._moment(context, context, value)


def test_a_time_is_iso_8601_or_a_span_back_from_now() -> None:
    assert moment("1970-01-01T00:00:01Z") == 1000
    assert moment("1970-01-01T00:00:01") == 1000
    assert moment("0001-01-01") == 0
    day = moment("1d")
    assert day is not None
    assert abs(datetime.fromtimestamp(day / 1000, UTC) + timedelta(days=1) - datetime.now(UTC)) < timedelta(hours=1)


@pytest.mark.parametrize("value", ["", "d", "soon", "²d", "99999999999d", "5y", "-5d"])
def test_what_is_no_time_is_refused_in_a_line(value: str) -> None:
    with pytest.raises(BadParameter, match="is no time"):
        moment(value)


@pytest.mark.parametrize("value", ["", "3", "3:5", "a:1-2", "1:2-b", "3:-5"])
def test_what_is_no_range_is_refused_in_a_line(value: str) -> None:
    context: Any = None
    with pytest.raises(BadParameter, match="is no range"):
        command._offsets(context, context, (value,))


def test_ranges_of_offsets_are_read() -> None:
    context: Any = None
    assert command._offsets(context, context, ("0:5-10", "3:0-500")) == {0: (5, 10), 3: (0, 500)}
