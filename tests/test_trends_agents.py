"""The agents of the trends: sightings in one order, delivered before acknowledged; the state survives whoever takes over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from pipeline import metrics
from pipeline.broker.topics import Topics
from pipeline.codec import encode
from pipeline.posts import Hit, Screened
from pipeline.screen.live import is_live
from pipeline.screen.screening import screen
from pipeline.screen.verdicts import Incoming
from pipeline.sightings import SightingAgent, of_hit, of_screened, tick
from pipeline.spiking import OFFSET, SpikesAgent
from pipeline.trends.alerts import Alert, decode_alert
from pipeline.trends.saved import restore
from pipeline.trends.series import Series
from pipeline.trends.spikes import Sighting, Sightings, Spikes
from tests.fakes import (
    NOW,
    OFFER,
    Broker,
    Event,
    Message,
    Outbox,
    Stream,
    a_screen,
    events,
    packed,
    post,
)

TOPICS = Topics()
ONE = Series("smuggling", "sea", "none", "fr", "push")
MINUTE = int(NOW.timestamp() // 60)
_encoder = msgspec.json.Encoder()
_sightings = msgspec.json.Decoder(Sightings)


def hit(number: int = 1, text: str = f"an {OFFER}", **more: Any) -> Hit:
    one = post(number, text, author_id=f"author-{number}", **more)
    verdict = screen([Incoming(0, number, encode(one), NOW)], a_screen(), NOW)
    return verdict.hits[0]


def sent(outbox: Outbox) -> list[Sightings]:
    return [_sightings.decode(record.value) for record in outbox.of(TOPICS.sightings)]


def counting(outbox: Outbox) -> SightingAgent:
    return SightingAgent(partial(of_hit, minute_s=60.0), outbox, TOPICS)


def test_a_post_is_live_that_is_seen_as_it_appears() -> None:
    assert is_live("live", NOW, NOW + timedelta(minutes=5), NOW + timedelta(minutes=6))
    assert is_live(None, NOW, NOW, NOW)


@pytest.mark.parametrize("transport", ["replay", "backfill"])
def test_a_replayed_post_is_not_live(transport: str) -> None:
    assert not is_live(transport, NOW, NOW, NOW)


def test_a_post_that_came_late_or_waited_for_a_worker_is_not_live() -> None:
    assert not is_live("live", NOW - timedelta(hours=1), NOW, NOW)
    assert not is_live("live", NOW, NOW, NOW + timedelta(hours=1))


def test_screened_counts_the_live_posts_by_platform() -> None:
    lines = packed(post(1), post(2, f"an {OFFER}"), post(3, transport="replay"))
    [screened] = screen([Incoming(0, 0, lines + b"\nno post", NOW)], a_screen(), NOW).screened
    assert screened.live == {"push": 2}
    assert of_screened(encode(screened)) == Sightings(posts={"push": 2})


def test_a_sighting_has_the_pseudonym_and_nothing_of_the_text() -> None:
    one = hit(7, f"{OFFER}: call Anna at @anna_example")
    [sighting] = of_hit(encode(one), 60.0).hits
    assert (sighting.minute, sighting.hit, sighting.author) == (MINUTE, one.id, one.document.author)
    assert sighting.series == (
        Series("smuggling", "none", "none", "fr", "push"),
        Series("smuggling", "any", "any", "any", "push"),
    )
    said = _encoder.encode(sighting)
    assert b"nna" not in said
    assert b"author-7" not in said


def test_a_subtype_and_a_route_make_a_series_of_their_own_where_a_hit_has_them() -> None:
    raw = msgspec.json.decode(encode(hit()))
    raw["document"] |= {"subtypes": ["sea", "package"], "routes": ["LY>IT", "TN>IT"]}
    [sighting] = of_hit(msgspec.json.encode(raw), 60.0).hits
    assert sighting.series[0] == Series("smuggling", "sea", "LY-IT", "fr", "push")


def test_a_muted_hit_becomes_no_sighting() -> None:
    raw = msgspec.json.decode(encode(hit()))
    raw["document"] |= {"tags": ["campaign", "muted"]}
    assert of_hit(msgspec.json.encode(raw), 60.0) == Sightings()


def test_a_replayed_hit_becomes_no_sighting_and_is_counted() -> None:
    before = metrics.LATE_HITS._value.get()
    assert of_hit(encode(hit(transport="replay")), 60.0) == Sightings()
    assert metrics.LATE_HITS._value.get() == before + 1


async def test_sightings_of_a_batch_are_one_record_delivered_before_it_is_acknowledged() -> None:
    outbox = Outbox()
    stream = Stream(events(encode(hit(1)), b"\xffno hit", encode(hit(2))), diary=outbox.diary)
    await counting(outbox)(stream)
    assert outbox.diary == [TOPICS.sightings, "ack 0", "ack 1", "ack 2"]
    assert [len(record.hits) for record in sent(outbox)] == [2]


async def test_counts_of_posts_are_added_up() -> None:
    outbox = Outbox()
    records = [
        encode(Screened(partition=0, start=n, fates=[], seen=b"", model="m", live={"push": 3})) for n in range(4)
    ]
    await SightingAgent(of_screened, outbox, TOPICS)(Stream(events(*records)))
    assert sent(outbox) == [Sightings(posts={"push": 12})]


async def test_nothing_is_sent_where_there_is_nothing_to_say_but_for_the_clock() -> None:
    outbox = Outbox()
    await counting(outbox)(Stream(events(b"no hit")))
    assert sent(outbox) == []
    await tick(outbox, TOPICS)
    assert sent(outbox) == [Sightings()]


class Bursting(Spikes):
    """Pages for a series in every closed minute with ten voices or more: no week of learning is needed."""

    def take(self, record: Sightings, at_s: float) -> list[Alert]:
        alerts = super().take(record, at_s)
        return [_alert(self.minute)] if len(record.hits) >= 10 else alerts


def _alert(minute: int) -> Alert:
    return Alert(
        id=f"x|{minute}",
        **ONE._asdict(),
        opened_at=NOW,
        window_min=5,
        voices=10,
        authors=10,
        texts=10,
        expected=1.0,
        surprise=9.0,
        threshold=7.0,
    )


def sighted(minute: int, voices: int) -> bytes:
    """A record of so many voices and a hundred posts."""
    hits = tuple(Sighting(minute, (ONE,), f"a{n}", f"{n:08x}", f"hit-{minute}-{n}") for n in range(voices))
    return _encoder.encode(Sightings(hits=hits, posts={"push": 100}))


def at_minute(number: int, value: bytes, offset: int) -> Event:
    return Event(Message(0, offset, value, timestamp=number * 60.0 + 10))


def spiking(broker: Broker, outbox: Outbox, save_s: float = 1e9) -> SpikesAgent:
    @asynccontextmanager
    async def open_() -> AsyncIterator[Broker]:
        yield broker

    return SpikesAgent(partial(Bursting, most=8), outbox, TOPICS, open_, save_s)


def put(broker: Broker, *values: bytes) -> list[Event]:
    """Put sightings of consecutive minutes on the broker; their events."""
    found = []
    for each, value in enumerate(values):
        at = MINUTE + each
        offset = broker.put(TOPICS.sightings, 0, value, at=(at * 60 + 10) * 1000)
        found.append(at_minute(at, value, offset))
    return found


async def test_an_alert_is_delivered_before_its_sightings_are_acknowledged() -> None:
    outbox, broker = Outbox(), Broker(1)
    taken = put(broker, sighted(MINUTE, 3), sighted(MINUTE + 1, 12))
    await spiking(broker, outbox)(Stream(taken, diary=outbox.diary))
    assert outbox.diary == [TOPICS.alerts, "ack 0", "ack 1"]
    assert [decode_alert(record.value).voices for record in outbox.of(TOPICS.alerts)] == [10]


async def test_a_worker_that_takes_over_stands_where_the_one_before_stood() -> None:
    broker, outbox = Broker(1), Outbox()
    taken = put(broker, *(sighted(MINUTE + each, 3 + each) for each in range(6)))
    before = spiking(broker, outbox)
    await before(Stream(taken))
    after = spiking(broker, Outbox())
    await after(Stream(taken[5:]))
    assert counted(after) == counted(before)
    assert after._spikes.minute == before._spikes.minute == MINUTE + 5


def counted(agent: SpikesAgent) -> dict[int, list[int]]:
    return {row: heard.counts(agent._spikes.minute) for row, heard in agent._spikes.heard.items()}


async def test_the_state_is_written_with_the_offset_it_stands_for_and_read_by_the_next() -> None:
    broker, outbox = Broker(1), Outbox()
    taken = put(broker, *(sighted(MINUTE + each, 4) for each in range(4)))
    await spiking(broker, outbox, save_s=0.0)(Stream(taken[:3]))
    [saved] = outbox.of(TOPICS.trends)
    assert saved.headers[OFFSET] == b"3"
    restore(saved.value, Spikes(most=8))
    broker.put_all([saved])
    for _ in range(3):
        broker.drop(TOPICS.sightings, 0, 0)
    after = spiking(broker, Outbox())
    await after(Stream(taken[3:]))
    assert (after._next, after._spikes.minute) == (4, MINUTE + 3)
    assert [len(heard.pairs) for heard in after._spikes.heard.values()] == [4]
    assert counted(after)[1][0] == 4


async def test_a_sighting_that_the_state_holds_already_is_passed_over_and_acknowledged() -> None:
    broker, outbox = Broker(1), Outbox()
    taken = put(broker, *(sighted(MINUTE + each, 4) for each in range(3)))
    await spiking(broker, outbox, save_s=0.0)(Stream(taken))
    broker.put_all(outbox.of(TOPICS.trends))
    again, stream = spiking(broker, Outbox()), Stream(taken[1:])
    await again(stream)
    assert again._next == 3
    assert stream.acknowledged == [(0, 1), (0, 2)]


async def test_alerts_of_sightings_that_were_acknowledged_are_not_sent_again() -> None:
    broker, outbox = Broker(1), Outbox()
    taken = put(broker, sighted(MINUTE, 12), sighted(MINUTE + 1, 3))
    await spiking(broker, outbox)(Stream(taken[1:]))
    assert outbox.of(TOPICS.alerts) == []


async def test_a_state_that_cannot_be_read_is_passed_over_and_the_sightings_are_read_from_their_beginning() -> None:
    broker, outbox = Broker(1), Outbox()
    broker.put(TOPICS.trends, 0, b"broken", {OFFSET: b"1"})
    taken = put(broker, *(sighted(MINUTE + each, 4) for each in range(3)))
    agent = spiking(broker, outbox)
    await agent(Stream(taken[2:]))
    assert agent._next == 3
    assert counted(agent)[1] == [4, 4, 4]


async def test_a_sighting_that_cannot_be_read_stops_nothing() -> None:
    broker, outbox = Broker(1), Outbox()
    taken = put(broker, b"\xff", sighted(MINUTE + 1, 12))
    stream = Stream(taken)
    await spiking(broker, outbox)(stream)
    assert len(stream.acknowledged) == 2
    assert len(outbox.of(TOPICS.alerts)) == 1


async def test_the_gauges_show_the_most_unusual_series_by_closed_names() -> None:
    broker, outbox = Broker(1), Outbox()
    await spiking(broker, outbox)(Stream(put(broker, *(sighted(MINUTE + each, 4) for each in range(3)))))
    labels = {
        tuple(sample.labels.values()) for family in metrics.SERIES_SURPRISE.collect() for sample in family.samples
    }
    assert labels == {tuple(ONE), ("other", "any", "any", "any", "any")}
    assert metrics.OPEN_SPIKES.labels("smuggling")._value.get() == 0


async def test_while_the_broker_is_away_nothing_is_acknowledged() -> None:
    broker, outbox = Broker(1), Outbox()
    stream = Stream(put(broker, sighted(MINUTE, 3), sighted(MINUTE + 1, 12)))
    outbox.open.clear()
    task = asyncio.create_task(spiking(broker, outbox)(stream))
    await asyncio.sleep(0.3)
    assert stream.acknowledged == []
    outbox.open.set()
    await task
    assert stream.acknowledged == [(0, 0), (0, 1)]
