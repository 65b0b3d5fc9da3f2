"""Delivery through a Faust application's producer: the delivery itself is awaited, and tried again in place."""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from typing import Any

from pipeline import metrics
from pipeline.backoff import waits
from pipeline.delivery import Outgoing

log = logging.getLogger("fanal.outbox")

IN_FLIGHT = 500


class FaustOutbox:
    """See `pipeline.delivery.Outbox`. At most 500 records are in flight: behind an outage more would drain slowly."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._topics: dict[str, Any] = {}

    async def deliver(self, records: Sequence[Outgoing]) -> None:
        """Return when every record is acknowledged."""
        for start in range(0, len(records), IN_FLIGHT):
            await self._deliver(list(records[start : start + IN_FLIGHT]))

    async def _deliver(self, records: list[Outgoing]) -> None:
        for wait in waits():
            results = await asyncio.gather(*await self._queue(records), return_exceptions=True)
            pairs = zip(records, results, strict=True)
            failures = [(record, result) for record, result in pairs if isinstance(result, BaseException)]
            if not failures:
                return
            for record, failure in failures:
                if not isinstance(failure, Exception):
                    raise failure
                metrics.DELIVERY_RETRIES.labels(record.topic).inc()
            why = type(failures[0][1]).__name__
            log.warning("the broker did not acknowledge; trying again", extra={"records": len(failures), "why": why})
            records = [record for record, _ in failures]
            await asyncio.sleep(wait)

    async def _queue(self, records: Sequence[Outgoing]) -> list[Awaitable[Any]]:
        """Queue one after another, or the records of a key would not keep their order; the deliveries to await.

        Where one cannot be queued, it and those after it fail with the same error.
        """
        queued: list[Awaitable[Any]] = []
        for record in records:
            try:
                queued.append(await self._send(record))
            except Exception as error:
                failed = asyncio.get_running_loop().create_future()
                failed.set_exception(error)
                return queued + [failed] * (len(records) - len(queued))
        return queued

    async def _send(self, record: Outgoing) -> Awaitable[Any]:
        if record.topic not in self._topics:
            self._topics[record.topic] = topic(self._app, record.topic)
        delivery: Awaitable[Any] = await self._topics[record.topic].send(
            key=record.key, value=record.value, partition=record.partition, headers=dict(record.headers), force=True
        )
        return delivery


def topic(app: Any, name: str) -> Any:
    """A topic of the application that carries bytes as they are."""
    return app.topic(name, key_type=bytes, key_serializer="raw", value_type=bytes, value_serializer="raw")
