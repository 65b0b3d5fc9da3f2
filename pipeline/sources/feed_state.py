"""What is kept of each feed between polls: its validators, and which items were seen in which version. Small enough for a cursor."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from pipeline.posts import Post
from pipeline.sources.connector import Cursor, SourceRefused
from pipeline.sources.feed_entries import Item

REMEMBERED = 1_000
"""Items of a feed whose hashes are kept, the latest seen first: a feed that lists more gives its oldest again."""


class FeedState(msgspec.Struct, omit_defaults=True):
    """`body` is the hash of the last document that was read: None before the first.

    `seen` maps an item's hash to its version's; with `@` and a time (seconds since 1970) for one without a date.
    """

    etag: str | None = None
    modified: str | None = None
    body: str | None = None
    seen: dict[str, str] = msgspec.field(default_factory=dict)

    def conditions(self) -> dict[str, str]:
        """The headers of a conditional request."""
        asked = {"if-none-match": self.etag, "if-modified-since": self.modified}
        return {name: value for name, value in asked.items() if value}

    def news(self, items: Iterable[Item]) -> list[Post]:
        """The posts that are new or changed, which are noted. One without a date keeps the time at which it was first seen."""
        found = []
        for item in items:
            name, version = _short(item.post.native_id), _short(item.post.version)
            before, _, since = self.seen.pop(name, "").partition("@")
            post = item.post if item.dated or not since else _since(item.post, since)
            self.seen[name] = version if item.dated else f"{version}@{int(post.created_at.timestamp())}"
            if before != version:
                found.append(post)
        for name in list(self.seen)[: max(0, len(self.seen) - REMEMBERED)]:
            del self.seen[name]
        return found


@dataclass(slots=True)
class FeedStates:
    """The states of all feeds of a source, by address; in a cursor, by the address's hash: addresses may hold keys."""

    by_url: dict[str, FeedState] = field(default_factory=dict)

    def cursor(self) -> Cursor:
        """As a cursor."""
        return {address(url): msgspec.json.encode(state).decode() for url, state in self.by_url.items()}


def address(url: str) -> str:
    """The name of a feed in a cursor."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def states(cursor: Cursor | None, urls: Iterable[str], name: str) -> FeedStates:
    """Read a cursor; a feed that it does not know begins anew.

    Raises:
        SourceRefused: it is not one of this connector's.
    """
    kept: Mapping[str, str] = cursor or {}
    try:
        return FeedStates({url: msgspec.json.decode(kept.get(address(url), "{}"), type=FeedState) for url in urls})
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise SourceRefused(f"{name}: its cursor cannot be read; remove the cursor to read the feeds anew") from None


def _since(post: Post, since: str) -> Post:
    try:
        return msgspec.structs.replace(post, created_at=datetime.fromtimestamp(int(since), UTC))
    except (ValueError, OverflowError, OSError):
        return post


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
