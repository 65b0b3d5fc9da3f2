"""One trial: numbered posts flow while things die; afterwards every number must have exactly one outcome."""

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from models.constant import ConstantClassifier
from pipeline.account import Account, draw_up, whole_range
from pipeline.broker.admin import set_up
from pipeline.broker.producer import post_producer
from pipeline.broker.reader import Reader, Record, reader
from pipeline.children import Children
from pipeline.codec import LETTERS, decode_hit, decode_post, decode_screened, lines
from pipeline.commands import parts
from pipeline.errors import Unavailable
from pipeline.local.stack import LocalStack
from pipeline.posts import Post
from pipeline.settings import ElasticsearchSettings, KafkaSettings, Settings
from tests.chaos.worker import HIT_EVERY

POSTS = 5_000
BAD_LINES = 20
PER_SECOND = 700.0
SETTLE_S = 150.0
VICTIMS = ("screening", "indexing", "kafka", "search")
POINTS: Mapping[str, Sequence[str]] = {"screening": ("findings", "account"), "indexing": ("bulk",)}


@dataclass(slots=True)
class Result:
    """What a trial came to."""

    seed: int
    killed: Counter[str] = field(default_factory=Counter)
    replays: int = 0
    account: Account = field(default_factory=Account)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether every post has one outcome and replays were seen."""
        return not self.faults

    def row(self) -> dict[str, object]:
        """The result as a row of the table."""
        return {"seed": self.seed, "killed": dict(self.killed), "replays": self.replays, **self.account.summary()} | {
            "seconds": round(self.seconds, 1),
            "passed": self.passed,
            "faults": self.faults,
        }


def settings_for(stack: LocalStack, data: Path, seed: int) -> Settings:
    """Topics and indices of this trial's own on the shared servers."""
    name = f"chaos{seed}-{int(time.time() * 1000) % 100_000_000}"
    where = stack.endpoints
    return Settings(
        data=data,
        kafka=KafkaSettings(bootstrap=where.kafka, prefix=f"{name}-", partitions=6, session_timeout_s=6.0),
        elasticsearch=ElasticsearchSettings(url=where.elasticsearch, prefix=name),
    )


def environment(settings: Settings, point: str, mark: Path, keys: dict[str, str]) -> dict[str, str]:
    """The same settings, for a worker."""
    return keys | {
        "FANAL_DATA": str(settings.data),
        "FANAL_KAFKA_BOOTSTRAP": str(settings.kafka.bootstrap),
        "FANAL_KAFKA_PREFIX": settings.kafka.prefix,
        "FANAL_KAFKA_PARTITIONS": str(settings.kafka.partitions),
        "FANAL_KAFKA_SESSION_TIMEOUT_S": "6",
        "FANAL_ELASTICSEARCH_URL": str(settings.elasticsearch.url),
        "FANAL_ELASTICSEARCH_PREFIX": settings.elasticsearch.prefix,
        "CHAOS_POINT": point,
        "CHAOS_MARK": str(mark),
    }


async def trial(stack: LocalStack, data: Path, seed: int, keys: dict[str, str]) -> Result:
    """Run one trial on servers that run already."""
    dice = random.Random(seed)
    result = Result(seed)
    began = time.monotonic()
    settings = settings_for(stack, data / f"seed-{seed}", seed)
    await prepared(settings)
    victims = dice.sample(VICTIMS, len(VICTIMS))
    with Children(settings.data / "logs") as children:
        marks = start(children, settings, dice, keys, POINTS)
        watching = asyncio.create_task(watch(stack, children))
        try:
            await asyncio.gather(_produce(settings), kill(stack, children, dice, result.killed, victims))
            result.account = await _settle(settings)
        finally:
            watching.cancel()
        result.killed["inside a batch"] = sum(mark.exists() for mark in marks)
        await _examine(settings, result)
    result.seconds = time.monotonic() - began
    return result


async def prepared(settings: Settings) -> None:
    """Set up topics and indices."""
    await asyncio.to_thread(set_up, parts.connection(settings), parts.topic_specs(settings))
    store = parts.store(settings)
    await store.set_up()
    await store.close()


def start(
    children: Children,
    settings: Settings,
    dice: random.Random,
    keys: dict[str, str],
    points: Mapping[str, Sequence[str]],
) -> list[Path]:
    """Start a worker of each role, each with a point inside one of its first batches at which it dies."""
    marks = []
    for role in points:
        settings.data.mkdir(parents=True, exist_ok=True)
        mark = settings.data / f"{role}.died"
        point = f"{dice.choice(points[role])}:{dice.randint(2, 6)}"
        children.start(
            role, [sys.executable, "-m", "tests.chaos.worker", role], environment(settings, point, mark, keys)
        )
        marks.append(mark)
    return marks


async def watch(stack: LocalStack, children: Children) -> None:
    """Start again what died: workers and servers."""
    while True:
        children.look()
        await asyncio.to_thread(stack.check)
        await asyncio.sleep(0.2)


