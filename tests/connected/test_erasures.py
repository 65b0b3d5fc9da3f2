"""Deletions, to the end: whatever comes first, comes again or dies, what was deleted is in no index and all else is."""

import asyncio
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pipeline.broker.erasures import send_erasures
from pipeline.broker.following import Follower
from pipeline.broker.groups import require_erasing
from pipeline.codec import decode_hit, encode
from pipeline.commands import parts
from pipeline.errors import ConfigurationError
from pipeline.posts import Erasure, Post, Terms
from tests.conftest import NewSettings
from tests.connected.pipelines import ROOT, Pipeline, environment, opened, post, until_

pytestmark = pytest.mark.connected

ROLES = ("screening", "indexing", "erasing")


def erasure(of: Post, **changes: Any) -> Erasure:
    """The deletion of a post."""
    named: dict[str, Any] = {"native_id": of.native_id} | changes
    return Erasure(platform=of.platform, erased_at=datetime.now(UTC), **named)


async def erase(pipeline: Pipeline, *erasures: Erasure) -> None:
    """Send deletions as a connector does."""
    await send_erasures(parts.connection(pipeline.settings), pipeline.topics, erasures)


def id_of(pipeline: Pipeline, of: Post) -> str:
    """The document that a post would be."""
    return parts.named(pipeline.settings).document_id(of.platform, of.native_id)


def as_edit(value: bytes) -> bytes:
    """A hit as a later version: the index itself refuses an earlier one for a minute after its deletion, and would hide what is tried."""
    late = decode_hit(value)
    return encode(msgspec.structs.replace(late, index_version=late.index_version + (1 << 40)))


async def gone(pipeline: Pipeline, *posts: Post) -> None:
    """Wait until none of these stands in either index."""
    ids = {id_of(pipeline, one) for one in posts}

    async def none_left() -> bool:
        return not ids & (pipeline.documents().keys() | pipeline.documents("evidence").keys())

    await until_(none_left)


@pytest.fixture(scope="module")
async def whole(new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pipeline]:
    """A pipeline with a worker of each role. Each test sends posts of its own."""
    async with opened(new_settings(tmp_path_factory.mktemp("whole"))) as pipeline:
        for worker in [pipeline.start(role) for role in ROLES]:
            await worker.ready()
        yield pipeline


async def test_a_deletion_that_comes_before_its_post_wins(whole: Pipeline) -> None:
    before = await whole.ends()
    await erase(whole, erasure(post(1)))
    await whole.send(post(1), post(2))
    found = await whole.balanced(before)
    assert (found.came_in, found.erased, found.hits) == (2, 1, 1)
    assert id_of(whole, post(1)) not in whole.documents()
    assert id_of(whole, post(2)) in whole.documents()


async def test_a_deleted_hit_leaves_both_indices_and_neither_a_late_record_nor_a_replay_brings_it_back(
    pipeline: Pipeline,
) -> None:
    workers = [pipeline.start(role) for role in ROLES]
    await pipeline.send(post(1), post(2), post(3))
    assert (await pipeline.balanced()).hits == 3
    await erase(pipeline, erasure(post(1)))
    await gone(pipeline, post(1))
    found = await pipeline.balanced()
    assert (found.erased, found.hits, found.indexed) == (1, 2, 2)
    for record in await pipeline.records(pipeline.topics.hits):
        for value in (record.value, as_edit(record.value)):
            await pipeline.send_record(pipeline.topics.hits, value, record.partition)
    workers[0].kill()
    pipeline.start("screening")
    await pipeline.send(post(1, version="2"), post(4))
    found = await pipeline.balanced()
    assert (found.erased, found.hits, found.indexed) == (2, 3, 3)
    assert pipeline.documents().keys() == {id_of(pipeline, post(n)) for n in (2, 3, 4)}
    assert pipeline.documents("evidence").keys() == pipeline.documents().keys()


