"""Hits as they come: the tail of the topic `hits`, a line each."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from rich.text import Text

from pipeline.broker.connection import Connection
from pipeline.codec import decode_hit
from pipeline.commands.terminal import ERR, OUT
from pipeline.posts import Hit

STYLES = {"offers": "bold red", "exploitation": "bold magenta", "protection": "bold cyan"}
SHOWN = 90


class Hits:
    """The hits that come from now on."""

    def __init__(self, connection: Connection, topic: str) -> None:
        self._consumer: Any = AIOKafkaConsumer(enable_auto_commit=False, **connection.aiokafka())
        self._topic = topic

    async def __aenter__(self) -> "Hits":
        async with AsyncExitStack() as undo:
            undo.push_async_callback(self._consumer.stop)
            await self._begin()
            undo.pop_all()
        return self

    async def _begin(self) -> None:
        await self._consumer.start()
        await self._consumer._client.force_metadata_update()
        partitions = [
            TopicPartition(self._topic, p) for p in sorted(self._consumer.partitions_for_topic(self._topic) or ())
        ]
        self._consumer.assign(partitions)
        await self._consumer.seek_to_end(*partitions)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    async def each(self, show: Callable[[Hit], None]) -> None:
        """Call `show` for each hit until cancelled; a hit that comes again is shown once."""
        shown: set[tuple[str, int]] = set()
        while True:
            for records in (await self._consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    hit = _read(record.value)
                    if hit and (hit.id, hit.index_version) not in shown:
                        shown.add((hit.id, hit.index_version))
                        show(hit)
            await asyncio.sleep(0)


def _read(value: bytes | None) -> Hit | None:
    try:
        return decode_hit(value or b"")
    except msgspec.DecodeError:
        return None


def print_hit(hit: Hit, *, to_stdout: bool) -> None:
    """One line: lane, kind, level, score, language, platform, the masked text."""
    document = hit.document
    line = Text()
    line.append(f"{document.created_at:%d %b %H:%M}  ", style="dim")
    line.append(f"{document.lane:<13}", style=STYLES.get(document.lane, ""))
    line.append(f"{document.kind:<20}{document.level:<7}{document.scores.get(document.kind, 0):.2f}  ")
    line.append(f"{document.lang:<4}{document.platform:<9}", style="dim")
    text = " ".join(document.text.split())
    line.append(text[:SHOWN] + ("…" if len(text) > SHOWN else ""))
    (OUT if to_stdout else ERR).print(line, soft_wrap=True)
