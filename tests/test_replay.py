"""Replay: posts of a file on their way, a bad line with its number among them."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka.errors import KafkaTimeoutError

from pipeline.broker.producer import PostProducer
from pipeline.broker.topics import partition_of, post_key
from pipeline.codec import MAX_LINES, decode_post, encode, lines
from pipeline.errors import BrokerUnavailable
from pipeline.posts import Post
from pipeline.sources.lines import SourceLine
from pipeline.sources.replay import Manner, Shift, replay, shift_to_end_now
from tests.fakes import NOW, KafkaProducer, post

AS_IS = Manner()


def numbered(*raws: bytes) -> list[SourceLine]:
    return [SourceLine(number, raw) for number, raw in enumerate(raws, 1)]


def into(kafka: KafkaProducer, pack: int = 64, counted: list[int] | None = None) -> PostProducer:
    return PostProducer(kafka, "posts", 3, pack, (counted if counted is not None else []).append)


def sent(kafka: KafkaProducer) -> list[Post]:
    return [found for raw in kafka.lines() if isinstance(found := decode_post(raw), Post)]


async def test_all_posts_are_sent_and_acknowledged() -> None:
    kafka, counted = KafkaProducer(), list[int]()
    done = await replay(numbered(*[encode(post(n)) for n in range(100)]), into(kafka, counted=counted), "x", AS_IS)
    assert (done.lines, done.posts, done.no_posts, sum(counted)) == (100, 100, 0, 100)
    assert {found.native_id for found in sent(kafka)} == {f"n-{n}" for n in range(100)}


async def test_posts_are_packed_by_partition_in_their_order() -> None:
    kafka = KafkaProducer()
    await replay(numbered(*[encode(post(n)) for n in range(100)]), into(kafka, 8), "x", AS_IS)
    for partition in range(3):
        mine = [n for n in range(100) if partition_of(post_key("push", f"n-{n}"), 3) == partition]
        packs = [record.value for record in kafka.sent if record.partition == partition]
        found = [decode_post(raw) for pack in packs for raw in lines(pack)]
        assert [one.native_id for one in found if isinstance(one, Post)] == [f"n-{n}" for n in mine]
        assert max(len(lines(pack)) for pack in packs) <= 8


async def test_a_pack_of_one_is_a_record_a_post() -> None:
    kafka = KafkaProducer()
    await replay(numbered(encode(post(1)), encode(post(1))), into(kafka, 1), "x", AS_IS)
    assert len(kafka.sent) == 2


async def test_a_pack_is_no_larger_than_a_record_may_be() -> None:
    kafka = KafkaProducer()
    large = [encode(post(n, "x" * 15_000)) for n in range(100)]
    await replay(numbered(*large), into(kafka, MAX_LINES), "x", AS_IS)
    assert max(len(record.value) for record in kafka.sent) < 300_000
    assert len(sent(kafka)) == 100


async def test_a_bad_line_is_sent_whole_with_its_number_and_its_neighbours_go_on() -> None:
    kafka = KafkaProducer()
    done = await replay(
        numbered(encode(post(1)), b"\xff\x00no post", encode(post(2))), into(kafka), "posts.ndjson", AS_IS
    )
    assert (done.posts, done.no_posts) == (2, 1)
    [record] = [record for record in kafka.sent if record.headers]
    assert (record.value, record.headers) == (b"\xff\x00no post", {"whence": b"line 2 of posts.ndjson"})
    assert len(sent(kafka)) == 2
    assert done.examples == ["line 2: not_json: JSON is malformed: invalid character (byte 0)"]


async def test_a_line_that_was_cut_says_so() -> None:
    kafka = KafkaProducer()
    await replay([SourceLine(7, b"x" * 100, cut=True)], into(kafka), "big.ndjson", AS_IS)
    assert kafka.sent[0].headers["whence"].startswith(b"line 7 of big.ndjson, cut")


async def test_a_replayed_post_says_so_unless_it_says_otherwise() -> None:
    kafka = KafkaProducer()
    await replay(
        numbered(encode(post(1)), encode(post(2, transport="backfill", source_id="s"))), into(kafka, 1), "x", AS_IS
    )
    found = {one.native_id: (one.transport, one.source_id) for one in sent(kafka)}
    assert found == {"n-1": ("replay", "replay"), "n-2": ("backfill", "s")}


async def test_only_some_bad_lines_are_kept_as_examples() -> None:
    done = await replay(numbered(*[b"bad"] * 50), into(KafkaProducer()), "x", AS_IS)
    assert (done.no_posts, len(done.examples)) == (50, 5)


async def test_a_broker_that_does_not_acknowledge_is_said() -> None:
    with pytest.raises(BrokerUnavailable, match="did not acknowledge"):
        await replay(numbered(encode(post(1))), into(KafkaProducer(KafkaTimeoutError())), "x", AS_IS)


async def test_a_failed_delivery_surfaces_before_the_next_pack() -> None:
    producer = into(KafkaProducer(KafkaTimeoutError()), 1)
    await producer.add(post(1))
    await asyncio.sleep(0.01)
    with pytest.raises(BrokerUnavailable):
        await producer.add(post(2))


async def test_at_a_slow_pace_a_post_does_not_wait_for_the_next_one() -> None:
    kafka = KafkaProducer()
    there: list[int] = []

    lines = numbered(*[encode(post(n)) for n in range(3)])
    await replay(lines, into(kafka), "x", Manner(rate=15), lambda _: there.append(len(kafka.sent)))
    assert there == [0, 1, 2]


async def test_progress_is_told_line_by_line() -> None:
    told: list[int] = []
    await replay(numbered(encode(post(1)), b"bad", encode(post(2))), into(KafkaProducer()), "x", AS_IS, told.append)
    assert told == [1, 2, 3]


def dated(number: int, at: datetime) -> bytes:
    return encode(Post(platform="push", native_id=str(number), text="x", created_at=at))


MONTHS_AGO = datetime(2025, 3, 1, 12, tzinfo=UTC)


async def test_a_shift_ends_now_and_keeps_the_spacing_and_the_date_that_files() -> None:
    times = [MONTHS_AGO, MONTHS_AGO + timedelta(hours=5, milliseconds=250), MONTHS_AGO + timedelta(hours=2)]
    source = numbered(*[dated(n, at) for n, at in enumerate(times)], b"bad")
    shift = shift_to_end_now(source)
    kafka = KafkaProducer()
    await replay(source, into(kafka, 1), "x", Manner(shift=shift))
    moved = {int(found.native_id): found for found in sent(kafka)}
    assert [moved[n].created_at - moved[0].created_at for n in range(3)] == [at - times[0] for at in times]
    assert abs(moved[1].created_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert [moved[n].dated_at for n in range(3)] == times


def test_a_shift_makes_a_new_version_and_another_shift_another() -> None:
    one, two = Shift(timedelta(days=1))(post(1)), Shift(timedelta(days=2))(post(1))
    assert len({post(1).version, one.version, two.version}) == 3
    assert Shift(timedelta(days=1))(post(1)) == one


def test_a_shift_keeps_a_date_that_a_post_has() -> None:
    assert Shift(timedelta(days=1))(post(1, dated_at=MONTHS_AGO)).dated_at == MONTHS_AGO
    assert Shift(timedelta(days=1))(post(1)).dated_at == NOW


def test_a_file_without_posts_is_not_shifted() -> None:
    assert shift_to_end_now(numbered(b"bad")).by == timedelta(0)