async def test_of_a_deleted_account_everything_goes_and_what_it_writes_afterwards_is_read(whole: Pipeline) -> None:
    since = await whole.ends()
    before = [post(number, author_id="of-one") for number in range(101, 104)]
    await whole.send(*before, post(104))
    assert (await whole.balanced(since)).hits == 4
    await erase(whole, erasure(post(101), native_id=None, author_id="of-one", cause="account_deleted"))
    await gone(whole, *before)
    afterwards = datetime.now(UTC) + timedelta(minutes=5)
    later = msgspec.structs.replace(post(106, author_id="of-one"), created_at=afterwards)
    await whole.send(post(105, author_id="of-one"), later)
    found = await whole.balanced(since)
    assert (found.came_in, found.erased, found.hits) == (6, 4, 2)
    standing = {number for number in range(101, 107) if id_of(whole, post(number)) in whole.documents()}
    assert standing == {104, 106}


async def test_what_may_be_kept_no_longer_goes_by_itself(pipeline: Pipeline) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    short, other = post(1, terms=Terms(retain_until=past)), post(2, terms=Terms(retain_until=past + timedelta(days=2)))
    pipeline.start("screening")
    pipeline.start("indexing")
    await pipeline.send(short, other)
    assert (await pipeline.balanced()).hits == 2
    pipeline.start("erasing")
    await gone(pipeline, short)
    assert (await pipeline.balanced()).erased == 1
    assert id_of(pipeline, other) in pipeline.documents()


async def test_a_post_whose_platform_nothing_can_ask_is_counted_and_said_once(pipeline: Pipeline) -> None:
    pipeline.start("screening")
    pipeline.start("indexing")
    due = Terms(recheck_by=datetime.now(UTC) - timedelta(hours=1))
    await pipeline.send(post(1, terms=due), post(2, terms=due), post(3))
    await pipeline.balanced()
    assert {one.get("platform") for one in pipeline.documents("evidence").values()} == {"push"}
    worker = pipeline.start("erasing")

    async def counted() -> bool:
        return "fanal_overdue_records 2.0" in (await worker.ask("/metrics"))[1]

    await until_(counted)
    assert worker.log.read_text(encoding="utf-8").count("nothing here can ask this platform") == 1


async def test_who_stands_is_due_again_as_far_apart_as_the_first_time(whole: Pipeline) -> None:
    before, now = await whole.ends(), datetime.now(UTC)
    await whole.send(post(301, terms=Terms(recheck_by=now + timedelta(hours=48))), post(302))
    await whole.balanced(before)
    assert {id_of(whole, post(number)) for number in (301, 302)} <= whole.documents("evidence").keys()
    store, late = parts.store(whole.settings), now + timedelta(hours=49)
    try:
        assert await store.due.to_recheck("push", now + timedelta(hours=47)) == []
        [one] = await store.due.to_recheck("push", late)
        assert one.id == id_of(whole, post(301))
        assert await store.due.to_recheck("rss", late) == []
        assert (await store.due.overdue([], late), await store.due.overdue(["push"], late)) == ({"push": 1}, {})
        await store.due.postpone([one], late)
        assert await store.due.to_recheck("push", late + timedelta(hours=47)) == []
        assert len(await store.due.to_recheck("push", late + timedelta(hours=49))) == 1
        await store.due.postpone([one], late, soon=True)  # it was written since: its own date stays
        assert await store.due.to_recheck("push", late + timedelta(hours=47)) == []
    finally:
        await store.close()
    assert (await whole.balanced(before)).indexed == 2


async def test_an_edit_of_a_post_that_was_asked_for_again_replaces_it(whole: Pipeline) -> None:
    since, due = await whole.ends(), Terms(recheck_by=datetime.now(UTC) - timedelta(hours=1))
    await whole.send(post(401, terms=due))
    await whole.balanced(since)
    before = whole.documents("evidence")[id_of(whole, post(401))]
    store = parts.store(whole.settings)
    try:
        await store.due.postpone(await store.due.to_recheck("push", datetime.now(UTC)), datetime.now(UTC))
    finally:
        await store.close()
    await whole.send(post(401, version="2", text=post(402).text))
    await whole.balanced(since)
    after = whole.documents("evidence")[id_of(whole, post(401))]
    assert ("recheck_by" in before, "recheck_by" in after) == (True, False)
    assert before["sealed"] != after["sealed"]


