"""Replay: posts from an NDJSON file to the pipeline, at a pace, as they are or shifted so that the last one is written now.

A line that is no post goes the same way, alone and with its line number, and ends among the rejected: so one account holds all.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from pipeline.broker.producer import LINGER_S, PostProducer
from pipeline.codec import decode_post
from pipeline.posts import Post, Rejected
from pipeline.sources.lines import AT_ONCE, SourceLine, gathered

EXAMPLES = 5


@dataclass(slots=True)
class Replayed:
    """What a replay sent."""

    lines: int = 0
    posts: int = 0
    no_posts: int = 0
    examples: list[str] = field(default_factory=list)
    """The first lines that were no posts, and why."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Moves a file's posts in time. The version says by how much, so that a later replay of the same post is a new version."""

    by: timedelta

    def __call__(self, post: Post) -> Post:
        """The post moved; `dated_at` keeps its own time, which files it."""
        return msgspec.structs.replace(
            post,
            created_at=post.created_at + self.by,
            dated_at=post.dated_at or post.created_at,
            version=f"{post.version}@{int(self.by.total_seconds())}",
        )


def unmoved(post: Post) -> Post:
    """The post as it is."""
    return post


def shift_to_end_now(lines: Iterable[SourceLine]) -> Shift:
    """The shift after which the latest of these posts is written now."""
    posts = (decode_post(line.raw) for line in lines)
    times = [post.created_at for post in posts if isinstance(post, Post)]
    return (
        Shift(timedelta(seconds=int((datetime.now(UTC) - max(times)).total_seconds()))) if times else Shift(timedelta())
    )


@dataclass(frozen=True, slots=True)
class Manner:
    """How a file is replayed: lines a second (None: as fast as the broker takes them), and what is done to each post."""

    rate: float | None = None
    shift: Callable[[Post], Post] = unmoved


async def replay(
    lines: Iterable[SourceLine],
    into: PostProducer,
    name: str,
    how: Manner,
    read: Callable[[int], None] = lambda _: None,
) -> Replayed:
    """Send lines of a file called `name`; `read(n)` is told the number of lines read so far. Returns when all is acknowledged.

    Raises:
        BrokerUnavailable: the broker did not acknowledge.
    """
    done = Replayed()
    started = sent_waiting = time.monotonic()
    batches = gathered(lines)
    while batch := await asyncio.to_thread(next, batches, None):
        for line in batch:
            await _send(line, into, name, how.shift, done)
            read(done.lines)
            now = time.monotonic()
            pause = max(0.0, started + done.lines / how.rate - now) if how.rate else 0.0
            if now + pause - sent_waiting > LINGER_S:
                await into.send_waiting()
                await asyncio.sleep(0)
                sent_waiting = now
            if pause:
                await asyncio.sleep(pause)
        if len(batch) < AT_ONCE:
            await into.send_waiting()
    await into.flush()
    return done


async def _send(line: SourceLine, into: PostProducer, name: str, shift: Callable[[Post], Post], done: Replayed) -> None:
    done.lines += 1
    post = decode_post(line.raw)
    if isinstance(post, Rejected):
        whence = f"line {line.number} of {name}" + (", cut: it is longer than 16 MiB" if line.cut else "")
        done.no_posts += 1
        if len(done.examples) < EXAMPLES:
            done.examples.append(f"line {line.number}: {post.reason}: {post.detail}")
        await into.add_raw(line.raw, {"whence": whence.encode("utf-8", "replace")[:300]})
        return
    moved = shift(post)
    done.posts += 1
    await into.add(
        msgspec.structs.replace(moved, transport=moved.transport or "replay", source_id=moved.source_id or "replay")
    )
