"""What a platform of the kill test is, and how what it sent is named, to be found again on the topics."""

import random
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from pipeline.broker.connection import Connection
from pipeline.posts import Erasure, Post
from pipeline.screen.seen import fingerprint

Key = tuple[str, bytes]
"""`post` and its fingerprint, `erasure` and what is erased, `rejected` and the bytes."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is sent, from which seed: `posts` of each platform at so many a second, and where things may be put."""

    seed: int
    folder: Path
    connection: Connection
    push_port: int
    posts: int = 600
    per_second: float = 30.0

    def dice(self, kind: str) -> random.Random:
        """Chance of one platform's own: the same whatever the others do."""
        return random.Random(f"{self.seed}/{kind}")


@dataclass(slots=True)
class Sent:
    """What must arrive, and what may besides: versions that a later one overtook."""

    must: set[Key] = field(default_factory=set)
    may: set[Key] = field(default_factory=set)

    def overtake(self, before: Key, after: Key) -> None:
        """A version in place of another."""
        self.must.discard(before)
        self.may.add(before)
        self.must.add(after)


class Platform(Protocol):
    """A platform that sends while things die."""

    platform: str
    from_now: bool
    """Whether a first connection reads from now on: then nothing is promised before its first cursor is kept."""
    sent: Sent

    def running(self) -> AbstractAsyncContextManager[str]:
        """Serve; gives the lines of the source's table but for its kind."""

    async def flow(self) -> None:
        """Send; returns when everything is sent, whoever has read it."""


def printed(platform: str, native_id: str, version: str) -> Key:
    """The key of a post of which no more is known."""
    return of_post(
        Post(
            platform=platform,
            native_id=native_id,
            version=version,
            text="",
            created_at=datetime(2026, 11, 1, tzinfo=UTC),
        )
    )


def of_post(post: Post) -> Key:
    """The key of a post."""
    return "post", fingerprint(post)


def of_erasure(erasure: Erasure) -> Key:
    """The key of an erasure."""
    return erased(erasure.platform, erasure.native_id or erasure.author_id or "")


def erased(platform: str, name: str) -> Key:
    """The key of an erasure of a post or an account."""
    return "erasure", f"{platform}|{name}".encode()


def of_letter(raw: bytes) -> Key:
    """The key of what was rejected, with the end of its line or without."""
    return "rejected", raw.rstrip(b"\n")
