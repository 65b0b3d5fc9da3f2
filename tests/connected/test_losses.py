"""What is lost shows in the account; what dies, joins or leaves loses nothing."""

import asyncio
import signal
import urllib.request

import pytest

from pipeline.account import Account
from pipeline.codec import decode_hit, decode_screened
from tests.connected.pipelines import Pipeline, post, posts, until

pytestmark = pytest.mark.connected


def losing(topic: str) -> str:
    """The fault of a worker that never delivers its first record for a topic."""
    return f"lose:{topic}"


async def send_two(pipeline: Pipeline, fault: str) -> None:
    """Send a hit, then its edit, each screened in a batch of its own by a worker with a fault."""
    worker = pipeline.start("screening", fault)
    await pipeline.send(post(1))
    await worker.counted(1)
    await pipeline.send(post(1, version="2", text=post(2).text))
    await worker.counted(2)


async def test_a_lost_record_of_screened_makes_the_account_unbalanced(pipeline: Pipeline) -> None:
    pipeline.start("indexing")
    await send_two(pipeline, losing("screened"))
    found = await pipeline.account(lambda found: found.indexed == 1)
    assert (found.came_in, found.hits, found.unaccounted, found.balanced) == (2, 1, 1, False)
    assert found.faults()[0].startswith("1 lines came in of which nothing is said")


async def test_a_hit_that_is_lost_before_the_index_makes_the_account_unbalanced(pipeline: Pipeline) -> None:
    pipeline.start("indexing")
    worker = pipeline.start("screening", losing("hits"))
    for number in (1, 2):
        await pipeline.send(post(number))
        await worker.counted(number)
    found = await pipeline.account(lambda found: found.indexed == 1)
    assert (found.hits, len(found.not_indexed), found.balanced) == (2, 1, False)
    assert found.faults()[0].startswith("1 hits are in no index and not among the rejected")


async def test_a_document_that_is_gone_from_the_index_makes_the_account_unbalanced(pipeline: Pipeline) -> None:
    pipeline.start("indexing")
    pipeline.start("screening")
    await pipeline.send(post(1), post(2))
    await pipeline.balanced()
    [lost, _] = pipeline.documents()
    where = f"{pipeline.settings.elasticsearch.url}/{pipeline.settings.elasticsearch.prefix}-hits-2026.11/_doc/{lost}"
    await asyncio.to_thread(urllib.request.urlopen, urllib.request.Request(where, method="DELETE"))  # noqa: S310 - our own server
    found = await pipeline.account(lambda found: found.indexed == 1)
    assert (found.not_indexed, found.balanced) == ([lost], False)


async def test_a_lost_dead_letter_makes_the_account_unbalanced(pipeline: Pipeline) -> None:
    pipeline.start("indexing")
    worker = pipeline.start("screening", losing("posts.rejected"))
    first = await pipeline.send_record(pipeline.topics.posts, b"no post")
    await worker.counted(1)
    await pipeline.send_record(pipeline.topics.posts, b"no post either")
    await worker.counted(2)
    found = await pipeline.account(lambda found: found.rejected == 2)
    assert (found.no_dead_letter, found.balanced) == ([f"{pipeline.topics.posts}/0/{first}/0"], False)
    assert found.faults()[0].startswith("1 rejected lines have no record on posts.rejected")


@pytest.mark.parametrize(
    ("role", "fault", "repeats"),
    [("screening", "die:hits", "hits"), ("screening", "die:screened", ""), ("indexing", "die:index", "")],
)
async def test_a_worker_killed_between_delivery_and_acknowledge_loses_nothing_and_counts_nothing_twice(
    pipeline: Pipeline, role: str, fault: str, repeats: str
) -> None:
    pipeline.start("indexing" if role == "screening" else "screening")
    doomed = pipeline.start(role, fault)
    await pipeline.send(*posts(range(60)))
    await pipeline.send_record(pipeline.topics.posts, b"no post")
    assert await doomed.ended() == -signal.SIGKILL
    again = pipeline.start(role)
    found = await pipeline.balanced()
    assert (found.came_in, found.hits, found.benign, found.rejected, found.duplicates) == (61, 30, 30, 1, 0)
    hits = [decode_hit(record.value) for record in await pipeline.records(pipeline.topics.hits)]
    assert (len(hits) > len({hit.id for hit in hits})) is bool(repeats)
    assert set(pipeline.documents()) == {hit.id for hit in hits}
    if fault == "die:screened":
        await until(lambda: "came again that were screened already" in again.log.read_text(encoding="utf-8"))


async def test_a_worker_that_joins_and_leaves_loses_nothing(pipeline: Pipeline) -> None:
    pipeline.start("indexing")
    await pipeline.start("screening").ready()
    sending = asyncio.create_task(send_slowly(pipeline, 600))
    guest = pipeline.start("screening")
    await guest.ready()
    await asyncio.sleep(2)
    assert await asyncio.to_thread(guest.stop) == 0
    await sending
    found = await pipeline.account(all_in)
    assert (found.came_in, found.hits, found.benign, found.duplicates) == (600, 300, 300, 0)
    said = [decode_screened(record.value) for record in await pipeline.records(pipeline.topics.screened)]
    assert sum(len(fate.outcomes) for one in said for fate in one.fates) >= 600


def all_in(found: Account) -> bool:
    """Whether all 600 are accounted for."""
    return found.balanced and found.came_in == 600


async def send_slowly(pipeline: Pipeline, number: int) -> None:
    """Send so many posts over some ten seconds."""
    for start in range(0, number, 20):
        await pipeline.send(*posts(range(start, start + 20)), lines=4)
        await asyncio.sleep(0.3)


async def test_what_came_while_no_worker_ran_is_screened_once_one_does(pipeline: Pipeline) -> None:
    await pipeline.send(*posts(range(50)))
    waiting = await pipeline.account(lambda found: found.came_in == 50)
    assert (waiting.unaccounted, waiting.balanced) == (50, False)
    pipeline.start("screening")
    pipeline.start("indexing")
    assert (await pipeline.balanced()).hits == 25
