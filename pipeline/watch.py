"""Lag and liveness, measured against the broker and from a thread of its own, so that a stuck loop is seen.

Progress is liveness: a worker is alive while acknowledged offsets move or nothing waits. Faust workers have been seen to stop
silently (faust-streaming issues 175, 523, 629, 640); a worker that stands still ends itself and is started again.
"""

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kafka import TopicPartition
from kafka.admin import OffsetSpec

from pipeline import metrics
from pipeline.broker.admin import admin
from pipeline.broker.connection import Connection
from pipeline.errors import FanalError

log = logging.getLogger("fanal.watch")

EVERY_S = 5.0
SILENT_S = 15.0
"""After so long without an answer the broker counts as away, though no call has failed yet."""
UNASSIGNED_S = 25.0


@dataclass(frozen=True, slots=True)
class Patience:
    """When a worker that stands still is given up: after `stall_s`, or after 25 s where it holds no partition at all.

    After a broker's restart Faust can take its topic for missing, assign nothing, and never ask again
    (faust.assignor: "Ignoring missing topic"); seen in one kill trial of eight.
    """

    stall_s: float
    holds_partitions: Callable[[], bool]
    give_up: Callable[[], None]

    def is_over(self, standing_s: float) -> bool:
        """Whether a worker has stood still for too long."""
        return standing_s > self.stall_s or (standing_s > UNASSIGNED_S and not self.holds_partitions())


class Watch:
    """Measures how far a consumer group is behind a topic, and since when it has not moved."""

    def __init__(self, connection: Connection, group: str, topic: str, patience: Patience) -> None:
        self._connection = connection
        self._group = group
        self._topic = topic
        self._patience = patience
        self._committed: dict[int, int] | None = None
        self._moved_at = time.monotonic()
        self._answered_at = -math.inf
        self._away: str | None = "it has not been asked yet"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fanal-watch", daemon=True)
        self.lag: int | None = None

    def start(self) -> None:
        """Begin to measure, every five seconds."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()

    @property
    def standing_s(self) -> float:
        """Seconds for which records wait and no offset has moved."""
        return time.monotonic() - self._moved_at

    def complaint(self) -> str | None:
        """What is wrong, in a line; None while offsets move or nothing waits."""
        standing = self.standing_s
        return (
            f"no offset has moved for {standing:.0f} s while records wait" if self._patience.is_over(standing) else None
        )

    def broker(self) -> str | None:
        """What is wrong with the broker, in a line, as far as is known; None while it answers. Waits for nothing."""
        silent = time.monotonic() - self._answered_at
        if self._away is None and silent > SILENT_S:
            return f"it has not answered for {silent:.0f} s"
        return self._away

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                with admin(self._connection) as client:
                    while not self._ended.is_set():
                        self._look(client)
                        self._ended.wait(EVERY_S)
            except FanalError as error:
                self._cannot_see(str(error))
            except Exception as error:
                self._cannot_see(f"{self._connection.bootstrap} does not answer ({type(error).__name__})")
            self._ended.wait(EVERY_S)

    def _cannot_see(self, why: str) -> None:
        """A broker that is away is no stall of the worker."""
        log.warning("the lag cannot be measured", extra={"why": why})
        self._away = why
        self._moved_at = time.monotonic()

    def _look(self, client: Any) -> None:
        self._measure(client)
        self._answered_at, self._away = time.monotonic(), None
        if self._patience.is_over(self.standing_s):
            log.error(
                "no offset has moved; the worker ends itself",
                extra={"seconds": round(self.standing_s), "lag": self.lag},
            )
            self._patience.give_up()

    def _measure(self, client: Any) -> None:
        committed = committed_offsets(client, self._group, self._topic)
        ends = end_offsets(client, self._topic)
        begins = end_offsets(client, self._topic, OffsetSpec.EARLIEST)
        self.lag = sum(
            max(0, end - max(committed.get(partition, 0), begins[partition])) for partition, end in ends.items()
        )
        metrics.LAG.labels(self._topic).set(self.lag)
        if not self.lag or committed != self._committed:
            self._committed = committed
            self._moved_at = time.monotonic()
            metrics.PROGRESS.set_to_current_time()


def committed_offsets(client: Any, group: str, topic: str) -> dict[int, int]:
    """How far a group has acknowledged a topic, by partition."""
    found = client.list_group_offsets(group)[group]
    return {tp.partition: meta.offset for tp, meta in found.items() if tp.topic == topic and meta.offset >= 0}


def end_offsets(client: Any, topic: str, spec: Any = OffsetSpec.LATEST) -> dict[int, int]:
    """The end (or beginning) of each partition of a topic."""
    described = client.describe_topics([topic])
    wanted = {TopicPartition(topic, p["partition_index"]): spec for p in described[0]["partitions"]}
    return {
        tp.partition: int(getattr(found, "offset", found))
        for tp, found in client.list_partition_offsets(wanted).items()
    }
