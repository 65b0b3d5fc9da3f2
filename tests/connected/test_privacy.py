"""No name, handle, telephone number or e-mail address of a post's author in the hits, the index, the logs or the metrics."""

import msgspec
import pytest

from pipeline.codec import decode_hit
from pipeline.index.client import open_client
from pipeline.local.stack import LocalStack
from pipeline.posts import Post
from pipeline.screen.evidence import Seal
from tests.connected.pipelines import Pipeline, is_hit, post

pytestmark = pytest.mark.connected

PLANTED = [
    "planted-author",
    "planted_handle",
    "planted name",
    "planted.mail",
    "7700900123",
    "7700 900123",
    "planted-room",
]


def planted() -> Post:
    """A hit that holds each of them, in its fields and in its text."""
    found = post(
        1,
        native_id="planted-room/1",
        author_id="planted-author",
        author_handle="planted_handle",
        author_hints={"display_name": "Planted Name"},
        container="planted-room",
        native_uri="https://planted-room.example/planted_handle/1",
    )
    contacts = (
        "planted.mail@mail.example, +44 7700 900123, @planted_handle, t.me/planted_handle, or ask for Planted Name"
    )
    texts = (f"Boat tonight, {attempt} places: {contacts}" for attempt in range(100))
    return next(msgspec.structs.replace(found, text=text) for text in texts if is_hit(text))


def betrayed(said: bytes) -> list[str]:
    """What of it can be read there."""
    return [name for name in PLANTED if name.encode() in said.lower()]


async def test_what_was_planted_in_a_post_is_nowhere_but_in_posts_and_in_the_sealed_evidence(
    pipeline: Pipeline, stack: LocalStack
) -> None:
    workers = [pipeline.start("screening"), pipeline.start("indexing")]
    of = planted()
    await pipeline.send(of)
    await pipeline.send_record(
        pipeline.topics.posts, b'{"planted name": "planted_handle", "native_id": "planted-author"}'
    )
    found = await pipeline.balanced()
    assert (found.hits, found.rejected) == (1, 1)
    [record] = await pipeline.records(pipeline.topics.hits)
    assert betrayed(record.value) == []
    assert betrayed(b"".join(one.value for one in await pipeline.records(pipeline.topics.screened))) == []
    for letter in await pipeline.records(pipeline.topics.rejected):
        assert betrayed(b"".join(letter.headers.values())) == []
    assert betrayed(repr([pipeline.documents(), pipeline.documents("evidence")]).encode()) == []
    assert betrayed(pipeline.logs().encode()) == []
    for worker in workers:
        assert betrayed((await worker.ask("/metrics"))[1].encode()) == []
    sealed = decode_hit(record.value).evidence
    key = pipeline.settings.privacy.evidence_key
    assert key is not None
    assert msgspec.json.decode(Seal(key.get_secret_value().encode(), "k1").open_sealed(sealed), type=Post) == of
    on_disk(pipeline, stack)


def on_disk(pipeline: Pipeline, stack: LocalStack) -> None:
    """The same of the files that both servers wrote: what stands there uncompressed, their logs included."""
    topics = pipeline.topics
    segments = [
        file
        for topic in (topics.hits, topics.screened, topics.erasures)
        for file in stack.data.glob(f"kafka/storage/{topic}-*/*.log")
    ]
    assert len(segments) == 3 * pipeline.settings.kafka.partitions
    others = [*stack.data.glob("search/storage/**/*"), *stack.data.glob("logs/*")]
    for file in [*segments, *(other for other in others if other.is_file())]:
        assert betrayed(file.read_bytes()) == [], file


async def test_the_raw_form_is_read_by_those_who_hold_the_evidence_key_and_by_nobody_else(pipeline: Pipeline) -> None:
    client = open_client(str(pipeline.settings.elasticsearch.url), pipeline.settings.elasticsearch)
    pipeline.start("screening")
    pipeline.start("indexing")
    await pipeline.send(planted())
    await pipeline.balanced()
    [document] = pipeline.documents("evidence").values()
    found_by = {"key_id", "received_at", "created_at", "platform", "author"}
    assert set(document) == found_by | {"sealed", "_version"}
    for word in ("planted_handle", "boat"):
        answer = await client.search(index=f"{pipeline.settings.elasticsearch.prefix}-evidence", q=word)
        assert answer["hits"]["total"]["value"] == 0
    await client.close()
