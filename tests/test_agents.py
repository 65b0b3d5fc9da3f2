"""The agents: delivered before acknowledged, whatever fails."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError
from prometheus_client import REGISTRY

from models.surroundings import Recent
from pipeline import agents, recall
from pipeline.agents import IndexingAgent, Intake, ScreeningAgent, incoming
from pipeline.broker.connection import Connection
from pipeline.broker.topics import Topics
from pipeline.codec import decode_screened, encode
from pipeline.errors import BrokerUnavailable
from pipeline.posts import Hit, Screened
from pipeline.screen.assessments import Assessment
from pipeline.screen.channels import Channels
from pipeline.screen.context import Around, Context
from pipeline.screen.screening import Screen, screen
from pipeline.screen.seen import Seen
from pipeline.screen.verdicts import Incoming
from tests.fakes import (
    HOSTILE,
    NAMES,
    NOW,
    OFFER,
    Broker,
    Event,
    Index,
    Judge,
    Message,
    Outbox,
    Stream,
    a_screen,
    events,
    hit_of,
    packed,
    post,
    remembers,
)


class Unmoved:
    """Finds that context changes nothing."""

    def reassess(self, texts: Any, langs: Any, around: Any, alone: Sequence[Assessment]) -> Sequence[Assessment]:
        return alone


TOPICS = Topics()
INTAKE = Intake(records=100, posts=100, within_s=0.01)
GOOD = encode(post(1))
HIT = encode(post(2, f"an {OFFER}"))
BAD = b"\xffno post"


def screening(using: Screen, outbox: Outbox, *known: Screened, intake: Intake = INTAKE) -> ScreeningAgent:
    return ScreeningAgent(using, outbox, TOPICS, intake, remembers(*known))


def written(outbox: Outbox) -> list[Screened]:
    """What was said on `screened`."""
    return [decode_screened(record.value) for record in outbox.of(TOPICS.screened)]


def said(outbox: Outbox) -> dict[int, str]:
    """The outcomes of each offset."""
    return {one.start + n: fate.outcomes for one in written(outbox) for n, fate in enumerate(one.fates)}


@asynccontextmanager
async def running(agent: Any, stream: Stream) -> AsyncIterator["asyncio.Task[None]"]:
    """The agent's loop in the background, ended afterwards."""
    task = asyncio.create_task(agent(stream))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def settled() -> None:
    """Let everything run that can; threads included."""
    for _ in range(5):
        await asyncio.to_thread(int)
        await asyncio.sleep(0.01)


async def test_hits_and_refusals_are_delivered_before_the_account_and_acknowledged_last() -> None:
    outbox = Outbox()
    await screening(a_screen(), outbox)(Stream(events(GOOD, HIT, BAD), diary=outbox.diary))
    assert outbox.diary == [TOPICS.hits, TOPICS.rejected, TOPICS.screened, "ack 0", "ack 1", "ack 2"]
    assert said(outbox) == {0: "b", 1: "h", 2: "r"}


async def test_while_the_outbox_hangs_nothing_is_acknowledged() -> None:
    outbox = Outbox()
    outbox.open.clear()
    stream = Stream(events(GOOD, HIT))
    async with running(screening(a_screen(), outbox), stream) as task:
        await settled()
        assert (stream.acknowledged, task.done()) == ([], False)
        outbox.open.set()
        await task
    assert stream.acknowledged == [(0, 0), (0, 1)]


async def test_when_the_outbox_fails_nothing_is_acknowledged() -> None:
    outbox = Outbox()
    outbox.fails = True
    stream = Stream(events(GOOD))
    with pytest.raises(ConnectionError):
        await screening(a_screen(), outbox)(stream)
    assert stream.acknowledged == []


async def test_a_large_take_is_delivered_and_acknowledged_in_parts() -> None:
    outbox = Outbox()
    small = Intake(records=100, posts=2, within_s=0.01)
    taken = events(packed(post(1), post(2), post(3)), encode(post(4)), encode(post(5)), encode(post(6)))
    await screening(a_screen(), outbox, intake=small)(Stream(taken, diary=outbox.diary))
    first, second, third = ["screened", "ack 0"], ["screened", "ack 1", "ack 2"], ["screened", "ack 3"]
    assert outbox.diary == first + second + third