async def test_what_is_no_deletion_goes_to_the_rejected_and_its_neighbours_are_carried_out(whole: Pipeline) -> None:
    before = await whole.ends()
    await whole.send(post(201), post(202))
    await whole.balanced(before)
    bad = b'{"platform": "push"}'
    value = b"\n".join([encode(erasure(post(201))), bad, encode(erasure(post(202)))])
    offset = await whole.send_record(whole.topics.erasures, value, 1)
    await gone(whole, post(201), post(202))
    [letter] = await whole.records(whole.topics.rejected)
    assert (letter.value, letter.headers["reason"], letter.headers["stage"]) == (bad, b"not_an_erasure", b"erasing")
    assert letter.headers["origin"] == f"{whole.topics.erasures}/1/{offset}/1".encode()


async def test_a_live_source_may_start_only_where_deletions_are_carried_out(pipeline: Pipeline) -> None:
    connection = parts.connection(pipeline.settings)
    with pytest.raises(ConfigurationError, match="start `fanal work erasing`"):
        await asyncio.to_thread(require_erasing, connection, pipeline.topics)
    worker = pipeline.start("erasing")
    await asyncio.to_thread(require_erasing, connection, pipeline.topics, 30.0)
    assert await asyncio.to_thread(worker.stop) == 0
    with pytest.raises(ConfigurationError):
        await asyncio.to_thread(require_erasing, connection, pipeline.topics)


async def test_a_person_erases_by_an_id_that_nothing_prints(pipeline: Pipeline) -> None:
    for role in ROLES[:2]:
        pipeline.start(role)
    wanted, others = post(1, native_id="-secret-1"), [post(2, author_id="secret-2"), post(3)]
    await pipeline.send(wanted, *others)
    assert (await pipeline.balanced()).hits == 3
    said = await asyncio.to_thread(fanal, pipeline, "erase", "push", "-secret-1")
    assert "1 post will be erased" in said
    assert "start `fanal work erasing`" in said
    pipeline.start("erasing")
    await gone(pipeline, wanted)
    said += await asyncio.to_thread(fanal, pipeline, "erase", "push", "--author", stdin="secret-2\n")
    assert "1 account will be erased" in said
    await gone(pipeline, others[0])
    assert pipeline.documents().keys() == {id_of(pipeline, post(3))}
    assert "secret" not in said + pipeline.logs()


def fanal(pipeline: Pipeline, *words: str, stdin: str = "") -> str:
    """What the command says; it must end well."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *words],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(pipeline.settings),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


async def test_deleted_at_random_moments_while_workers_die_all_are_gone_and_no_other(pipeline: Pipeline) -> None:
    dice = random.Random(6)
    numbers = range(600)
    deleted = set(dice.sample(numbers, 60))
    workers = {role: pipeline.start(role) for role in ROLES}
    moments = sorted((dice.uniform(-40, 640), number) for number in deleted)
    for start in range(-40, 660, 20):
        due = [number for moment, number in moments if start <= moment < start + 20]
        sent = [post(number) for number in range(max(0, start), max(0, min(600, start + 20)))]
        await asyncio.gather(pipeline.send(*sent, lines=4), erase(pipeline, *(erasure(post(n)) for n in due)))
        if start % 160 == 0:
            role = ROLES[start // 160 % 3]
            workers[role].process.send_signal(signal.SIGKILL)
            workers[role] = pipeline.start(role)

    async def settled() -> bool:
        return pipeline.documents().keys() == expected

    expected = {id_of(pipeline, post(number)) for number in numbers if number not in deleted}
    found = await pipeline.account(lambda found: found.balanced and found.came_in == 600)
    await until_(settled)
    assert pipeline.documents("evidence").keys() == expected
    found = await pipeline.balanced()
    assert (found.erased, found.indexed) == (60, 540)


async def test_a_follower_begins_with_the_tail_and_knows_all_that_the_broker_had_when_it_was_asked(
    pipeline: Pipeline,
) -> None:
    taken: list[tuple[bytes, datetime]] = []
    topic = pipeline.topics.erasures
    for number in range(3):
        await pipeline.send_record(topic, b"%d" % number)
    follower = Follower(parts.connection(pipeline.settings), topic, lambda value, at: taken.append((value, at)), 2)
    try:
        await follower.catch_up()
        assert [value for value, _ in taken] == [b"1", b"2"]
        for number in range(3, 40):
            await pipeline.send_record(topic, b"%d" % number, number % 3)
            await follower.catch_up()
            assert taken[-1][0] == b"%d" % number
        assert len(taken) == 39
        assert abs(datetime.now(UTC) - taken[-1][1]) < timedelta(minutes=1)
    finally:
        await follower.close()
