"""The account: what came in and what became of it, drawn up from the servers and from nothing else.

What came in is counted on `posts` between offsets; what became of it is the union of `screened` over those offsets (a replayed
batch counts once); what was found must stand in the index, and what was refused among the rejected. A record that was dropped
anywhere shows as something that does not add up.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from pipeline.broker.reader import Reader, Record
from pipeline.broker.topics import Topics
from pipeline.codec import LETTERS, decode_hit, decode_screened, lines
from pipeline.errors import ConfigurationError
from pipeline.posts import Fate

Range = Mapping[int, tuple[int, int]]
"""For each partition of `posts`: the first offset, and the offset after the last."""

EXAMPLES = 5


class Present(Protocol):
    """The index, as the account needs it."""

    async def present(self, ids: Mapping[str, int]) -> set[str]:
        """Which of these document ids stand in the index, at this version or a later one."""

    async def erased(self, ids: Collection[str]) -> set[str]:
        """Which of these documents were erased."""


@dataclass(slots=True)
class Account:
    """What came in and what became of it, in lines of `posts` (a line is a post, or was meant to be one)."""

    came_in: int = 0
    benign: int = 0
    hits: int = 0
    rejected: int = 0
    duplicates: int = 0
    erased: int = 0
    """Lines whose post was deleted on its platform: before it was screened, or after it had become a hit."""
    indexed: int = 0
    refused: int = 0
    """Hits that the index refused: they stand among the rejected, not in the index."""
    unaccounted: int = 0
    """Lines that came in and of which `screened` says nothing."""
    not_indexed: list[str] = field(default_factory=list)
    """Hits that stand neither in the index nor among the rejected, by document id."""
    no_dead_letter: list[str] = field(default_factory=list)
    """Positions said to be rejected without a record on `posts.rejected`."""
    miscounted: list[str] = field(default_factory=list)
    """Records of whose lines or hits `screened` names another number than it should."""
    unknown: list[str] = field(default_factory=list)
    """Offsets that `screened` names and `posts` does not hold."""

    @property
    def balanced(self) -> bool:
        """Whether every line that came in has one outcome, and every outcome its trace."""
        parts = self.benign + self.hits + self.rejected + self.duplicates + self.erased
        faults = self.not_indexed or self.no_dead_letter or self.miscounted or self.unknown
        return (
            self.came_in == parts and self.hits == self.indexed + self.refused and not self.unaccounted and not faults
        )

    def summary(self) -> dict[str, int | bool]:
        """The account in one line."""
        return {
            "in": self.came_in,
            "benign": self.benign,
            "hits": self.hits,
            "rejected": self.rejected,
            "duplicates": self.duplicates,
            "erased": self.erased,
            "indexed": self.indexed,
            "balanced": self.balanced,
        }

    def faults(self) -> list[str]:
        """What does not add up, a line each; none where it balances."""
        found = []
        if self.unaccounted:
            found.append(
                f"{self.unaccounted} lines came in of which nothing is said: the screening worker has not done them, or lost them"
            )
        for name, positions in {
            "hits are in no index and not among the rejected": self.not_indexed,
            "rejected lines have no record on posts.rejected": self.no_dead_letter,
            "records hold another number of lines or hits than was screened": self.miscounted,
            "screened records are not on posts": self.unknown,
        }.items():
            if positions:
                found.append(
                    f"{len(positions)} {name}: {', '.join(positions[:EXAMPLES])}{' ...' if len(positions) > EXAMPLES else ''}"
                )
        return found


async def whole_range(reader: Reader, topics: Topics) -> Range:
    """All that the broker still holds of `posts`."""
    begins, ends = await reader.begins(topics.posts), await reader.ends(topics.posts)
    return {partition: (begins[partition], ends[partition]) for partition in ends}


async def range_of_time(reader: Reader, topics: Topics, since_ms: int, until_ms: int | None) -> Range:
    """The records that the broker stamped with a time in `since <= t < until` (open end: until now)."""
    starts = await reader.at(topics.posts, since_ms)
    ends = await reader.at(topics.posts, until_ms) if until_ms is not None else await reader.ends(topics.posts)
    return {partition: (starts[partition], max(starts[partition], ends[partition])) for partition in starts}


async def draw_up(reader: Reader, index: Present, topics: Topics, of: Range) -> Account:
    """Draw up the account of a range of `posts`.

    Raises:
        ConfigurationError: `posts` and `screened` are not laid out alike, or have no such partition.
        BrokerUnavailable, IndexUnavailable: a server is away.
    """
    partitions = await reader.partitions(topics.posts)
    if await reader.partitions(topics.screened) != partitions:
        raise ConfigurationError(f"{topics.screened} and {topics.posts} differ in partitions; they must match")
    if strange := sorted(of.keys() - set(partitions)):
        raise ConfigurationError(f"{topics.posts} has no partition {strange[0]}; it has {len(partitions)}, from 0 on")
    account = Account()
    trail = _Trail()
    for partition, (start, end) in of.items():
        if start < end:
            held = await _held(reader, topics, partition, (start, end), trail)
            fates = await _fates(reader, topics, partition, (start, end), trail.since_ms)
            _reconcile(account, trail, held, fates, f"{topics.posts}/{partition}")
    await _follow_rejected(reader, topics, account, trail)
    await _follow_hits(index, account, trail)
    return account


@dataclass(slots=True)
class _Trail:
    """What the outcomes promise to be found elsewhere."""

    since_ms: int | None = None
    hits: list[tuple[str, int]] = field(default_factory=list)
    rejected: set[str] = field(default_factory=set)
    refused: set[tuple[str, int]] = field(default_factory=set)


async def _held(reader: Reader, topics: Topics, partition: int, of: tuple[int, int], trail: _Trail) -> dict[int, int]:
    """How many lines each record of `posts` holds, by offset; notes the earliest time."""
    held: dict[int, int] = {}
    async for record in reader.records(topics.posts, partition, *of):
        held[record.offset] = len(lines(record.value))
        trail.since_ms = min(record.timestamp_ms, record.timestamp_ms if trail.since_ms is None else trail.since_ms)
    return held


async def _fates(
    reader: Reader, topics: Topics, partition: int, of: tuple[int, int], since_ms: int | None
) -> dict[int, Fate]:
    """What `screened` says of each offset: the first word counts, as its hits were delivered before it was said."""
    fates: dict[int, Fate] = {}
    start = (await reader.at(topics.screened, since_ms))[partition] if since_ms is not None else 0
    end = (await reader.ends(topics.screened))[partition]
    async for record in reader.records(topics.screened, partition, start, end):
        for offset, fate in _said(record, partition):
            if of[0] <= offset < of[1]:
                fates.setdefault(offset, fate)
    return fates


def _said(record: Record, partition: int) -> list[tuple[int, Fate]]:
    """Offsets and fates; none where the record is none of ours (its lines then show as unaccounted for)."""
    try:
        screened = decode_screened(record.value)
    except msgspec.DecodeError:
        return []
    return list(enumerate(screened.fates, screened.start)) if screened.partition == partition else []


def _reconcile(
    account: Account, trail: _Trail, held: Mapping[int, int], fates: Mapping[int, Fate], origin: str
) -> None:
    """Set what one partition holds against what was said of it."""
    account.unknown += [f"{origin}/{offset}" for offset in sorted(fates.keys() - held.keys())]
    for offset, count in held.items():
        account.came_in += count
        fate = fates.get(offset)
        if fate is None:
            account.unaccounted += count
            continue
        if not _fits(fate, count):
            account.miscounted.append(f"{origin}/{offset}")
        _count(account, fate)
        trail.hits += fate.hits.values()
        trail.rejected |= {
            f"{origin}/{offset}/{n}" for n, letter in enumerate(fate.outcomes) if letter == LETTERS["rejected"]
        }


def _fits(fate: Fate, count: int) -> bool:
    """Whether a fate has a known letter a line, and a hit for each that says so."""
    letters = {letter: fate.outcomes.count(letter) for letter in LETTERS.values()}
    return len(fate.outcomes) == sum(letters.values()) == count and letters[LETTERS["hit"]] == len(fate.hits)


def _count(account: Account, fate: Fate) -> None:
    account.benign += fate.outcomes.count(LETTERS["benign"])
    account.hits += fate.outcomes.count(LETTERS["hit"])
    account.rejected += fate.outcomes.count(LETTERS["rejected"])
    account.duplicates += fate.outcomes.count(LETTERS["duplicate"])
    account.erased += fate.outcomes.count(LETTERS["erased"])


async def _follow_rejected(reader: Reader, topics: Topics, account: Account, trail: _Trail) -> None:
    """Find the record of each rejected line, and the hits that the index refused."""
    if trail.since_ms is None:
        return
    found: set[str] = set()
    starts, ends = await reader.at(topics.rejected, trail.since_ms), await reader.ends(topics.rejected)
    for partition, end in ends.items():
        async for record in reader.records(topics.rejected, partition, starts[partition], end):
            found.add(record.headers.get("origin", b"").decode())
            if record.headers.get("reason") == b"mapping_refused":
                trail.refused |= _refused(record)
    account.no_dead_letter = sorted(trail.rejected - found)


def _refused(record: Record) -> set[tuple[str, int]]:
    try:
        hit = decode_hit(record.value)
    except msgspec.DecodeError:
        return set()
    return {(hit.id, hit.index_version)}


async def _follow_hits(index: Present, account: Account, trail: _Trail) -> None:
    """Find each hit in the index at its version or a later one, among the refused, or among what was erased since."""
    wanted = [hit for hit in trail.hits if hit not in trail.refused]
    account.refused = len(trail.hits) - len(wanted)
    latest: dict[str, int] = {}
    for id_, version in wanted:
        latest[id_] = max(version, latest.get(id_, 0))
    present = await index.present(latest) if latest else set()
    account.indexed = sum(id_ in present for id_, _ in wanted)
    missing = latest.keys() - present
    erased = await index.erased(missing) if missing else set()
    since = sum(id_ in erased for id_, _ in wanted)
    account.hits, account.erased = account.hits - since, account.erased + since
    account.not_indexed = sorted(missing - erased)