async def test_records_that_screened_covers_are_acknowledged_without_being_screened_again() -> None:
    judge, outbox = Judge(), Outbox()
    known = screen([Incoming(0, 0, GOOD, NOW), Incoming(0, 1, HIT, NOW)], a_screen(), NOW).screened
    stream = Stream(events(GOOD, HIT, encode(post(3))))
    await screening(a_screen(judge), outbox, *known)(stream)
    assert judge.asked == [["good morning"]]
    assert said(outbox) == {2: "b"}
    assert stream.acknowledged == [(0, 0), (0, 1), (0, 2)]


async def test_a_batch_that_screened_covers_is_acknowledged_and_nothing_is_delivered() -> None:
    outbox = Outbox()
    known = screen([Incoming(0, 0, GOOD, NOW)], a_screen(), NOW).screened
    stream = Stream(events(GOOD))
    await screening(a_screen(), outbox, *known)(stream)
    assert (outbox.delivered, stream.acknowledged) == ([], [(0, 0)])


async def test_what_another_model_screened_is_screened_again() -> None:
    outbox = Outbox()
    known = screen([Incoming(0, 0, HIT, NOW)], a_screen(Judge(model="older")), NOW).screened
    await screening(a_screen(), outbox, *known)(Stream(events(HIT)))
    assert said(outbox) == {0: "h"}


async def test_a_post_seen_by_the_worker_before_is_a_duplicate() -> None:
    outbox = Outbox()
    known = screen([Incoming(0, 0, GOOD, NOW)], a_screen(), NOW).screened
    await screening(a_screen(), outbox, *known)(Stream(events(GOOD, start=1)))
    assert said(outbox) == {1: "d"}


async def test_a_record_that_is_taken_twice_in_a_batch_is_said_once() -> None:
    outbox = Outbox()
    stream = Stream([*events(HIT), *events(HIT)])
    await screening(a_screen(), outbox)(stream)
    assert said(outbox) == {0: "h"}
    assert len(outbox.of(TOPICS.hits)) == 1
    assert len(stream.acknowledged) == 2


async def test_a_worker_that_takes_a_partition_over_finds_its_channels_again() -> None:
    def remembering() -> tuple[Screen, Channels]:
        channels = Channels(20, 3600.0)
        return replace(a_screen(), context=Context(Around(Unmoved(), channels), NAMES)), channels

    using, channels = remembering()
    outbox = Outbox()
    await screening(using, outbox)(Stream(events(encode(post(1, container="boats")))))
    heir, found = remembering()
    agent = screening(heir, Outbox(), *written(outbox))
    await agent(Stream(events(GOOD, start=9)))
    key = NAMES.channel("push", "boats")
    assert found.recent(key, NOW.timestamp(), b"") == channels.recent(key, NOW.timestamp(), b"") != Recent()
    agent.moved({0})
    await agent(Stream(events(GOOD, partition=1)))
    assert len(found) == 0


async def test_the_memory_of_a_partition_that_moved_is_loaded_anew() -> None:
    asked: list[int] = []

    async def nothing(partition: int) -> list[Screened]:
        asked.append(partition)
        return []

    agent = ScreeningAgent(a_screen(), Outbox(), TOPICS, INTAKE, replace(remembers(), recall=nothing))
    await agent(Stream(events(GOOD), events(HIT, start=1)))
    assert asked == [0]
    agent.moved({0, 1})
    await agent(Stream(events(HIT, start=1)))
    assert asked == [0, 0]


async def test_a_record_on_which_screening_raises_goes_to_the_rejected_while_its_neighbours_go_on() -> None:
    outbox = Outbox()
    poison = packed(post(5), post(6, f"a {HOSTILE} text"))
    stream = Stream(events(GOOD, poison, HIT))
    await screening(a_screen(), outbox)(stream)
    assert said(outbox) == {0: "b", 1: "rr", 2: "h"}
    letters = outbox.of(TOPICS.rejected)
    assert [letter.value for letter in letters] == poison.split(b"\n")
    assert {letter.headers["reason"] for letter in letters} == {b"unscreenable"}
    assert not any(HOSTILE.encode() in letter.headers["detail"] for letter in letters)
    assert len(stream.acknowledged) == 3


