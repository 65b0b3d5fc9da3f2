"""One trial of deletions: numbered posts flow, all of them hits, a tenth is deleted at random moments, while things die.

Afterwards none of the deleted may stand in either index and none of the others may be missing. Then everything that could bring
one back is tried: its post again as a later version, its record on `hits` again, before workers that remember nothing.
"""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaProducer

from pipeline.account import Account
from pipeline.broker.erasures import send_erasures
from pipeline.broker.groups import members
from pipeline.broker.producer import post_producer
from pipeline.broker.reader import reader
from pipeline.children import Children
from pipeline.codec import decode_hit, encode
from pipeline.commands import parts
from pipeline.errors import BrokerUnavailable, Unavailable
from pipeline.index.client import ApiError, TransportError, open_client
from pipeline.local.stack import LocalStack
from pipeline.posts import Erasure
from pipeline.screen.pseudonyms import Pseudonyms
from pipeline.settings import Settings
from tests.chaos.plan import Plan, plan
from tests.chaos.trial import account_now, all_records, kill, prepared, settings_for, start, watch

POSTS = 10_000
PER_SECOND = 350.0
STEP = 50
SETTLE_S = 300.0
AT_ONCE = 1000
POINTS = {"screening": ("findings", "account"), "indexing": ("bulk",), "erasing": ("bury", "remove")}
VICTIMS = ("screening", "indexing", "erasing", "kafka", "search")
LATE_STEPS, LATE_S = 100, 25.0


