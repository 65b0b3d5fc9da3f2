"""A worker as it ships, with constant classifiers, a shadow among them, so that no weights are needed, and with one fault
where a test asks for it.

`python -m tests.connected.worker ROLE PORT_FILE [FAULT]`, where FAULT is

    lose:TOPIC      the first record for a topic (its name without the prefix) is never delivered
    die:TOPIC       SIGKILL once records for a topic are delivered, before anything is acknowledged
    die:index       SIGKILL once the index has the hits, before anything is acknowledged
    refuse          the broker does not acknowledge the first delivery, once
"""

import os
import signal
import sys
from collections.abc import Awaitable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from aiokafka.errors import KafkaTimeoutError

from models.classifier import Assessment
from models.constant import ConstantClassifier
from models.examples import LANES
from models.shadow import Later
from pipeline.commands.work import start
from pipeline.delivery import Outgoing
from pipeline.posts import Hit
from pipeline.settings import Settings
from pipeline.shadow import ShadowedJudge

HIT_EVERY = 3


class Pair:
    """Two constant classifiers: the shadow finds fewer hits."""

    model = "constant"
    active = ConstantClassifier(HIT_EVERY)
    lanes = tuple(LANES)

    def assess(self, texts: Sequence[str], langs: Sequence[str]) -> tuple[list[Assessment], Later]:
        """Assess with the first, and say how the second would."""
        shadow = ConstantClassifier(2 * HIT_EVERY)
        return self.active.assess(texts, langs), partial(shadow.assess, texts, langs)


class Faulty:
    """Stands before the outbox or the index and does what the fault says."""

    def __init__(self, real: Any, fault: str, prefix: str) -> None:
        self._real = real
        self._what, _, where = fault.partition(":")
        self._topic = prefix + where
        self._dies_at_index = fault == "die:index"
        if self._what == "refuse" and hasattr(real, "_send"):
            self._refuse_once()

    async def deliver(self, records: Sequence[Outgoing]) -> None:
        """Deliver, less what is lost."""
        meant = [record for record in records if record.topic == self._topic]
        lost = meant[:1] if self._what == "lose" else []
        await self._real.deliver([record for record in records if record not in lost])
        if lost:
            self._what = ""
        if meant and self._what == "die":
            os.kill(os.getpid(), signal.SIGKILL)

    async def write(self, hits: Sequence[Hit]) -> Sequence[tuple[Hit, str]]:
        """Write to the index."""
        refused: Sequence[tuple[Hit, str]] = await self._real.write(hits)
        if self._dies_at_index:
            os.kill(os.getpid(), signal.SIGKILL)
        return refused

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def _refuse_once(self) -> None:
        send = self._real._send

        async def refuse(_: Outgoing) -> Awaitable[Any]:
            self._real._send = send
            raise KafkaTimeoutError

        self._real._send = refuse


def main(role: str, port_file: str, fault: str = "") -> None:
    """Run the worker until a signal, or its fault, ends it."""
    settings = Settings.read()
    start(
        settings,
        role,
        Path(port_file),
        ShadowedJudge(Pair()),
        lambda real: Faulty(real, fault, settings.kafka.prefix),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
