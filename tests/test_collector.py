"""The collector: nothing is lost over cuts, failures and kills, and no source harms another."""

import asyncio
import logging
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from pipeline import metrics
from pipeline.errors import ConfigurationError
from pipeline.posts import Erasure, Rejected
from pipeline.sources.collector import Collector, Means
from pipeline.sources.connector import Connector, SourceAway, SourceRefused, Step
from pipeline.sources.reading import Manner
from tests.fakes import NOW, post
from tests.fakes_sources import (
    HASTE,
    QUICK,
    SOON,
    Flooding,
    Hanging,
    Line,
    Numbered,
    Scripted,
    Topics,
    a_collector,
    collected,
    events_of,
    killed,
)

WANTED = {f"n-{number}" for number in range(60)}


def status(topics: Topics, name: str) -> str:
    return topics.states[name].status


def counted(counter: str, source: str, **more: str) -> float:
    metric = getattr(metrics, counter).labels(source, *more.values())
    return float(metric._value.get())


@pytest.mark.parametrize("k", range(1, 21))
async def test_a_stream_that_is_cut_at_every_kth_event_and_a_process_that_is_killed_at_random_lose_nothing(
    k: int,
) -> None:
    topics, dice, ended = Topics(), random.Random(k), False
    while not ended:
        line = Line(topics, dice, failing=0.2, dies_after=dice.randrange(1, 40))
        ended = await killed(Numbered(60, cut=k, rewind=dice.randrange(5), a_step=dice.randrange(1, 4)), line)
    assert set(topics.ids()) == WANTED
    assert topics.ahead == []
    await collected(Numbered(60), line=Line(topics))  # the last state may not have been written either
    assert topics.states["numbered"].cursor == {"at": "60"}


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    failing=st.floats(0, 0.7),
    cut=st.integers(1, 30),
    a_step=st.integers(1, 9),
    dies_after=st.integers(1, 80),
)
def test_a_cursor_is_never_ahead_of_what_the_broker_acknowledged(
    seed: int, failing: float, cut: int, a_step: int, dies_after: int
) -> None:
    topics = Topics()
    line = Line(topics, random.Random(seed), failing, dies_after)
    asyncio.run(killed(Numbered(60, cut=cut, rewind=2, a_step=a_step), line))
    assert topics.ahead == []
    positions = [int(state.cursor["at"]) for state in topics.written if state.cursor]
    sequences = [state.sequence for state in topics.written]
    assert sequences == sorted(sequences)
    assert all(at <= 60 for at in positions)


async def test_without_cuts_every_event_arrives_once_and_in_order() -> None:
    topics = await collected(Numbered(500, a_step=7))
    assert topics.ids() == [f"n-{number}" for number in range(500)]
    assert status(topics, "numbered") == "ended"


async def test_a_source_is_opened_again_with_the_cursor_of_its_last_step_though_that_is_not_delivered_yet() -> None:
    source = Scripted([Step(events_of(1), {"at": "1"}), SourceAway("lost"), Step(events_of(2), None)])
    topics = await collected(source, line=Line(Topics(), slow_s=0.05))
    assert source.cursors == [None, {"at": "1"}]
    assert topics.states["scripted"].cursor == {"at": "1"}
    assert topics.states["scripted"].reconnects == 1


async def test_each_event_goes_its_way_and_is_counted() -> None:
    erased = Erasure(platform="push", erased_at=NOW, native_id="n-1")
    refused = Rejected(raw=b"{torn", reason="not_json", detail="torn")
    rejects = {"stage": "collecting", "reason": "not_json"}
    before = REGISTRY.get_sample_value("fanal_rejects_total", rejects) or 0
    topics = await collected(Scripted([Step([post(1), erased, refused])], name="sorts"))
    assert REGISTRY.get_sample_value("fanal_rejects_total", rejects) == before + 1
    assert [one.sort for _, one in topics.events] == ["post", "erasure", "rejected"]
    state = topics.states["sorts"]
    assert (state.events, state.posts, state.erasures, state.rejected) == (3, 1, 1, 1)
    names = ("SOURCE_EVENTS", "SOURCE_POSTS", "SOURCE_ERASURES", "SOURCE_REJECTED")
    assert [counted(name, "sorts") for name in names] == [3, 1, 1, 1]


async def test_counts_and_the_cursor_go_on_where_another_process_ended() -> None:
    line = Line(Topics())
    await collected(Scripted([Step(events_of(1), {"at": "2"})]), line=line)
    later = Scripted([Step(events_of(2), {"at": "3"})])
    await collected(later, line=line)
    assert later.cursors == [{"at": "2"}]
    assert (line.topics.states["scripted"].posts, line.topics.states["scripted"].sequence) == (2, 2)


async def test_what_a_step_says_of_its_source_is_told() -> None:
    topics = await collected(Scripted([Step([], None, behind_s=2.5, gaps=2, budget_left=40)], name="told"))
    state = topics.states["told"]
    assert (state.behind_s, state.gaps, state.budget_left) == (2.5, 2, 40)
    assert counted("SOURCE_GAPS", "told") == 2
    assert counted("SOURCE_BEHIND", "told") == 2.5
    assert counted("SOURCE_BUDGET", "told") == 40


