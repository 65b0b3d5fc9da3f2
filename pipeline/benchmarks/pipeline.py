"""`fanal bench pipeline`: how many posts a second go through, and how long each takes until a search finds its hit.

Two measurements on servers of its own, for records of one post and of packed posts:

* *full rate*: the topic is filled first, then the workers start; the rate follows from the broker's own times of `screened`
  between the first and the last tenth, so that starting up does not count;
* *latency*: posts arrive at half the full rate (or `rate`); for each hit the time from the broker's timestamp of its record
  until a search finds it, asked ten times a second.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.account import draw_up, whole_range
from pipeline.benchmarks.load import posts
from pipeline.benchmarks.processes import Meter, Use
from pipeline.broker.admin import set_up
from pipeline.broker.producer import LINGER_S, post_producer
from pipeline.broker.reader import reader
from pipeline.children import Children
from pipeline.codec import decode_screened
from pipeline.commands import parts
from pipeline.errors import Unavailable
from pipeline.index.shown import Filters
from pipeline.local.stack import LocalStack
from pipeline.posts import Post
from pipeline.settings import ElasticsearchSettings, KafkaSettings, Settings

PARTITIONS = 12
LATENCY_S = 20.0
POLL_S = 0.1
PATIENCE_S = 900.0
ASKED_S = 2.0  # between two looks at what is done: the look itself takes from the cores that are measured


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: so many posts of `source`, or of the samples; the latency always by the samples, for it needs hits."""

    count: int
    constant: int | None
    rate: float | None
    keys: dict[str, str]
    say: Callable[[str], None]
    source: Sequence[Post] | None = None


@dataclass(slots=True)
class Figures:
    """What came out, for one way of packing."""

    pack: int
    posts: int
    posts_per_s: float
    hits: int = 0
    hits_per_s: float = 0.0
    rate: float = 0.0
    p50_s: float = 0.0
    p99_s: float = 0.0
    measured_hits: int = 0
    balanced: bool = False
    use: dict[str, Use] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """As JSON: totals, and each process by name."""
        row = asdict(self)
        row["cpu_s"] = round(sum(one.cpu_s for one in self.use.values()), 1)
        row["rss_mb"] = round(sum(one.rss_mb for one in self.use.values()), 1)
        return row


async def measure(stack: LocalStack, data: Path, pack: int, plan: Plan) -> Figures:
    """Measure one way of packing, on topics and indices of its own."""
    settings = _settings(stack, data, pack)
    await asyncio.to_thread(set_up, parts.connection(settings), parts.topic_specs(settings))
    store = parts.store(settings)
    await store.set_up()
    try:
        plan.say(f"filling the topic with {plan.count} posts, {pack} a record")
        await _fill(settings, plan, pack)
        with _workers(settings, plan) as children:
            meter = Meter(children.pids() | stack.pids())
            await _until_done(settings, store)
            figures = await _full_rate(settings, store, pack, plan)
            plan.say(
                f"{figures.posts_per_s:.0f} posts/s; now the latency at {plan.rate or figures.posts_per_s / 2:.0f} posts/s"
            )
            await _latency(settings, store, figures, plan)
            figures.use = meter.use()
    finally:
        await store.close()
    return figures


def _settings(stack: LocalStack, data: Path, pack: int) -> Settings:
    name = f"bench{pack}-{int(time.time())}"
    where = stack.endpoints
    return Settings(
        data=data / name,
        kafka=KafkaSettings(bootstrap=where.kafka, prefix=f"{name}-", partitions=PARTITIONS),
        elasticsearch=ElasticsearchSettings(url=where.elasticsearch, prefix=name),
    )


async def _fill(settings: Settings, plan: Plan, pack: int) -> None:
    async with post_producer(parts.connection(settings), parts.topics(settings).posts, lines=pack) as into:
        for post in posts(plan.count, "full", own_text=bool(plan.constant), source=plan.source):
            await into.add(post)
        await into.flush()


@contextmanager
def _workers(settings: Settings, plan: Plan) -> Iterator[Children]:
    environment = plan.keys | {
        "FANAL_DATA": str(settings.data),
        "FANAL_KAFKA_BOOTSTRAP": str(settings.kafka.bootstrap),
        "FANAL_KAFKA_PREFIX": settings.kafka.prefix,
        "FANAL_KAFKA_PARTITIONS": str(PARTITIONS),
        "FANAL_ELASTICSEARCH_URL": str(settings.elasticsearch.url),
        "FANAL_ELASTICSEARCH_PREFIX": settings.elasticsearch.prefix,
    }
    flags = ["--constant", str(plan.constant)] if plan.constant else []
    with Children(settings.data / "logs") as children:
        for role in ("screening", "indexing"):
            children.start(role, [sys.executable, "-m", "pipeline.benchmarks.worker", role, *flags], environment)
        yield children


