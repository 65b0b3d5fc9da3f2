"""A pipeline on the real servers: its workers as child processes, what is sent to it, and what it holds."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from pipeline.account import Account, Range
from pipeline.broker.producer import post_producer
from pipeline.broker.reader import Record, reader
from pipeline.broker.topics import Topics
from pipeline.commands import parts
from pipeline.commands.account import account_of
from pipeline.commands.setup import prepare
from pipeline.local.server import tethered
from pipeline.posts import Post
from pipeline.screen.clean import clean
from pipeline.settings import Settings
from tests.connected.worker import HIT_EVERY

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("kafka", "elasticsearch", "screen", "trends", "privacy", "serve")
PATIENCE_S = 60.0
WRITTEN = datetime(2026, 11, 1, 12, tzinfo=UTC)


def environment(settings: Settings) -> dict[str, str]:
    """The settings as the environment of a child process."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("FANAL_")}
    found |= {"FANAL_DATA": str(settings.data), "FANAL_CACHE": str(settings.cache)}
    for table in TABLES:
        for name, value in getattr(settings, table):
            if value is not None:
                said = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
                found[f"FANAL_{table}_{name}".upper()] = said
    return found


class Worker:
    """A worker as a child process."""

    def __init__(self, settings: Settings, role: str, name: str, fault: str) -> None:
        self.log = settings.data / f"{name}.log"
        self._port_file = settings.data / f"{name}.port"
        command = [sys.executable, "-m", "tests.connected.worker", role, str(self._port_file), fault]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*tethered(), *command], stdin=subprocess.DEVNULL, stderr=log, cwd=ROOT, env=environment(settings)
            )

    async def port(self) -> int:
        """The port that it announced."""
        await until(self._port_file.exists)
        announced = json.loads(self._port_file.read_text(encoding="utf-8"))
        assert announced["pid"] == self.process.pid
        return int(announced["port"])

    async def ask(self, path: str) -> tuple[int, str]:
        """The status and the text with which its port answers."""
        return await asyncio.to_thread(get, f"http://127.0.0.1:{await self.port()}{path}")

    async def ready(self) -> None:
        """Wait until partitions are assigned to it."""
        await self.port()
        deadline = time.monotonic() + PATIENCE_S
        while (await self.ask("/readyz"))[0] != 200:
            assert time.monotonic() < deadline, self.log.read_text(encoding="utf-8")
            await asyncio.sleep(0.2)

    async def counted(self, number: int) -> None:
        """Wait until it has counted so many posts: what follows from them is delivered then."""

        async def enough() -> bool:
            _, page = await self.ask("/metrics")
            return sum(float(count) for count in re.findall(r"^fanal_posts_total\{.*\} (\S+)$", page, re.M)) >= number

        await until_(enough)

    async def ended(self) -> int:
        """Wait for its end; the exit code."""
        await until(lambda: self.process.poll() is not None)
        assert self.process.returncode is not None
        return self.process.returncode

    def stop(self, seconds: float = 20) -> int:
        """Ask it to end and wait; it is killed, and `TimeoutExpired` raised, where it does not."""
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()


