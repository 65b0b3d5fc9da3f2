"""What arrived on the topics, by who sent it, compared with what was sent."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.broker.reader import Reader, Record
from pipeline.broker.topics import Topics
from pipeline.codec import decode_erasure, decode_post, lines
from pipeline.posts import Position, Post
from pipeline.screen.seen import Seen, fingerprint
from tests.chaos.platforms.sending import Key, Platform, Sent, of_erasure, of_letter, of_post
from tests.chaos.trial import all_records


@dataclass(slots=True)
class Arrived:
    """What came of one source: how often each key, which posts de-duplication let through, and posts under one name that differ."""

    times: Counter[Key] = field(default_factory=Counter)
    let_through: Counter[Key] = field(default_factory=Counter)
    texts: dict[Key, str] = field(default_factory=dict)
    differing: set[Key] = field(default_factory=set)

    def take(self, post: Post, *, repeats: bool) -> None:
        """Count a post."""
        key = of_post(post)
        self.times[key] += 1
        self.let_through[key] += not repeats
        if self.texts.setdefault(key, post.text) != post.text:
            self.differing.add(key)

    def lost(self, sent: Sent) -> set[Key]:
        """What did not come."""
        return sent.must - self.times.keys()

    def faults(self, sent: Sent) -> list[str]:
        """What is wrong with it, in words."""
        again = [key for key, times in self.let_through.items() if times != 1]
        found = {
            "were lost": self.lost(sent),
            "came that were never sent": self.times.keys() - sent.must - sent.may,
            "came twice in different words": self.differing,
            "passed de-duplication twice": again,
        }
        return [f"{len(keys)} {what}" for what, keys in found.items() if keys]

    @property
    def twice(self) -> int:
        """So many came more than they had to."""
        return self.times.total() - len(self.times)


async def arrivals(read: Reader, topics: Topics, platforms: Mapping[str, Platform]) -> dict[str, Arrived]:
    """What came of each source, which is named by its kind.

    Posts pass the memory that screening has of each partition, so a repeat on another partition counts as let through.
    """
    found = {kind: Arrived() for kind in platforms}
    by_platform = {one.platform: found[kind] for kind, one in platforms.items()}
    seen = Seen(1_000_000)
    async for record in all_records(read, topics.posts):
        for position, post in _posts(record):
            found[post.source_id or ""].take(post, repeats=seen.repeats(fingerprint(post), position))
    async for record in all_records(read, topics.erasures):
        erasure = decode_erasure(record.value)
        by_platform[erasure.platform].times[of_erasure(erasure)] += 1
    async for record in all_records(read, topics.rejected):
        found[record.headers["whence"].decode()].times[of_letter(record.value)] += 1
    return found


def _posts(record: Record) -> Iterator[tuple[Position, Post]]:
    for number, line in enumerate(lines(record.value)):
        post = decode_post(line)
        assert isinstance(post, Post), post
        yield Position(record.partition, record.offset, number), post
