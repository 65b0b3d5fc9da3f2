"""A million events as fast as they go: memory stays flat, no task stays behind, the cursor stands at the end, all arrived.

    python -m tests.fakes_jetstream.soak --events 1000000 --wire v2

The host runs in a process of its own, so that what is measured is the reader alone. Exit 1 if a promise is broken.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import psutil

from pipeline.benchmarks.machine import machine
from pipeline.posts import Erasure, Post
from pipeline.sources.connector import Event, Step
from pipeline.sources.jetstream import Jetstream
from pipeline.sources.jetstream_wire import Wire
from tests.fakes_jetstream.events import Synthetic
from tests.fakes_jetstream.server import FakeJetstream

_MASK = (1 << 64) - 1
_WARM = 10
"""The first part of the events of so many, after which memory is measured first."""


class Tally:
    """How many events came, and a sum over who they were that does not depend on their order."""

    def __init__(self) -> None:
        self.count = 0
        self.sum = 0

    def add(self, one: str, other: str) -> None:
        """Add an event by its names."""
        self.count += 1
        self.sum = (self.sum + hash((one, other))) & _MASK

    def take(self, event: Event) -> None:
        """Add what a connector gave."""
        if isinstance(event, Post):
            self.add(event.native_id, event.version)
        elif isinstance(event, Erasure):
            self.add(event.native_id or "", event.author_id or "")


def sent(events: Synthetic) -> Tally:
    """What must arrive of these events."""
    tally = Tally()
    for one in events:
        if one.kind == "commit":
            tally.add(one.name, one.version)
        elif one.kind == "account" and '"desynchronized"' not in one.body:
            tally.add("", one.did)
    return tally


def serve(events: Synthetic, told: Connection) -> None:
    """Be the host until the other side of the pipe goes."""

    async def run() -> None:
        async with FakeJetstream(events) as server:
            told.send(server.url)
            await asyncio.to_thread(told.poll, None)

    asyncio.run(run())


async def read(url: str, events: Synthetic, wire: Wire, expected: Tally) -> tuple[dict[str, Any], Tally]:
    """Read all events and measure on the way."""
    source = Jetstream("soak", wire, [url])
    tally, process, began = Tally(), psutil.Process(), time.perf_counter()
    tasks, memory, cpu = asyncio.all_tasks(), 0, time.process_time()
    last: Step | None = None
    gaps = 0
    begin = {"time_us": str(events[0].time_us)}
    async with aclosing(source.steps(begin)) as steps:
        async for step in steps:
            for event in step.events:
                tally.take(event)
            last = step
            gaps += step.gaps
            if not memory and tally.count > len(events) // _WARM:
                memory = process.memory_info().rss
            if _at_end(step, tally, expected, len(events)):
                break
    spent, after = time.perf_counter() - began, process.memory_info().rss
    row: dict[str, Any] = {"events_per_s": round(len(events) / spent), "cpu_s": round(time.process_time() - cpu, 1)}
    row |= {"rss_mb_before": round(memory / 2**20, 1), "rss_mb_after": round(after / 2**20, 1)}
    row |= {
        "tasks_left": len(asyncio.all_tasks() - tasks),
        "cursor": last.cursor if last else None,
        "gaps": gaps,
    }
    return row | {"flat": after <= memory * 1.1}, tally


def _at_end(step: Step, tally: Tally, expected: Tally, count: int) -> bool:
    """Whether all came: on v2 the last number, too (the last events may be none of ours)."""
    seq = (step.cursor or {}).get("seq")
    return tally.count >= expected.count and (seq is None or int(seq) == count)


def main() -> int:
    """Run it and print a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--wire", choices=("v1", "v2"), default="v2")
    chosen = parser.parse_args()
    events = Synthetic(chosen.events, seed=1, start=datetime.now(UTC) - timedelta(seconds=chosen.events / 1000))
    expected = sent(events)
    ours, theirs = get_context("fork").Pipe()
    host = get_context("fork").Process(target=serve, args=(events, theirs))
    host.start()
    try:
        row, received = asyncio.run(read(ours.recv(), events, chosen.wire, expected))
    finally:
        ours.send("end")
        host.join(10)
    whole = (received.count, received.sum) == (expected.count, expected.sum)
    row = {"soak": "jetstream", "machine": machine(), "wire": chosen.wire, "events": chosen.events} | row
    print(
        json.dumps(
            row
            | {
                "posts_and_erasures": received.count,
                "expected": expected.count,
                "whole": whole,
                "load": os.getloadavg()[0],
            }
        )
    )
    return 0 if whole and row["flat"] and not row["tasks_left"] else 1


if __name__ == "__main__":
    sys.exit(main())