class Pipeline:
    """Topics and indices that are set up, and the workers that were started on them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.topics: Topics = parts.topics(settings)
        self._connection = parts.connection(settings)
        self.workers: list[Worker] = []

    def start(self, role: str, fault: str = "") -> Worker:
        """Start a worker."""
        worker = Worker(self.settings, role, f"{role}-{len(self.workers)}", fault)
        self.workers.append(worker)
        return worker

    def stop(self) -> None:
        """Stop the workers that run."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()

    async def send(self, *posts: Post, lines: int = 64) -> None:
        """Send posts, packed; returns when the broker has acknowledged them."""
        async with post_producer(self._connection, self.topics.posts, lines=lines) as into:
            for post in posts:
                await into.add(post)
            await into.flush()

    async def send_record(self, topic: str, value: bytes | None, partition: int = 0, **more: Any) -> int:
        """Send a record as it is; its offset."""
        producer = AIOKafkaProducer(max_request_size=30 << 20, **self._connection.aiokafka())
        await producer.start()
        try:
            return int((await producer.send_and_wait(topic, value, partition=partition, **more)).offset)
        finally:
            await producer.stop()

    async def ends(self) -> dict[int, int]:
        """The ends of `posts` now."""
        async with reader(self._connection) as read:
            return await read.ends(self.topics.posts)

    async def records(self, topic: str) -> list[Record]:
        """All records of a topic."""
        async with reader(self._connection) as read:
            begins, ends = await read.begins(topic), await read.ends(topic)
            spans = [read.records(topic, partition, begins[partition], end) for partition, end in ends.items()]
            return [record for span in spans async for record in span]

    async def account(self, until_: Callable[[Account], bool], since: dict[int, int] | None = None) -> Account:
        """The account of what came since, once it is as wanted."""
        of = await self._range(since) if since else None
        deadline = time.monotonic() + PATIENCE_S
        found = await account_of(self.settings, of)
        while not until_(found):
            assert time.monotonic() < deadline, f"{found.summary()} {found.faults()}\n{self.logs()}"
            await asyncio.sleep(0.3)
            found = await account_of(self.settings, of)
        return found

    async def balanced(self, since: dict[int, int] | None = None) -> Account:
        """The account of what came since, once it balances."""
        return await self.account(lambda found: found.came_in > 0 and found.balanced, since)

    async def _range(self, since: dict[int, int]) -> Range:
        return {partition: (since[partition], end) for partition, end in (await self.ends()).items()}

    def documents(self, kind: str = "hits") -> dict[str, dict[str, Any]]:
        """All documents of the index by id, with their `_version`."""
        where = f"{self.settings.elasticsearch.url}/{self.settings.elasticsearch.prefix}-{kind}"
        assert get(f"{where}/_refresh")[0] == 200
        _, found = get(f"{where}/_search?size=10000&version=true")
        return {hit["_id"]: hit["_source"] | {"_version": hit["_version"]} for hit in json.loads(found)["hits"]["hits"]}

    def logs(self) -> str:
        """What the workers logged."""
        return "".join(worker.log.read_text(encoding="utf-8") for worker in self.workers)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Pipeline]:
    """A pipeline that is set up, and whose workers end with it."""
    await prepare(settings)
    pipeline = Pipeline(settings)
    try:
        yield pipeline
    finally:
        pipeline.stop()


def get(url: str) -> tuple[int, str]:
    """Ask one of our own servers, past any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


async def until(true: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.1)


async def until_(true: Callable[[], Awaitable[bool]], seconds: float = PATIENCE_S) -> None:
    """The same for what must be asked of a server."""
    deadline = time.monotonic() + seconds
    while not await true():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.2)


def wording(number: int, *, hit: bool) -> str:
    """A text that the constant classifier takes for a hit, or does not."""
    texts = (f"post {number}, wording {attempt}: a ship sails" for attempt in count())
    return next(text for text in texts if is_hit(text) is hit)


def is_hit(text: str) -> bool:
    """Whether the constant classifier takes a text for a hit."""
    return zlib.crc32(clean(text).encode()) % HIT_EVERY == 0


def post(number: int, *, hit: bool = True, **changes: Any) -> Post:
    """A post of its own."""
    fields = {
        "native_id": f"{number}",
        "text": wording(number, hit=hit),
        "author_id": f"author-{number}",
        "author_handle": f"name{number}_example",
    }
    return Post(platform="push", created_at=WRITTEN, **{**fields, **changes})


def posts(numbers: Sequence[int]) -> Iterator[Post]:
    """Posts of which every second is a hit."""
    return (post(number, hit=number % 2 == 0) for number in numbers)
