"""The agents on the real Kafka and the real Elasticsearch: what becomes of posts while nothing breaks."""

import pytest

from pipeline.codec import decode_hit, decode_screened, encode, pack
from pipeline.posts import Hit
from tests.connected.pipelines import Pipeline, post, posts, until

pytestmark = pytest.mark.connected


def document_of(pipeline: Pipeline, text: str) -> dict[str, object]:
    """The one document with this text."""
    [found] = [document for document in pipeline.documents().values() if document["text"] == text]
    return found


async def hits_of(pipeline: Pipeline, *texts: str) -> list[tuple[int, bytes, Hit]]:
    """The records on `hits` with these texts: partition, value, hit."""
    records = [one for one in await pipeline.records(pipeline.topics.hits) if b'"document"' in one.value]
    read = [(record, decode_hit(record.value)) for record in records]
    return [(record.partition, record.value, hit) for record, hit in read if hit.document.text in texts]


async def test_posts_come_out_as_hits_that_a_search_finds_and_the_account_balances(running: Pipeline) -> None:
    before = await running.ends()
    await running.send(*posts(range(1000, 1200)))
    found = await running.balanced(before)
    assert (found.came_in, found.benign, found.hits, found.indexed) == (200, 100, 100, 100)
    texts = {document["text"] for document in running.documents().values()}
    assert post(1000).text in texts
    assert post(1001, hit=False).text not in texts


async def test_every_record_of_posts_is_named_once_on_the_same_partition_of_screened(running: Pipeline) -> None:
    before = await running.ends()
    await running.send(*posts(range(2000, 2100)), lines=3)
    await running.balanced(before)
    said = [decode_screened(record.value) for record in await running.records(running.topics.screened)]
    places = [(one.partition, one.start + n) for one in said for n, _ in enumerate(one.fates)]
    assert len(places) == len(set(places))
    assert set(places) == {(one.partition, one.offset) for one in await running.records(running.topics.posts)}


async def test_a_bad_line_is_rejected_with_its_bytes_whole_and_its_neighbours_go_on(running: Pipeline) -> None:
    before = await running.ends()
    bad = b'{"platform": "push", "native_id": \xff\x00 torn'
    value = pack([encode(post(3001)), bad, encode(post(3002))])
    offset = await running.send_record(running.topics.posts, value, 1)
    found = await running.balanced(before)
    assert (found.came_in, found.hits, found.rejected) == (3, 2, 1)
    origin = f"{running.topics.posts}/1/{offset}/1".encode()
    letters = await running.records(running.topics.rejected)
    [letter] = [one for one in letters if one.headers["origin"] == origin]
    assert letter.value == bad
    assert (letter.headers["reason"], letter.headers["stage"]) == (b"not_json", b"screening")


async def test_a_line_as_large_as_a_record_may_be_is_rejected_whole_and_blocks_nothing(running: Pipeline) -> None:
    before = await running.ends()
    most = (20 << 20) - 200
    await running.send_record(running.topics.posts, b"x" * most, 2)
    await running.send(post(3100))
    found = await running.balanced(before)
    assert (found.rejected, found.hits) == (1, 1)
    assert most in {len(record.value) for record in await running.records(running.topics.rejected)}


async def test_a_record_without_a_value_is_a_rejected_line(running: Pipeline) -> None:
    before = await running.ends()
    await running.send_record(running.topics.posts, None, key=b"a tombstone")
    assert (await running.balanced(before)).rejected == 1


async def test_a_post_that_comes_again_is_a_duplicate_in_another_record_and_in_the_same(running: Pipeline) -> None:
    before = await running.ends()
    await running.send(post(4000))
    await running.send(post(4000), post(4000))
    found = await running.balanced(before)
    assert (found.came_in, found.hits, found.duplicates) == (3, 1, 2)
    assert document_of(running, post(4000).text)