async def _until_done(settings: Settings, store: Any) -> None:
    """Wait until the account balances."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if await _screened_all(settings) and await _balanced(settings, store):
            return
        await asyncio.sleep(ASKED_S)
    raise Unavailable(f"the posts were not all accounted for within {PATIENCE_S:.0f} s; see {settings.data / 'logs'}")


async def _screened_all(settings: Settings) -> bool:
    """Cheaply: whether the last record of each partition has its account."""
    topics = parts.topics(settings)
    async with reader(parts.connection(settings)) as read:
        wanted, ends = await read.ends(topics.posts), await read.ends(topics.screened)
        for partition, end in wanted.items():
            if not end:
                continue
            start = max(0, ends[partition] - 1)
            last = [r async for r in read.records(topics.screened, partition, start, ends[partition])]
            screened = decode_screened(last[0].value) if last else None
            if screened is None or screened.start + len(screened.fates) < end:
                return False
    return True


async def _balanced(settings: Settings, store: Any) -> bool:
    topics = parts.topics(settings)
    async with reader(parts.connection(settings)) as read:
        return (await draw_up(read, store, topics, await whole_range(read, topics))).balanced


async def _full_rate(settings: Settings, store: Any, pack: int, plan: Plan) -> Figures:
    """The rate between the first and the last tenth of what was screened, by the broker's clock."""
    topics = parts.topics(settings)
    times: list[tuple[int, int]] = []
    async with reader(parts.connection(settings)) as read:
        begins, ends = await read.begins(topics.screened), await read.ends(topics.screened)
        for partition, end in ends.items():
            async for record in read.records(topics.screened, partition, begins[partition], end):
                fates = decode_screened(record.value).fates
                times.append((record.timestamp_ms, sum(len(fate.outcomes) for fate in fates)))
        account = await draw_up(read, store, topics, await whole_range(read, topics))
    rate = _rate(sorted(times))
    return Figures(pack, plan.count, rate, account.hits, rate * account.hits / plan.count, balanced=account.balanced)


def _rate(times: list[tuple[int, int]]) -> float:
    """Posts a second over the middle eight tenths of the posts."""
    total = sum(count for _, count in times)
    done, first, last = 0, times[0], times[-1]
    counted = 0
    for moment, count in times:
        done += count
        if done <= total / 10:
            first = (moment, done)
        elif done <= total * 9 / 10:
            last, counted = (moment, done), counted + count
    return counted / max(0.001, (last[0] - first[0]) / 1000)


async def _latency(settings: Settings, store: Any, figures: Figures, plan: Plan) -> None:
    figures.rate = round(plan.rate or figures.posts_per_s / 2, 1)
    seen: dict[str, float] = {}
    following = asyncio.create_task(_follow(store, seen, datetime.now(UTC)))
    await _produce_at(settings, figures.rate, figures.pack, own_text=bool(plan.constant))
    await _until_done(settings, store)
    await asyncio.sleep(2)
    following.cancel()
    latencies = sorted(seen.values())
    figures.measured_hits = len(latencies)
    if latencies:
        figures.p50_s = round(statistics.median(latencies), 3)
        figures.p99_s = round(latencies[min(len(latencies) - 1, int(len(latencies) * 0.99))], 3)


async def _produce_at(settings: Settings, rate: float, pack: int, *, own_text: bool) -> None:
    """Posts at a rate, packed as a collector packs: what arrives within 50 ms."""
    async with post_producer(parts.connection(settings), parts.topics(settings).posts, lines=pack) as into:
        began = time.monotonic()
        sent, total = 0, int(rate * LATENCY_S)
        stream = posts(total, "latency", own_text=own_text)
        while sent < total:
            due = min(total, int((time.monotonic() - began) * rate) + 1)
            for _ in range(due - sent):
                await into.add(next(stream))
            sent = due
            await into.send_waiting()
            await asyncio.sleep(LINGER_S)
        await into.flush()


async def _follow(store: Any, seen: dict[str, float], since: datetime) -> None:
    """Ask ten times a second which hits a search finds; note how old each is when it is first found."""
    cursor = (await store.recent(Filters(), 1)).newer
    known: set[str] = set()
    while True:
        page = await store.recent(Filters(), 500, newer=cursor)
        now = datetime.now(UTC)
        cursor = page.newer or cursor
        for hit in page.hits:
            received = datetime.fromisoformat(hit["received_at"])
            if hit["id"] not in known and received >= since:
                known.add(hit["id"])
                seen[hit["id"]] = (now - received).total_seconds()
        await asyncio.sleep(POLL_S)