async def test_while_the_classifier_fails_nothing_is_delivered_or_acknowledged_and_then_all_is_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(agents, "waits", lambda first, cap: iter(lambda: 0.01, None))
    judge, outbox = Judge(away=True), Outbox()
    stream = Stream(events(GOOD, HIT, BAD))
    agent = screening(a_screen(judge), outbox)
    assert agent.complaint() is None
    async with running(agent, stream) as task:
        await settled()
        assert (outbox.delivered, stream.acknowledged, task.done()) == ([], [], False)
        assert agent.complaint() == "the classifier fails; nothing is acknowledged until it works"
        judge.away = False
        await task
    assert agent.complaint() is None
    assert said(outbox) == {0: "b", 1: "h", 2: "r"}
    assert len(stream.acknowledged) == 3


async def test_the_seconds_of_every_stage_of_a_batch_are_counted() -> None:
    stages = ("recall", "screen", "decode", "clean", "model", "language", "cues", "deliver")

    def counts() -> list[float]:
        return [REGISTRY.get_sample_value("fanal_stage_seconds_count", {"stage": one}) or 0 for one in stages]

    before = counts()
    received = REGISTRY.get_sample_value("fanal_received_posts_total") or 0
    await screening(a_screen(), Outbox())(Stream(events(GOOD, HIT, BAD)))
    assert counts() == [one + 1 for one in before]
    assert REGISTRY.get_sample_value("fanal_received_posts_total") == received + 3


async def test_a_record_without_value_is_a_rejected_line() -> None:
    outbox = Outbox()
    await screening(a_screen(), outbox)(Stream(events(None)))
    assert said(outbox) == {0: "r"}


@pytest.mark.parametrize("headers", [None, [], [("whence", None)], [("whence", b"\xff")], [("other", b"x")]])
def test_strange_headers_are_no_reason_to_stop(headers: list[tuple[str, bytes | None]] | None) -> None:
    assert incoming(Event(Message(0, 0, b"x", headers=headers))).value == b"x"


def test_an_event_is_taken_with_its_place_and_the_brokers_time() -> None:
    taken = incoming(Event(Message(3, 41, b"x", headers=[("whence", b"line 7")])))
    assert taken == Incoming(3, 41, b"x", NOW, "line 7")


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    """A broker that recalling reads."""
    held = Broker()

    @asynccontextmanager
    async def reader(_: Connection) -> AsyncIterator[Broker]:
        yield held

    monkeypatch.setattr(recall, "reader", reader)
    return held


async def test_a_worker_recalls_what_was_screened_and_passes_over_what_it_cannot_read(broker: Broker) -> None:
    known = screen([Incoming(1, 0, GOOD, NOW)], a_screen(), NOW).screened
    foreign = screen([Incoming(0, 0, GOOD, NOW)], a_screen(), NOW).screened
    for value in (b"", b"no record", b'{"model": "\xc3"}', encode(known[0]), encode(foreign[0])):
        broker.put(TOPICS.screened, 1, value)
    assert await recall.Recall(Connection("nowhere:1"), TOPICS)(1) == known


