"""One trial of the collector beside ill neighbours: a host that hangs, one that floods and one that sends garbage.

One collector reads two well sources beside them: an instance of Mastodon and a partner that pushes. How late their posts come is
measured while the neighbours are well, and then while all three are ill at once; nothing of theirs may be lost.
"""

import asyncio
import socket
import statistics
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from pipeline.benchmarks.machine import machine
from pipeline.broker.admin import set_up
from pipeline.broker.reader import reader
from pipeline.codec import decode_post, lines
from pipeline.commands import parts
from pipeline.posts import Post
from pipeline.settings import KafkaSettings, ServeSettings, Settings
from tests.chaos.collector import Collecting
from tests.chaos.platforms.ill import ILLS, Host
from tests.chaos.trial import all_records
from tests.connected.own_broker import OwnBroker
from tests.fakes_mastodon import Instance, status
from tests.fakes_mastodon.statuses import HOST
from tests.fakes_push import SECRET, Client, line, ndjson

EVERY_S = 0.1
LATER_BY_S = 0.5
"""How much later than beside well neighbours the 99th of a hundred posts may come: of ten minutes' hang, a twelve-hundredth."""
SETTLE_S = 5.0


@dataclass(slots=True)
class Steady:
    """What a well source sent, by the wall clock, and when the broker had it."""

    sent: dict[str, float] = field(default_factory=dict)
    arrived: dict[str, float] = field(default_factory=dict)

    def lags(self, begin: float, end: float) -> list[float]:
        """How late those came that were sent between two times, the soonest first."""
        return sorted(
            self.arrived[one] - at for one, at in self.sent.items() if begin <= at < end and one in self.arrived
        )

    @property
    def lost(self) -> int:
        """So many never came."""
        return len(self.sent.keys() - self.arrived.keys())


@dataclass(slots=True)
class Result:
    """What a trial came to."""

    minutes: float
    sources: dict[str, Steady]
    calm: tuple[float, float]
    ill: tuple[float, float]
    others: dict[str, int] = field(default_factory=dict)
    rss_mb: tuple[float, float] = (0.0, 0.0)
    ends: int = 0

    def row(self) -> dict[str, Any]:
        """As JSON."""
        rows = {name: self._of(one) for name, one in self.sources.items()}
        memory = {"rss_mb_calm": self.rss_mb[0], "rss_mb_ill": self.rss_mb[1]}
        return {"trial": "neighbours", "machine": machine(), "minutes": self.minutes, **rows, "beside": self.others} | {
            **memory,
            "faults": self.faults,
        }

    def _of(self, one: Steady) -> dict[str, Any]:
        return {"sent": len(one.sent), "lost": one.lost} | {
            f"{name}_{phase}_s": round(value, 3)
            for phase, span in (("calm", self.calm), ("ill", self.ill))
            for name, value in _figures(one.lags(*span)).items()
        }

    @property
    def faults(self) -> list[str]:
        """What is wrong, in words."""
        found = [f"{name} lost {one.lost}" for name, one in self.sources.items() if one.lost]
        for name, one in self.sources.items():
            calm, ill = _figures(one.lags(*self.calm)), _figures(one.lags(*self.ill))
            if ill["p99"] > calm["p99"] + LATER_BY_S:
                found.append(f"{name} came {ill['p99']:.2f} s late beside ill neighbours, {calm['p99']:.2f} s before")
        if self.ends:
            found.append(f"the collector ended {self.ends} times")
        return found


def _figures(lags: Sequence[float]) -> dict[str, float]:
    if not lags:
        return {"median": float("nan"), "p99": float("inf"), "max": float("inf")}
    return {"median": statistics.median(lags), "p99": lags[min(len(lags) - 1, int(len(lags) * 0.99))], "max": lags[-1]}


async def trial(
    broker: OwnBroker, folder: Path, minutes: float, calm_s: float | None = None, say: Callable[[str], None] = print
) -> Result:
    """Run one trial on a broker that runs: calm for a minute, or as long as the neighbours are ill if that is shorter."""
    calm_s = min(60.0, minutes * 60) if calm_s is None else calm_s
    settings = _settings(broker, folder)
    await asyncio.to_thread(set_up, parts.connection(settings), parts.topic_specs(settings))
    instance, sources = Instance(), {"mastodon": Steady(), "push": Steady()}
    hosts = [Host(ill) for ill in ILLS]
    try:
        async with instance.running(), _collecting(settings, instance, hosts) as collecting:
            await asyncio.wait_for(instance.opened.wait(), 60)
            await asyncio.sleep(2)
            result = await _measured(settings, (collecting, instance, hosts), sources, (calm_s, minutes * 60), say)
    finally:
        for host in hosts:
            host.stop()
    result.ends = collecting.ends
    say("counting what stands on the topic")
    await _count(settings, result)
    return result


