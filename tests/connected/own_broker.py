"""A broker of a test's own, that may be killed and started again on its port."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.local import broker, folder, java, ports
from pipeline.local.build import build
from pipeline.local.claim import claim
from pipeline.local.report import to_nobody
from pipeline.local.server import Recipe, Server
from pipeline.local.supervise import wait_ready


class OwnBroker:
    """Kafka alone."""

    def __init__(self, recipe: Recipe, bootstrap: str, descriptor: int) -> None:
        self.bootstrap = bootstrap
        self._server = Server(recipe)
        self._descriptor = descriptor

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self._server.start(self._descriptor)
        wait_ready((self._server,), threading.Event())

    def kill(self) -> None:
        """End it at once, as a machine that loses its power does."""
        if self._server._process:
            self._server._process.kill()
            self._server.wait_stopped()


@contextmanager
def own_broker(data: Path, cache: Path) -> Iterator[OwnBroker]:
    """A broker with its data under `data`, running."""
    folder.prepare(data)
    held = claim(data)
    chosen = ports.choose(data, to_nobody)
    runtime = java.find()
    recipe = broker.recipe(data, cache, build(cache, runtime, to_nobody), runtime, chosen)
    made = OwnBroker(recipe, f"{ports.HOST}:{chosen.kafka}", held.descriptor)
    try:
        made.start()
        yield made
    finally:
        made.kill()
        held.release()
