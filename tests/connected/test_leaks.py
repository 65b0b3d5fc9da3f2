"""Contacts in two hundred spellings, through real workers and servers: none is in any store that it may not reach."""

from pathlib import Path

import msgspec
import pytest

from pipeline.codec import decode_hit, encode
from pipeline.local.stack import LocalStack
from pipeline.posts import Post
from tests.connected.pipelines import Pipeline, is_hit, post
from tests.spellings import Spelling
from tests.test_leaks import SEEN, around

pytestmark = pytest.mark.connected


def planted(number: int, one: Spelling) -> Post:
    """A hit with the spelling in its text, in a hashtag and, where it can be one, in a link."""
    texts = (f"{around(one)} {'!' * attempt}" for attempt in range(200))
    text = next(text for text in texts if is_hit(text))
    return post(number, text=text, hashtags=(one.text,), links=(one.text,), lang_hint=(one.lang,))


def betrayed(said: bytes) -> list[str]:
    """Which of them can be read there, whole or by half."""
    return sorted({one.name for one in SEEN for trace in one.traces if trace.encode() in said})


async def test_no_spelling_that_the_finders_see_reaches_hits_index_logs_or_metrics(
    pipeline: Pipeline, stack: LocalStack
) -> None:
    workers = [pipeline.start("screening"), pipeline.start("indexing")]
    await pipeline.send(*(planted(number, one) for number, one in enumerate(SEEN)), lines=16)
    found = await pipeline.balanced()
    assert found.hits == len(SEEN)
    hits = [decode_hit(record.value) for record in await pipeline.records(pipeline.topics.hits)]
    bare = [msgspec.structs.replace(one, evidence=msgspec.structs.replace(one.evidence, sealed="")) for one in hits]
    assert len({one.id for one in hits}) == len(SEEN)
    assert betrayed(b"\n".join(map(encode, bare))) == []
    assert betrayed(repr(pipeline.documents()).encode()) == []
    assert betrayed(pipeline.logs().encode()) == []
    for worker in workers:
        assert betrayed((await worker.ask("/metrics"))[1].encode()) == []
    on_disk(pipeline, stack)


LONG_ENOUGH = 8
"""Bytes of a trace that no file of a server holds by chance."""


def on_disk(pipeline: Pipeline, stack: LocalStack) -> None:
    """The same of all that both servers wrote, but for `posts`: where a file is compressed, what was read above holds for it."""
    topics = (pipeline.topics.hits, pipeline.topics.screened)
    segments = [file for topic in topics for file in stack.data.glob(f"kafka/storage/{topic}-*/*.log")]
    assert len(segments) == 2 * pipeline.settings.kafka.partitions
    files = [*segments, *stack.data.glob("search/storage/**/*"), *stack.data.glob("logs/*")]
    traces = {trace.encode() for one in SEEN for trace in one.traces if len(trace.encode()) >= LONG_ENOUGH}
    said = {file.name: content for file in files if (content := _content(file))}
    assert len(said) > 20
    assert any(file.stat().st_size for file in segments)  # whether bytes can be read depends on the compression
    assert {name for name, content in said.items() if any(trace in content for trace in traces)} == set()


def _content(file: Path) -> bytes:
    """What a file holds; nothing where the server took it away meanwhile."""
    try:
        return file.read_bytes() if file.is_file() else b""
    except FileNotFoundError:
        return b""