async def test_a_source_that_refuses_stops_and_says_why_once_while_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    refusing = Scripted([SourceRefused("the token is not valid: make a new one")], name="refusing")
    with caplog.at_level(logging.ERROR, "fanal"):
        topics = await collected(refusing, Numbered(50))
    assert (status(topics, "refusing"), status(topics, "numbered")) == ("refused", "ended")
    assert topics.states["refusing"].why == "the token is not valid: make a new one"
    assert len(topics.ids()) == 50
    assert len(refusing.cursors) == 1
    assert [record.getMessage() for record in caplog.records] == ["a source refuses: a person must act"]
    assert counted("SOURCE_STATE", "refusing", state="refused") == 1
    assert counted("SOURCE_STATE", "refusing", state="reading") == 0


async def test_a_collector_whose_every_source_refuses_fails() -> None:
    with pytest.raises(ConfigurationError, match="every source refuses; one: no"):
        await collected(Scripted([SourceRefused("no")], name="one"), Scripted([SourceRefused("nor I")], name="two"))


async def test_a_connector_that_fails_in_a_way_that_nobody_foresaw_is_opened_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    source = Scripted([ZeroDivisionError("a handle_example"), Step(events_of(1))], name="failing")
    topics = await collected(source)
    assert topics.ids() == ["n-1"]
    assert counted("SOURCE_FAILURES", "failing", cause="unforeseen") == 1
    assert "a connector failed" in caplog.messages


async def test_a_source_may_ask_to_be_left_alone_for_a_while() -> None:
    source = Scripted([SourceAway("too many requests", retry_after_s=0.3), Step(events_of(1))])
    began = asyncio.get_running_loop().time()
    await collected(source)
    assert asyncio.get_running_loop().time() - began >= 0.3


async def test_live_sources_are_read_only_after_what_must_hold_before_was_asked() -> None:
    asked: list[Sequence[str]] = []

    async def check(names: Sequence[str]) -> None:
        asked.append(names)
        raise ConfigurationError("nobody has said who runs this")

    live, line = Numbered(5, name="live", live=True), Line(Topics())
    with pytest.raises(ConfigurationError, match="nobody has said"):
        await Collector([live, Numbered(5)], Means(lambda: line, line, QUICK, HASTE), [check]).run()
    assert asked == [["live"]]
    assert live.opened == []
    await Collector([Numbered(5)], Means(lambda: line, line, QUICK, HASTE), [check]).run()
    assert asked == [["live"]]


async def test_a_collector_that_is_told_to_stop_delivers_what_it_has_read_and_writes_the_cursor() -> None:
    source, line = Numbered(100_000, pause_s=0.001), Line(Topics(), slow_s=0.02)
    collector = a_collector(source, line=line)
    running = asyncio.create_task(collector.run())
    await asyncio.sleep(0.3)
    collector.stop()
    await running
    state = line.topics.states["numbered"]
    assert state.status == "stopped"
    assert 0 < source.given < 100_000
    assert len(line.topics.ids()) >= source.given - 1
    assert state.cursor == {"at": str(len(line.topics.ids()))}


async def test_a_source_that_is_quiet_is_read_once() -> None:
    how = Manner(once=True, quiet_s=0.1, patience=SOON, linger_s=0.001)
    away = Scripted([Step(events_of(7)), SourceAway("lost"), Step(events_of(8))], name="away")
    ahead = Scripted([Step(events_of(9), behind_s=1.0), Step(events_of(10))], name="ahead")
    topics = await collected(Hanging(), away, ahead, how=how)
    assert {name: state.status for name, state in topics.states.items()} == {
        "hanging": "ended",
        "away": "away",
        "ahead": "ended",
    }
    assert sorted(topics.ids()) == ["n-7", "n-9"]


async def lag_of_a_steady_source(*others: Connector) -> float:
    """The longest time from a post's coming to its acknowledgement, at 100 a second for a second, beside others."""
    steady, line, theirs = Numbered(100, name="steady", pause_s=0.01), Line(Topics()), Line(Topics(), slow_s=0.02)
    outlets = iter([line, *[theirs for _ in others]])
    collector = Collector([steady, *others], Means(lambda: next(outlets), Line(Topics()), QUICK, HASTE))
    running = asyncio.create_task(collector.run())
    while len(line.acknowledged_at) < 100:
        await asyncio.sleep(0.01)
        assert not running.done() or len(line.acknowledged_at) == 100
    collector.stop()
    await running
    return max(line.acknowledged_at[one] - sent for one, sent in steady.sent_at.items())


@pytest.mark.parametrize(
    "other", [Hanging(), Flooding(), Flooding(garbage=True)], ids=["hangs", "floods", "sends garbage"]
)
async def test_a_source_that_misbehaves_leaves_the_lag_of_another_as_it_was(other: Connector) -> None:
    alone, beside = await lag_of_a_steady_source(), await lag_of_a_steady_source(other)
    assert beside < alone + 1.0  # without a wait of its own it grows for as long as the other misbehaves


async def test_a_source_that_floods_is_read_no_further_than_there_is_room() -> None:
    flood, line = Flooding(), Line(Topics(), slow_s=30)
    how = Manner(patience=SOON, linger_s=0.001, room=1 << 20, at_once=1 << 18)
    collector = a_collector(flood, line=line, how=how)
    running = asyncio.create_task(collector.run())
    await asyncio.sleep(0.5)
    given = flood.given
    await asyncio.sleep(0.2)
    assert flood.given == given
    assert given * 2000 < 2 << 20
    collector.stop()
    await running
