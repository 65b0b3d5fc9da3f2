"""The second half of the trends: sightings in their one order, the state of all series, alerts out.

The state is written to the topic `trends` every ten minutes with the offset that it stands for. A worker that takes the
partition over reads the last state and the sightings after it, in silence up to where the one before had acknowledged: those
alerts are delivered. So nothing is counted twice or left out, whoever works and however it ended.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
from aiokafka.errors import KafkaError

from pipeline import metrics
from pipeline.backoff import waits
from pipeline.broker.reader import Reader, Record
from pipeline.broker.topics import Topics
from pipeline.delivery import Outbox, Outgoing
from pipeline.errors import FanalError
from pipeline.labels import closed, kinds
from pipeline.trends.alerts import Alert, encode_alert
from pipeline.trends.saved import restore, save
from pipeline.trends.spikes import Sightings, Spikes

log = logging.getLogger("fanal.spiking")

RECORDS = 256
WITHIN_S = 1.0
STATE_KEY = b"spikes"
OFFSET = "offset"
_TAIL = 5

_sightings = msgspec.json.Decoder(Sightings)

Open = Callable[[], AbstractAsyncContextManager[Reader]]


class SpikesAgent:
    """Takes records of `sightings`, delivers the alerts of the minutes that they close, saves the state now and then."""

    def __init__(self, new: Callable[[], Spikes], outbox: Outbox, topics: Topics, open_: Open, save_s: float) -> None:
        self._new = new
        self._outbox = outbox
        self._topics = topics
        self._open = open_
        self._save_s = save_s
        self._spikes = new()
        self._next = -1
        self._saved_at = time.monotonic()

    async def __call__(self, stream: Any) -> None:
        """The agent's loop; ends with the worker."""
        async for events in stream.noack_take(RECORDS, within=WITHIN_S):
            await self._take(events)
            for event in events:
                await stream.ack(event)

    async def _take(self, events: Sequence[Any]) -> None:
        alerts: list[Alert] = []
        for message in (event.message for event in events):
            if message.offset != self._next:
                await self._recall(message.offset)
            if message.offset == self._next:
                alerts += await asyncio.to_thread(self._see, message.value or b"", message.timestamp)
                self._next += 1
        await self._deliver(alerts)
        if time.monotonic() - self._saved_at > self._save_s:
            await self._save()

    def _see(self, value: bytes, at_s: float) -> list[Alert]:
        try:
            record = _sightings.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning("a sighting cannot be read; passed over", extra={"why": type(error).__name__})
            return []
        late = self._spikes.late
        alerts = self._spikes.take(record, at_s)
        metrics.LATE_HITS.inc(self._spikes.late - late)
        return alerts

    async def _deliver(self, alerts: Sequence[Alert]) -> None:
        await self._outbox.deliver(
            [Outgoing(self._topics.alerts, encode_alert(alert), key=alert.id.encode(), partition=0) for alert in alerts]
        )
        for alert in alerts:
            log.info("a series spikes", extra={"kind": alert.kind, "window": alert.window_min, "voices": alert.voices})
            metrics.SPIKES.labels(closed(alert.kind, kinds())).inc()
        show(self._spikes)

    async def _save(self) -> None:
        state = await asyncio.to_thread(save, self._spikes)
        headers = {OFFSET: str(self._next).encode()}
        await self._outbox.deliver([Outgoing(self._topics.trends, state, STATE_KEY, 0, headers)])
        self._saved_at = time.monotonic()

    async def _recall(self, offset: int) -> None:
        """Stand where the worker before stood when it had taken all before this offset. While the broker is away it waits.

        `offset` itself may be one that the state holds already (it was taken, but not acknowledged): then it is passed over.
        """
        for wait in waits():
            try:
                async with self._open() as read:
                    await self._load(read)
                    await self._catch_up(read, offset)
                return
            except (FanalError, KafkaError, OSError) as error:
                log.warning("the state of the trends cannot be read; waiting", extra={"why": type(error).__name__})
                await asyncio.sleep(wait)

    async def _load(self, read: Reader) -> None:
        topic = self._topics.trends
        end = (await read.ends(topic))[0]
        begin = max((await read.begins(topic))[0], end - _TAIL)
        self._spikes, self._next = self._new(), (await read.begins(self._topics.sightings))[0]
        async for record in read.records(topic, 0, begin, end):
            self._restore(record)

    def _restore(self, record: Record) -> None:
        spikes = self._new()
        try:
            restore(record.value, spikes)
            self._spikes, self._next = spikes, int(record.headers[OFFSET])
        except (ValueError, KeyError) as error:
            log.warning("a state of the trends is of no use; passed over", extra={"why": str(error)[:100]})

    async def _catch_up(self, read: Reader, offset: int) -> None:
        async for record in read.records(self._topics.sightings, 0, self._next, offset):
            await asyncio.to_thread(self._see, record.value, record.timestamp_ms / 1000)
        self._next = max(self._next, offset)


def show(spikes: Spikes) -> None:
    """Set the gauges: the 50 most unusual series, and how many series are in a spike by kind."""
    metrics.SERIES_SURPRISE.clear()
    for one in spikes.unusual:
        metrics.SERIES_SURPRISE.labels(*one.series).set(one.surprise)
    counted = Counter(closed(series.kind, kinds()) for series in spikes.open)
    for kind in {closed(series.kind, kinds()) for series in spikes.register.rows}:
        metrics.OPEN_SPIKES.labels(kind).set(counted[kind])
        metrics.SPIKES.labels(kind).inc(0)