def _settings(broker: OwnBroker, folder: Path) -> Settings:
    name = f"beside-{time.monotonic_ns() % 10**9}"
    (folder / name).mkdir(parents=True)
    (folder / name / "push.secret").write_bytes(SECRET)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kafka = KafkaSettings(bootstrap=broker.bootstrap, prefix=f"{name}.", partitions=3, session_timeout_s=6)
    return Settings(data=folder / name, kafka=kafka, serve=ServeSettings(push_port=port))


@asynccontextmanager
async def _collecting(settings: Settings, instance: Instance, hosts: Sequence[Host]) -> AsyncIterator[Collecting]:
    tables = [
        f'[sources.mastodon]\nkind = "mastodon"\nbase_url = "{instance.url}"\nprivate = true',
        f'[sources.push]\nkind = "push"\nplatforms = ["push"]\nsecret_file = "{settings.data / "push.secret"}"',
    ]
    tables += [f'[sources.{one.ill}]\nkind = "bluesky"\nwire = "v2"\nhosts = ["{one.start()}"]' for one in hosts]
    config = settings.data / "sources.toml"
    config.write_text("\n\n".join(tables), encoding="utf-8")
    collecting = Collecting(settings, config)
    keeping = asyncio.create_task(collecting.keep())
    try:
        await asyncio.wait_for(collecting.is_up(), 60)
        yield collecting
    finally:
        keeping.cancel()
        await collecting.stop()


async def _measured(
    settings: Settings,
    running: tuple[Collecting, Instance, Sequence[Host]],
    sources: dict[str, Steady],
    spans_s: tuple[float, float],
    say: Callable[[str], None],
) -> Result:
    """Send while the neighbours are well, then while they are ill."""
    collecting, instance, hosts = running
    sending = [
        asyncio.create_task(_post(instance, sources["mastodon"])),
        asyncio.create_task(_push(settings, sources["push"])),
    ]
    began = time.time()
    say(f"neighbours are well for {spans_s[0]:.0f} s")
    await asyncio.sleep(spans_s[0])
    before = _memory(collecting)
    for host in hosts:
        host.fall_ill()
    fell = time.time()
    say(f"neighbours are ill for {spans_s[1]:.0f} s: {', '.join(ILLS)}")
    await asyncio.sleep(spans_s[1])
    ended, after = time.time(), _memory(collecting)
    for one in sending:
        one.cancel()
    await asyncio.sleep(SETTLE_S)
    return Result(spans_s[1] / 60, sources, (began, fell), (fell, ended), rss_mb=(before, after))


def _memory(collecting: Collecting) -> float:
    """The resident memory of the collector, in MB: of the tether and what it holds."""
    process = psutil.Process(collecting.pid)
    return round(sum(one.memory_info().rss for one in (process, *process.children(recursive=True))) / 1e6, 1)


async def _post(instance: Instance, steady: Steady) -> None:
    """A status ten times a second."""
    number = 0
    while True:
        number += 1
        shown = status(number)
        steady.sent[f"{HOST}/{shown['id']}"] = time.time()
        instance.post(shown)
        await asyncio.sleep(EVERY_S)


async def _push(settings: Settings, steady: Steady) -> None:
    """A body of one post ten times a second; those that are not taken at once count as lost."""
    async with aiohttp.ClientSession() as http:
        client = Client(f"http://127.0.0.1:{settings.serve.push_port}", http, source="push")
        number = 0
        while True:
            number += 1
            steady.sent[f"n-{number}"] = time.time()
            answer = await client.send(ndjson(line(number)), Idempotency_Key=f"k-{number}")
            if answer.status != 202:
                del steady.sent[f"n-{number}"]
                steady.sent[f"refused-{number}"] = time.time()
            await asyncio.sleep(EVERY_S)


async def _count(settings: Settings, result: Result) -> None:
    """When the broker had each post of the well sources, and how much of the others it took."""
    names = {name: f'"{name}"'.encode() for name in result.sources}
    others = 0
    async with reader(parts.connection(settings)) as read:
        async for record in all_records(read, parts.topics(settings).posts):
            if not any(name in record.value for name in names.values()):
                others += record.value.count(b"\n") + 1
                continue
            for post in map(decode_post, lines(record.value)):
                if isinstance(post, Post) and post.source_id in result.sources:
                    arrived = result.sources[post.source_id].arrived
                    arrived.setdefault(post.native_id, record.timestamp_ms / 1000)
                else:
                    others += 1
        letters = await read.ends(parts.topics(settings).rejected)
    result.others = {"posts": others, "rejected": sum(letters.values())}