def numbered(number: int) -> Post:
    """A post that carries its number."""
    return Post(
        platform="push",
        native_id=str(number),
        text=f"numbered post {number}: a ship sails, the weather holds",
        created_at=datetime(2026, 11, 1, tzinfo=UTC),
        author_handle=f"sailor{number}_example",
    )


def expected_hit(number: int) -> bool:
    """Whether the constant classifier calls this post a hit."""
    return ConstantClassifier(HIT_EVERY).assess([numbered(number).text], ["en"])[0].lane is not None


async def _produce(settings: Settings) -> None:
    """All posts, in small records, at a pace that lasts while things die; bad lines in between."""
    async with post_producer(parts.connection(settings), parts.topics(settings).posts, lines=4) as into:
        for number in range(POSTS):
            await into.add(numbered(number))
            if number % (POSTS // BAD_LINES) == 0:
                await into.add_raw(b"{no post " + str(number).encode(), {"whence": b"the kill test"})
            await asyncio.sleep(1 / PER_SECOND)
        await into.flush()


async def kill(
    stack: LocalStack, children: Children, dice: random.Random, killed: Counter[str], victims: Sequence[str]
) -> None:
    """Kill these at random moments."""
    await asyncio.sleep(dice.uniform(4, 7))
    for victim in victims:
        while not (pid := (children.pids() | stack.pids()).get(victim)):  # noqa: ASYNC110 - a process tells nobody
            await asyncio.sleep(0.1)  # it died at its point inside a batch and is being started again
        os.kill(pid, signal.SIGKILL)
        killed[victim] += 1
        await asyncio.sleep(dice.uniform(0.5, 4))


async def _settle(settings: Settings) -> Account:
    """Draw up the account until it balances with everything in, or time is up."""
    account = Account()
    deadline = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline:
        with suppress(Unavailable):
            account = await account_now(settings)
        if account.balanced and account.came_in >= POSTS + BAD_LINES:
            return account
        await asyncio.sleep(1)
    return account


async def account_now(settings: Settings) -> Account:
    """The account of all that came in."""
    store = parts.store(settings)
    try:
        async with reader(parts.connection(settings)) as read:
            topics = parts.topics(settings)
            return await draw_up(read, store, topics, await whole_range(read, topics))
    finally:
        await store.close()


async def _examine(settings: Settings, result: Result) -> None:
    """Beyond the account: every number, by itself, has exactly one outcome; the right ones are in the index; replays happened."""
    async with reader(parts.connection(settings)) as read:
        outcomes, replays = await _outcomes_by_number(read, settings)
        hits = [record.value async for record in all_records(read, parts.topics(settings).hits)]
    result.replays = replays + len(hits) - len({(hit.id, hit.index_version) for hit in map(decode_hit, hits)})
    result.replays += _replays_logged(settings)
    result.faults += result.account.faults()
    if not result.account.balanced:
        result.faults.append("the account does not balance")
    if set(outcomes) != set(range(POSTS)):
        result.faults.append(f"{POSTS - len(outcomes)} numbers have no outcome")
    twice = [number for number, letters in outcomes.items() if len(letters - {LETTERS["duplicate"]}) != 1]
    if twice:
        result.faults.append(f"{len(twice)} numbers have no single outcome, the first is {twice[0]}")
    wrong = [number for number, letters in outcomes.items() if (LETTERS["hit"] in letters) != expected_hit(number)]
    if wrong:
        result.faults.append(f"{len(wrong)} numbers have the wrong outcome, the first is {wrong[0]}")
    if result.account.rejected != BAD_LINES:
        result.faults.append(f"{result.account.rejected} lines were rejected, {BAD_LINES} were bad")
    if not result.replays:
        result.faults.append("nothing was replayed: the trial proved nothing")


async def _outcomes_by_number(read: Reader, settings: Settings) -> tuple[dict[int, set[str]], int]:
    """What `screened` says of each number, and how often it speaks of a record again."""
    topics = parts.topics(settings)
    fates: dict[tuple[int, int], str] = {}
    again = 0
    async for record in all_records(read, topics.screened):
        screened = decode_screened(record.value)
        for offset, fate in enumerate(screened.fates, screened.start):
            again += (screened.partition, offset) in fates
            fates.setdefault((screened.partition, offset), fate.outcomes)
    found: dict[int, set[str]] = {}
    async for record in all_records(read, topics.posts):
        for line, letter in zip(lines(record.value), fates.get((record.partition, record.offset), ""), strict=False):
            post = decode_post(line)
            if isinstance(post, Post):
                found.setdefault(int(post.native_id), set()).add(letter)
    return found, again


async def all_records(read: Reader, topic: str) -> AsyncIterator[Record]:
    """All records of a topic."""
    begins, ends = await read.begins(topic), await read.ends(topic)
    for partition, end in ends.items():
        async for record in read.records(topic, partition, begins[partition], end):
            yield record


def _replays_logged(settings: Settings) -> int:
    """Records that came again after their account was delivered: the worker passes over them and says so."""
    log = (settings.data / "logs" / "screening.log").read_text(encoding="utf-8")
    return log.count("came again")