@dataclass(slots=True)
class Result:
    """What a trial came to."""

    seed: int
    deleted: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    account: Account = field(default_factory=Account)
    hits_written: int = 0
    """Records on `hits` of posts that were deleted: so many had become hits before their deletion was known."""
    tried_again: int = 0
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether all that was deleted is gone and all else is there."""
        return not self.faults

    def row(self) -> dict[str, object]:
        """The result as a row of the table."""
        return {
            "seed": self.seed,
            "deleted": self.deleted,
            "had_become_hits": self.hits_written,
            "tried_again": self.tried_again,
            "killed": dict(self.killed),
            **self.account.summary(),
            "seconds": round(self.seconds, 1),
            "passed": self.passed,
            "faults": self.faults,
        }


async def trial(stack: LocalStack, data: Path, seed: int, keys: dict[str, str], posts: int = POSTS) -> Result:
    """Run one trial on servers that run already."""
    dice = random.Random(seed)
    began = time.monotonic()
    planned = plan(posts, dice)
    result = Result(seed, deleted=len(planned.deleted))
    settings = settings_for(stack, data / f"seed-{seed}", seed)
    names = Pseudonyms(keys["FANAL_PRIVACY_PSEUDONYM_KEY"].encode(), "k1")
    await prepared(settings)
    with Children(settings.data / "logs") as children:
        marks = start(children, settings, dice, keys | {"CHAOS_HIT_EVERY": "1"}, POINTS)
        watching = asyncio.create_task(watch(stack, children))
        try:
            await _joined(settings)
            for what_flows in (_flow, _delete_hits):
                victims = dice.sample(VICTIMS, len(VICTIMS))
                killing = kill(stack, children, dice, result.killed, victims)
                await asyncio.gather(what_flows(settings, planned), killing)
                await _accounted(settings, planned)
            await _settle(settings, planned, names, result, posts)
            result.killed["inside a batch"] = sum(mark.exists() for mark in marks)
            came = await _bring_back(settings, children, planned, names, result)
            await _settle(settings, planned, names, result, posts + came)
        finally:
            watching.cancel()
    if result.killed["inside a batch"] < len(POINTS):
        result.faults.append("not every worker died inside a batch: the trial proved less than it should")
    result.seconds = time.monotonic() - began
    return result


async def _joined(settings: Settings) -> None:
    """Wait until a worker of each role is in its group: or all would be deleted before anything was screened."""
    for role in POINTS:
        while not await asyncio.to_thread(members, parts.connection(settings), parts.topics(settings).group(role)):  # noqa: ASYNC110 - a group tells nobody
            await asyncio.sleep(0.5)


async def _flow(settings: Settings, planned: Plan) -> None:
    """Posts at a pace that lasts while things die, and the deletions that are due before and in between."""
    async with post_producer(parts.connection(settings), parts.topics(settings).posts, lines=4) as into:
        await _erase(settings, planned.erasures(float("-inf"), 0))
        for first in range(0, planned.posts, STEP):
            for number in range(first, min(first + STEP, planned.posts)):
                await into.add(planned.post(number))
            await into.send_waiting()
            pause = asyncio.sleep(STEP / PER_SECOND)
            await asyncio.gather(_erase(settings, planned.erasures(first, first + STEP)), pause)
        await into.flush()


async def _accounted(settings: Settings, planned: Plan) -> None:
    """Wait until all is in the index that is not yet deleted; where that never comes, what is examined says so."""
    deadline = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline:
        with suppress(Unavailable):
            found = await account_now(settings)
            if found.balanced and found.came_in >= planned.posts:
                return
        await asyncio.sleep(1)


async def _delete_hits(settings: Settings, planned: Plan) -> None:
    """The deletions that are due long after: of what stands in the index."""
    step = max(1, planned.posts // LATE_STEPS)
    for first in range(planned.posts, 2 * planned.posts, step):
        await _erase(settings, planned.erasures(first, first + step))
        await asyncio.sleep(LATE_S / LATE_STEPS)
    await _erase(settings, planned.erasures(2 * planned.posts, float("inf")))


async def _erase(settings: Settings, erasures: Sequence[Erasure]) -> None:
    """Send them until the broker has them."""
    while erasures:
        try:
            await send_erasures(parts.connection(settings), parts.topics(settings), erasures)
            return
        except BrokerUnavailable:
            await asyncio.sleep(0.3)


async def _bring_back(settings: Settings, children: Children, planned: Plan, names: Pseudonyms, result: Result) -> int:
    """Kill the workers, then send what was deleted again: as late records of `hits` and as edits. How many posts came."""
    topics = parts.topics(settings)
    ids = {names.document_id("push", str(number)) for number in planned.deleted}
    async with reader(parts.connection(settings)) as read:
        late = [one async for one in all_records(read, topics.hits) if decode_hit(one.value).id in ids]
    for role in POINTS:
        if pid := children.pids().get(role):
            os.kill(pid, signal.SIGKILL)
    async with _producer(settings) as producer:
        for record in late:
            for value in (record.value, _as_edit(record.value)):
                await producer.send_and_wait(topics.hits, value, partition=record.partition)
    async with post_producer(parts.connection(settings), topics.posts, lines=4) as into:
        for number in sorted(planned.deleted):
            await into.add(planned.post(number, version="2"))
        await into.flush()
    result.hits_written, result.tried_again = len(late), 2 * len(late) + len(planned.deleted)
    return len(planned.deleted)


def _as_edit(value: bytes) -> bytes:
    """A hit as a later version: the index itself refuses an earlier one for a minute after its deletion."""
    late = decode_hit(value)
    return encode(msgspec.structs.replace(late, index_version=late.index_version + (1 << 40)))


@asynccontextmanager
async def _producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(acks="all", **parts.connection(settings).aiokafka())
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def _settle(settings: Settings, planned: Plan, names: Pseudonyms, result: Result, came_in: int) -> None:
    """Wait until nothing is under way and all is as it should be; what is not by then is a fault."""
    ids = {number: names.document_id("push", str(number)) for number in range(planned.posts)}
    deleted = {ids[number] for number in planned.deleted}
    others = set(ids.values()) - deleted
    faults = ["nothing could be examined"]
    deadline = time.monotonic() + SETTLE_S
    while faults and time.monotonic() < deadline:
        with suppress(Unavailable, ApiError, TransportError):
            result.account = await account_now(settings)
            standing = {kind: await _standing(settings, kind, ids.values()) for kind in ("hits", "evidence")}
            faults = _faults(result.account, standing, deleted, others, came_in)
        await asyncio.sleep(1)
    result.faults += faults


def _faults(
    account: Account, standing: dict[str, set[str]], deleted: set[str], others: set[str], came_in: int
) -> list[str]:
    found = account.faults()
    if not account.balanced or account.came_in < came_in:
        found.append(f"the account does not balance with {came_in} posts: {account.summary()}")
    for kind, ids in standing.items():
        if left := ids & deleted:
            found.append(f"{len(left)} deleted posts are in the index of {kind}")
        if missing := others - ids:
            found.append(f"{len(missing)} posts that stand are missing from the index of {kind}")
    if account.hits != len(others) or account.erased != came_in - len(others):
        found.append(f"{account.hits} hits and {account.erased} erased in the account")
    return found


async def _standing(settings: Settings, kind: str, ids: Collection[str]) -> set[str]:
    """Which of these stand in an index."""
    client = open_client(str(settings.elasticsearch.url), settings.elasticsearch)
    index = f"{settings.elasticsearch.prefix}-{kind}"
    found: set[str] = set()
    wanted = list(ids)
    try:
        await client.indices.refresh(index=index)
        for at in range(0, len(wanted), AT_ONCE):
            query = {"ids": {"values": wanted[at : at + AT_ONCE]}}
            answer = await client.search(
                index=index, query=query, size=AT_ONCE, source=False, allow_partial_search_results=False
            )
            found |= {hit["_id"] for hit in answer["hits"]["hits"]}
    finally:
        await client.close()
    return found
