"""What was seen: which version of which post, first at which position; and which records are screened already.

The memory of a partition is rebuilt from `screened` when a worker takes the partition over, so there is no state beside the
topics. It is bounded; a repeat from beyond it is screened again, which the document id makes harmless.
"""

from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b

from pipeline.posts import Position, Post, Screened

NOTHING = bytes(8)
"""The fingerprint of a line that is no post."""


def fingerprint(post: Post) -> bytes:
    """Eight bytes of BLAKE2b over platform, id and version, each with its length so that no two run together."""
    parts = (post.platform, post.native_id, post.version)
    return blake2b("".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "replace"), digest_size=8).digest()


class Seen:
    """The memory of the partitions that this worker holds."""

    def __init__(self, per_partition: int) -> None:
        self._limit = per_partition
        self._first: dict[int, OrderedDict[bytes, Position]] = {}
        self._screened: dict[int, OrderedDict[int, str]] = {}

    def holds(self, partition: int) -> bool:
        """Whether the memory of a partition is loaded."""
        return partition in self._first

    def load(self, partition: int, records: Iterable[Screened]) -> None:
        """Take what `screened` says of a partition, oldest first. Replaces what was held."""
        self._first[partition] = OrderedDict()
        self._screened[partition] = OrderedDict()
        for record in records:
            self._load_one(record)

    def forget(self, partitions: Iterable[int]) -> None:
        """Drop partitions that went to another worker."""
        for partition in partitions:
            self._first.pop(partition, None)
            self._screened.pop(partition, None)

    def repeats(self, print_: bytes, position: Position) -> bool:
        """Whether this post was seen at another position before; remembers it if not."""
        first = self._first.setdefault(position.partition, OrderedDict())
        found = first.get(print_)
        if found is not None:
            return found != position
        first[print_] = position
        if len(first) > self._limit:
            first.popitem(last=False)
        return False

    def is_screened(self, partition: int, offset: int, model: str) -> bool:
        """Whether `screened` already says, by this model, what became of a record (its hits were delivered before that)."""
        screened = self._screened.get(partition)
        return screened is not None and screened.get(offset) == model

    def _load_one(self, record: Screened) -> None:
        prints = iter(record.seen[i : i + 8] for i in range(0, len(record.seen), 8))
        screened = self._screened[record.partition]
        for index, fate in enumerate(record.fates):
            offset = record.start + index
            screened.setdefault(offset, record.model)
            for line, (letter, print_) in enumerate(zip(fate.outcomes, prints, strict=False)):
                if letter in "bh":
                    self.repeats(print_, Position(record.partition, offset, line))
        while len(screened) > self._limit:
            screened.popitem(last=False)
