"""What was erased, as screening remembers it: a post that its platform deleted never becomes a hit.

The memory is filled from the topic `erasures` (`pipeline.broker.following`), and bounded: it forgets the oldest first. What
comes back after that is stopped by its tombstone before the index (`pipeline.index.eraser`).
"""

from contextlib import suppress
from datetime import datetime
from hashlib import blake2b

import msgspec

from pipeline.codec import decode_erasure, lines
from pipeline.posts import Erasure, Post


class Erased:
    """The newest erasures: between `limit` and twice as many posts, and as many accounts."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._posts: tuple[set[int], set[int]] = set(), set()
        self._authors: tuple[dict[int, datetime], dict[int, datetime]] = {}, {}

    def take(self, value: bytes, received_at: datetime) -> None:
        """Remember the erasures of a record of `erasures`. What is none is the erasing worker's to reject."""
        for line in lines(value):
            with suppress(msgspec.DecodeError):
                self.note(decode_erasure(line, received_at))

    def note(self, erasure: Erasure) -> None:
        """Remember an erasure."""
        if erasure.native_id is not None:
            self._note_post(_print(erasure.platform, "post", erasure.native_id))
        elif erasure.author_id is not None:
            self._note_author(_print(erasure.platform, "author", erasure.author_id), erasure.erased_at)

    def holds(self, post: Post, received_at: datetime) -> bool:
        """Whether a post was erased: it by itself, or its account after the post was written or came in."""
        if not (self._posts[0] or self._authors[0]):
            return False
        print_ = _print(post.platform, "post", post.native_id)
        if any(print_ in posts for posts in self._posts):
            return True
        if post.author_id is None:
            return False
        erased_at = self._erased_at(_print(post.platform, "author", post.author_id))
        written_at = min(post.created_at, post.dated_at or post.created_at, received_at)
        return erased_at is not None and written_at <= erased_at

    def _note_post(self, print_: int) -> None:
        if len(self._posts[0]) >= self._limit:
            self._posts = set(), self._posts[0]
        self._posts[0].add(print_)

    def _note_author(self, print_: int, erased_at: datetime) -> None:
        latest = max(erased_at, self._erased_at(print_) or erased_at)
        if len(self._authors[0]) >= self._limit:
            self._authors = {}, self._authors[0]
        self._authors[0][print_] = latest

    def _erased_at(self, print_: int) -> datetime | None:
        newer, older = self._authors
        return newer.get(print_) or older.get(print_)


def _print(*parts: str) -> int:
    """Eight bytes over the parts, each with its length so that no two run together; they never leave the process."""
    joined = "".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "replace")
    return int.from_bytes(blake2b(joined, digest_size=8).digest(), "big")
