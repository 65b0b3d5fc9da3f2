"""One trial of the collector: platforms send, `kill -9` meets the collector and the broker, and all must be on the topics.

Whatever was sent is there afterwards, nothing else is, and what is there twice is what de-duplication takes away. One collector
reads all sources of a trial at once.
"""

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from pipeline.broker.admin import set_up
from pipeline.broker.cursors import SourceState, read_states
from pipeline.broker.reader import reader
from pipeline.commands import parts
from pipeline.errors import BrokerUnavailable
from pipeline.settings import KafkaSettings, ServeSettings, Settings
from tests.chaos.arrivals import Arrived, arrivals
from tests.chaos.collected import Deaths, Result
from tests.chaos.collector import Collecting
from tests.chaos.platforms import PLATFORMS
from tests.chaos.platforms.sending import Extent, Platform
from tests.connected.own_broker import OwnBroker

SETTLE_S = 120.0
FIRST_S = 60.0
OFTEN = Deaths()


async def trial(
    broker: OwnBroker, folder: Path, seed: int, kinds: Sequence[str], *, deaths: Deaths = OFTEN, posts: int = 600
) -> Result:
    """Run one trial on a broker that runs, and runs afterwards."""
    began = time.monotonic()
    settings = _settings(broker, folder, seed)
    extent = Extent(seed, settings.data, parts.connection(settings), settings.serve.push_port, posts)
    result = Result(seed, deaths, platforms={kind: PLATFORMS[kind](extent) for kind in kinds})
    async with _collected(settings, result) as collecting:
        await _promised(settings, result.platforms)
        flows = [one.flow() for one in result.platforms.values()]
        await asyncio.gather(_kill(collecting, broker, random.Random(seed), deaths), *flows)
        await _settle(settings, result)
    result.ends = collecting.ends
    result.arrived = await _arrived(settings, result)
    result.faults += await _ill_kept(settings, kinds)
    result.seconds = time.monotonic() - began
    return result


def _settings(broker: OwnBroker, folder: Path, seed: int) -> Settings:
    name = f"kill{seed}-{time.monotonic_ns() % 10**9}"
    (folder / name).mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kafka = KafkaSettings(bootstrap=broker.bootstrap, prefix=f"{name}.", partitions=3, session_timeout_s=6)
    return Settings(data=folder / name, kafka=kafka, serve=ServeSettings(push_port=port))


@asynccontextmanager
async def _collected(settings: Settings, result: Result) -> AsyncIterator[Collecting]:
    """Platforms that serve, topics, and a collector that reads them; it is asked to end afterwards, and must."""
    await asyncio.to_thread(set_up, parts.connection(settings), parts.topic_specs(settings))
    config = settings.data / "sources.toml"
    async with AsyncExitStack() as stack:
        tables = []
        for kind, one in result.platforms.items():
            lines = await stack.enter_async_context(one.running())
            tables.append(f'[sources.{kind}]\nkind = "{kind}"\n{lines}\n')
        config.write_text("\n".join(tables), encoding="utf-8")
        collecting = Collecting(settings, config)
        keeping = asyncio.create_task(collecting.keep())
        try:
            yield collecting
        finally:
            keeping.cancel()
            if code := await collecting.stop():
                result.faults.append(f"the collector ended with {code}")


async def _states(settings: Settings) -> dict[str, SourceState]:
    async with reader(parts.connection(settings)) as read:
        return await read_states(read, parts.topics(settings).cursors)


async def _promised(settings: Settings, platforms: Mapping[str, Platform]) -> None:
    """Wait for the first cursor of whoever reads from now on: until it is kept, a collector that dies begins later."""
    wanted = {kind for kind, one in platforms.items() if one.from_now}
    async with asyncio.timeout(FIRST_S):
        while wanted - {name for name, state in (await _states(settings)).items() if state.cursor}:  # noqa: ASYNC110 - a topic tells nobody
            await asyncio.sleep(0.1)


async def _kill(collecting: Collecting, broker: OwnBroker, dice: random.Random, deaths: Deaths) -> None:
    """Kill the collector at random moments after it came up, and the broker at any, in a random order.

    Half of the collectors that saw the broker die are killed soon after it came back: they hold what was not delivered, and
    cursors can be written again.
    """
    revival: asyncio.Task[None] | None = None
    victims = ["collector"] * deaths.collector + ["broker"] * deaths.broker
    dice.shuffle(victims)
    for victim in victims:
        if victim == "collector":
            await collecting.is_up()
            if revival and not revival.done() and dice.random() < 0.5:
                await revival
            await asyncio.sleep(dice.uniform(0, 2.5))
            await asyncio.to_thread(collecting.kill)
        else:
            if revival:
                await revival
            await asyncio.sleep(dice.uniform(0, 2.5))
            await asyncio.to_thread(broker.kill)
            revival = asyncio.create_task(_revive(broker, dice.uniform(0, 1.5)))
    if revival:
        await revival


async def _revive(broker: OwnBroker, pause_s: float) -> None:
    await asyncio.sleep(pause_s)
    await asyncio.to_thread(broker.start)


async def _arrived(settings: Settings, result: Result) -> dict[str, Arrived]:
    async with reader(parts.connection(settings)) as read:
        return await arrivals(read, parts.topics(settings), result.platforms)


async def _settle(settings: Settings, result: Result) -> None:
    """Wait until all is there that was sent; where that does not come, what is examined afterwards says so."""
    deadline = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline:
        with suppress(BrokerUnavailable):
            found = await _arrived(settings, result)
            if not any(found[kind].lost(one.sent) for kind, one in result.platforms.items()):
                return
        await asyncio.sleep(0.5)


async def _ill_kept(settings: Settings, kinds: Sequence[str]) -> list[str]:
    """Sources whose last state is not that of one that was read to its end or stopped in order."""
    states = await _states(settings)
    good = [
        kind for kind in kinds if kind in states and states[kind].cursor and states[kind].status in ("stopped", "ended")
    ]
    return [f"the state of {kind} is not kept" for kind in kinds if kind not in good]