async def test_an_edit_replaces_the_document_of_the_earlier_version(running: Pipeline) -> None:
    before = await running.ends()
    await running.send(post(5000))
    await running.send(post(5000, version="2", text=post(5001).text))
    found = await running.balanced(before)
    assert (found.hits, found.indexed) == (2, 2)
    assert document_of(running, post(5001).text)["version"] == "2"
    assert post(5000).text not in {document["text"] for document in running.documents().values()}


async def test_an_earlier_version_that_is_delivered_late_replaces_nothing(running: Pipeline) -> None:
    before = await running.ends()
    await running.send(post(5100))
    await running.send(post(5100, version="2", text=post(5101).text))
    await running.balanced(before)
    [(partition, late, first)] = await hits_of(running, post(5100).text)
    await running.send_record(running.topics.hits, late, partition)
    await running.send(post(5102))
    await running.balanced(before)
    assert running.documents()[first.id]["text"] == post(5101).text


async def test_edits_that_the_broker_stamps_with_one_time_balance_and_the_last_one_stands(running: Pipeline) -> None:
    before = await running.ends()
    edits = [post(5200, version=str(number), text=post(5201 + number).text) for number in range(40)]
    await running.send(*edits, lines=1)
    found = await running.balanced(before)
    assert (found.hits, found.indexed) == (40, 40)
    assert document_of(running, edits[-1].text)["version"] == "39"


@pytest.mark.parametrize("value", [b"no hit", b'{"id": "\xff"}', b"[" * 100_000, b"{}"])
async def test_a_record_of_hits_that_is_no_hit_goes_to_the_rejected_and_blocks_nothing(
    running: Pipeline, value: bytes
) -> None:
    before = await running.ends()
    offset = await running.send_record(running.topics.hits, value, 0)
    await running.send(post(6000 + offset))
    await running.balanced(before)
    origin = f"{running.topics.hits}/0/{offset}/0".encode()
    letters = await running.records(running.topics.rejected)
    [letter] = [one for one in letters if one.headers["origin"] == origin]
    assert (letter.value, letter.headers["reason"], letter.headers["stage"]) == (value, b"not_a_hit", b"indexing")


async def test_a_hit_that_the_mapping_refuses_stands_among_the_rejected_and_the_account_balances(
    running: Pipeline,
) -> None:
    before = await running.ends()
    await running.send(post(7000))
    await running.balanced(before)
    [(partition, value, hit)] = await hits_of(running, post(7000).text)
    strange = value.replace(b'"scores":{', b'"scores":{"a kind from another version":0.5,').replace(
        hit.id.encode(), b"refused-one"
    )
    await running.send_record(running.topics.hits, strange, partition)

    async def refused() -> list[bytes]:
        letters = await running.records(running.topics.rejected)
        return [one.value for one in letters if one.headers["reason"] == b"mapping_refused"]

    await running.send(post(7001))
    await running.balanced(before)
    assert await refused() == [strange]
    assert "refused-one" not in running.documents()


async def test_where_and_when_a_hit_was_found_can_be_followed_back(running: Pipeline) -> None:
    before = await running.ends()
    await running.send(post(8000))
    await running.balanced(before)
    [(_, _, hit)] = await hits_of(running, post(8000).text)
    partition, offset, line = map(int, hit.document.position.split("/"))
    [record] = [
        one for one in await running.records(running.topics.posts) if (one.partition, one.offset) == (partition, offset)
    ]
    assert record.value.split(b"\n")[line] == encode(post(8000))
    assert int(hit.document.received_at.timestamp() * 1000) == record.timestamp_ms


async def test_the_worker_says_on_its_port_that_it_lives_and_is_ready(running: Pipeline) -> None:
    for worker in running.workers:
        assert await worker.ask("/healthz") == (200, "ok\n")
        assert await worker.ask("/readyz") == (200, "ok\n")
        assert (await worker.ask("/metrics"))[0] == 200
        assert (await worker.ask("/elsewhere"))[0] == 404
        await until(lambda worker=worker: worker.process.poll() is None)  # type: ignore[misc]
