"""The topics: their names, how they are laid out, and the key that decides a post's partition."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiokafka.partitioner import murmur2

HOUR_MS = 3_600_000
MAX_MESSAGE_BYTES = 20 * 1024 * 1024
MAX_LETTER_BYTES = MAX_MESSAGE_BYTES + 64 * 1024
"""A rejected line has headers beside its bytes, and must be taken however large the record was in which it came."""


_LARGE = {"max.message.bytes": str(MAX_MESSAGE_BYTES), "segment.bytes": str(4 * MAX_MESSAGE_BYTES)}
"""A record of megabytes: it must fit in a segment."""


@dataclass(frozen=True, slots=True)
class Topics:
    """The names of the topics, under one prefix."""

    prefix: str = ""
    enveloped: bool = False
    """Whether records of `hits` carry Kafka Connect's schema beside the hit."""

    @property
    def posts(self) -> str:
        """What came in: raw, restricted, kept for the retention of the settings."""
        return f"{self.prefix}posts"

    @property
    def rejected(self) -> str:
        """Lines that could not be used, bytes whole, the reason in the headers: restricted like `posts`."""
        return f"{self.prefix}posts.rejected"

    @property
    def hits(self) -> str:
        """Masked documents with their sealed evidence."""
        return f"{self.prefix}hits"

    @property
    def screened(self) -> str:
        """What became of every line, partition by partition like `posts`."""
        return f"{self.prefix}screened"

    @property
    def sightings(self) -> str:
        """Hits and counts of posts as the trends see them, in one order: one partition."""
        return f"{self.prefix}sightings"

    @property
    def trends(self) -> str:
        """The state of the trends, the latest only: one partition, compacted."""
        return f"{self.prefix}trends"

    @property
    def alerts(self) -> str:
        """Spikes with their evidence."""
        return f"{self.prefix}alerts"

    @property
    def erasures(self) -> str:
        """Deletions upstream, raw ids: restricted like `posts`."""
        return f"{self.prefix}erasures"

    @property
    def cursors(self) -> str:
        """Where each source stands and how it fares: compacted, the last record of a source counts."""
        return f"{self.prefix}cursors"

    def group(self, role: str) -> str:
        """The consumer group of a worker's role."""
        return f"{self.prefix}fanal-{role}"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """How a topic must be laid out on the broker."""

    name: str
    partitions: int
    replication: int
    settings: Mapping[str, str] = field(default_factory=dict)


_COMPACTED = {
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.1",
    "segment.bytes": str(4 << 20),  # a start reads the whole topic, and the segment that is written to is not compacted
    "segment.ms": str(HOUR_MS),
}


def specs(topics: Topics, *, partitions: int, replication: int, retention_hours: int) -> list[TopicSpec]:
    """All topics as `fanal setup` creates them.

    `posts`, `screened`, `posts.rejected` and `erasures` carry the broker's own time: it orders versions, measures latency and
    finds a range by time. A segment spans a seventh of the retention at most: the broker drops whole segments, and one that is
    still being written to would keep its oldest record for twice the retention.
    """
    kept = {
        "retention.ms": str(retention_hours * HOUR_MS),
        "segment.ms": str(retention_hours * HOUR_MS // 7),
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
    }
    stamped = {**kept, "message.timestamp.type": "LogAppendTime"}
    letters = {**stamped, "max.message.bytes": str(MAX_LETTER_BYTES)}
    durable = {"min.insync.replicas": str(max(1, replication - 1))}
    layout = {
        topics.posts: stamped,
        topics.screened: stamped,
        topics.hits: kept,
        topics.rejected: letters,
        topics.erasures: stamped,
    }
    in_one_order = {
        topics.cursors: _COMPACTED,
        topics.sightings: stamped,
        topics.trends: {**_COMPACTED, **_LARGE},
        topics.alerts: kept,
    }
    return [
        *(TopicSpec(name, partitions, replication, {**settings, **durable}) for name, settings in layout.items()),
        *(TopicSpec(name, 1, replication, {**settings, **durable}) for name, settings in in_one_order.items()),
    ]


def post_key(platform: str, native_id: str) -> bytes:
    """The key of a post's record: all versions of a post share a partition, so their order is kept."""
    return f"{platform}|{native_id}".encode("utf-8", "replace")


def author_key(platform: str, author_id: str) -> bytes:
    """The key of an erasure of all that an account wrote; that of one post has the post's key."""
    return f"{platform}|author|{author_id}".encode("utf-8", "replace")


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key, as Kafka's own clients choose it (murmur2)."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)