async def test_while_the_broker_is_away_recalling_waits(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    failures: list[Exception] = [BrokerUnavailable("away"), KafkaTimeoutError(), OSError()]
    whole = broker.begins

    async def begins(topic: str) -> dict[int, int]:
        if failures:
            raise failures.pop()
        return await whole(topic)

    monkeypatch.setattr(broker, "begins", begins)
    monkeypatch.setattr(recall, "waits", lambda: iter(lambda: 0.0, None))
    assert await recall.Recall(Connection("nowhere:1"), TOPICS)(0) == []
    assert failures == []


def a_hit(number: int, text: str = f"an {OFFER}", offset: int = 0) -> Hit:
    [hit] = screen([Incoming(0, offset, encode(post(number, text)), NOW)], a_screen(), NOW).hits
    return hit


def indexing(index: Index, outbox: Outbox, followed: list[Hit] | None = None) -> IndexingAgent:
    return IndexingAgent(index, outbox, TOPICS, INTAKE, (followed if followed is not None else []).append)


async def test_hits_are_written_and_then_acknowledged() -> None:
    index, outbox, followed = Index(), Outbox(), list[Hit]()
    one, two = a_hit(1), a_hit(2)
    stream = Stream(events(encode(one), encode(two)))
    await indexing(index, outbox, followed)(stream)
    assert index.held == {one.id: one.index_version, two.id: two.index_version}
    assert (outbox.delivered, followed) == ([], [one, two])
    assert stream.acknowledged == [(0, 0), (0, 1)]


async def test_while_the_index_is_away_nothing_is_acknowledged() -> None:
    index = Index()
    index.away = True
    stream = Stream(events(encode(a_hit(1))))
    async with running(indexing(index, Outbox()), stream) as task:
        await settled()
        assert (stream.acknowledged, task.done()) == ([], False)


@pytest.mark.parametrize("raw", [b"", None, b"no hit", b"{}", b'{"id":"\xc3"}', b"[" * 100_000, b"\xff"])
async def test_a_record_that_is_no_hit_is_a_dead_letter_and_its_neighbours_are_written(raw: bytes | None) -> None:
    index, outbox = Index(), Outbox()
    hit, counted = a_hit(1), {"stage": "indexing", "reason": "not_a_hit"}
    before = REGISTRY.get_sample_value("fanal_rejects_total", counted) or 0
    stream = Stream(events(raw, encode(hit)), diary=outbox.diary)
    await indexing(index, outbox)(stream)
    assert REGISTRY.get_sample_value("fanal_rejects_total", counted) == before + 1
    [letter] = outbox.delivered
    assert (letter.topic, letter.value) == (TOPICS.rejected, raw or b"")
    assert (letter.headers["reason"], letter.headers["stage"]) == (b"not_a_hit", b"indexing")
    assert letter.headers["origin"] == b"hits/0/0/0"
    assert outbox.diary == [TOPICS.rejected, "ack 0", "ack 1"]
    assert hit.id in index.held


async def test_a_hit_that_the_index_refuses_is_a_dead_letter_whole_and_is_not_looked_for() -> None:
    index, outbox, followed = Index(), Outbox(), list[Hit]()
    good, bad = a_hit(1), a_hit(2, f"refuse this {OFFER}")
    await indexing(index, outbox, followed)(Stream(events(encode(good), encode(bad)), diary=outbox.diary))
    [letter] = outbox.delivered
    assert (letter.value, letter.headers["reason"]) == (encode(bad), b"mapping_refused")
    assert letter.headers["detail"] == b"mapper_parsing_exception"
    assert followed == [good]
    assert outbox.diary == [TOPICS.rejected, "ack 0", "ack 1"]


async def test_a_hit_whose_dead_letter_is_not_delivered_is_not_acknowledged() -> None:
    outbox = Outbox()
    outbox.fails = True
    stream = Stream(events(b"no hit"))
    with pytest.raises(ConnectionError):
        await indexing(Index(), outbox)(stream)
    assert stream.acknowledged == []


async def test_a_hit_that_comes_twice_in_a_batch_is_written_once_and_acknowledged_twice() -> None:
    index, outbox, followed = Index(), Outbox(), list[Hit]()
    hit = a_hit(1)
    stream = Stream(events(encode(hit), encode(hit)))
    await indexing(index, outbox, followed)(stream)
    assert followed == [hit]
    assert len(stream.acknowledged) == 2


async def test_a_small_memory_still_gives_every_line_one_outcome() -> None:
    outbox = Outbox()
    using = Screen(judge=Judge(), languages=a_screen().languages, seen=Seen(1), make_hit=hit_of)
    await screening(using, outbox)(Stream(events(*[encode(post(n)) for n in range(20)])))
    assert said(outbox) == dict.fromkeys(range(20), "b")


async def test_a_hit_that_was_erased_is_neither_written_nor_looked_for_and_is_acknowledged() -> None:
    index, followed = Index(), list[Hit]()
    erased, other = a_hit(1), a_hit(2)
    index.buried = {erased.id}
    stream = Stream(events(encode(erased), encode(other)))
    await indexing(index, Outbox(), followed)(stream)
    assert (list(index.held), followed) == ([other.id], [other])
    assert stream.acknowledged == [(0, 0), (0, 1)]


async def test_a_hit_that_is_erased_while_it_is_written_is_taken_out_again() -> None:
    index, followed = Index(), list[Hit]()
    erased, other = a_hit(1), a_hit(2)
    index.buried_meanwhile = {erased.id}
    await indexing(index, Outbox(), followed)(Stream(events(encode(erased), encode(other))))
    assert (list(index.held), followed) == ([other.id], [other])
