"""Hosts that fall ill when they are told: one hangs, one floods, one sends garbage. Each is a process of its own."""

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from random import Random

from tests.fakes_jetstream import Behaviour, FakeJetstream, Synthetic

ENDLESS = 10**9
CALM_S = 0.1
ILLS = ("hangs", "floods", "garbage")
GARBAGE_BEFORE_EACH = 20


class Garbage(Mapping[int, Sequence[bytes]]):
    """Before every event: torn JSON, bytes that are no text, deep nesting, an endless string, and nothing at all."""

    def __init__(self) -> None:
        dice = Random(7)
        some = [b"{", b"[" * 5_000, b"null", b"", b'{"did":1,"kind":"commit","commit":[]}', b'"' + b"a" * 20_000]
        some += [dice.randbytes(dice.randint(1, 400)) for _ in range(GARBAGE_BEFORE_EACH - len(some))]
        self._frames = [frame.decode("latin-1").encode() for frame in some]

    def __getitem__(self, index: int) -> Sequence[bytes]:
        return self._frames

    def __iter__(self) -> Iterator[int]:
        return iter(())

    def __len__(self) -> int:
        return ENDLESS


class Host:
    """A host of Jetstream that is well, ten events a second, until it falls ill.

    One that hangs is stopped as a process: its connections stay open, and new ones are taken and never answered.
    """

    def __init__(self, ill: str) -> None:
        self.ill = ill
        self._ours, theirs = get_context("fork").Pipe()
        self._process = get_context("fork").Process(target=_serve, args=(ill, theirs), daemon=True)

    def start(self) -> str:
        """Serve; the address."""
        self._process.start()
        url: str = self._ours.recv()
        return url

    def fall_ill(self) -> None:
        """From now on."""
        if self.ill == "hangs":
            os.kill(self._process.pid or 0, signal.SIGSTOP)
        else:
            self._ours.send("ill")

    def stop(self) -> None:
        """End it, whatever state it is in."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.join()


def _serve(ill: str, told: Connection) -> None:
    os.nice(19)  # hosts stand on machines of their own: they flood with what the collector and the broker leave

    async def run() -> None:
        async with FakeJetstream(Synthetic(ENDLESS, seed=len(ill)), Behaviour(pace_s=CALM_S)) as server:
            told.send(server.url)
            await asyncio.to_thread(told.recv)
            server.behaviour = Behaviour(inserted=Garbage() if ill == "garbage" else {})
            await asyncio.Event().wait()

    asyncio.run(run())
