"""Turn texts into features: one pass of the base encoder, the means of some of its layers side by side."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from models.base import Base, Progress, load_base, silent
from models.batching import Batch, batches
from models.engines import AS_MEASURED, F32, Sizing
from models.runners import Features, Runner, open_runner
from models.tokens import Tokens

MAX_TOKENS = 128
_CHUNK = 2048  # texts that are sorted by length together; while they are computed, the next ones are tokenised


class Encoder:
    """The base encoder on an engine. One thread at a time may call `encode`; its streams run beside each other within it.

    Raises what `models.runners.open_runner` does.
    """

    def __init__(self, base: Base, engine: str = F32, sizing: Sizing = AS_MEASURED, built: Path | None = None) -> None:
        self._begin(base, engine, open_runner(base, engine, sizing, built))

    def _begin(self, base: Base, engine: str, runner: Runner) -> None:
        self.engine = engine
        self.base_sha256 = base.sha256
        self.width = len(base.layers) * base.shape.hidden
        self.runner = runner
        self._tokens = Tokens.load(base.folder, MAX_TOKENS)
        self._pool = ThreadPoolExecutor(self.runner.streams, thread_name_prefix=engine)

    @classmethod
    def on(cls, base: Base, engine: str, runner: Runner) -> "Encoder":
        """Put an encoder on a runner that is already open."""
        made = cls.__new__(cls)
        made._begin(base, engine, runner)
        return made

    @classmethod
    def load(
        cls,
        cache: Path | None = None,
        weights: Path | None = None,
        *,
        engine: str = F32,
        sizing: Sizing = AS_MEASURED,
        progress: Progress = silent,
    ) -> "Encoder":
        """Load the base (see `models.base.load_base`) and open the engine on it."""
        return cls(load_base(cache, weights, progress), engine, sizing)

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> Features:
        """Give the features [len(texts), width] in the order of the texts."""
        found = np.zeros((len(texts), self.width), np.float32)
        done = 0
        for batch, result in self._running(texts):
            found[batch.places] = result.result()[: len(batch.places)]
            done += len(batch.places)
            progress("reading posts", done / len(texts))
        return found

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Give how many tokens of each text are encoded."""
        return [len(ids) for ids in self._tokens.encode(texts)]

    def _running(self, texts: Sequence[str]) -> Iterator[tuple[Batch, Future[Features]]]:
        """Give batches that run, in order; the next chunk is cut into tokens and handed over before one is given."""
        running: list[tuple[Batch, Future[Features]]] = []
        for chunk in self._chunks(texts):
            begun = [(batch, self._pool.submit(self.runner.run, batch)) for batch in chunk]
            yield from running
            running = begun
        yield from running

    def _chunks(self, texts: Sequence[str]) -> Iterator[list[Batch]]:
        for first in range(0, len(texts), _CHUNK):
            ids = self._tokens.encode(texts[first : first + _CHUNK])
            found = batches(ids, self.runner.budget, self.runner.streams)
            for batch in found:
                batch.places[:] = [first + place for place in batch.places]
            yield found
