"""A collector as a child process of a test."""

import subprocess
import sys

from pipeline.broker.admin import set_up
from pipeline.broker.cursors import SourceState, cursors
from pipeline.codec import decode_post, lines
from pipeline.commands import parts
from pipeline.local.server import tethered
from pipeline.posts import Post
from pipeline.settings import Settings
from tests.connected.pipelines import ROOT, Pipeline, Worker, environment


class CollectorProcess(Worker):
    """Collects so many numbered posts, cut at every `cut`-th, and runs on until it is stopped."""

    def __init__(self, settings: Settings, count: int, cut: int, name: str = "collector") -> None:
        self.log = settings.data / f"{name}.log"
        self._port_file = settings.data / f"{name}.port"
        self._port_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.fakes_sources.collecting", str(count), str(cut), str(self._port_file)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*tethered(), *command], stdin=subprocess.DEVNULL, stderr=log, cwd=ROOT, env=environment(settings)
            )


def prepared(settings: Settings) -> Pipeline:
    """The topics alone."""
    set_up(parts.connection(settings), parts.topic_specs(settings))
    return Pipeline(settings)


async def state_of(settings: Settings, source: str = "numbered") -> SourceState | None:
    """What the topic `cursors` says of a source."""
    async with cursors(parts.connection(settings), parts.topics(settings).cursors) as keeper:
        return (await keeper.read()).get(source)


async def ids_on(pipeline: Pipeline) -> list[str]:
    """The ids of all posts on the topic, repeats too."""
    records = await pipeline.records(pipeline.topics.posts)
    found = [decode_post(line) for record in records for line in lines(record.value)]
    return [post.native_id for post in found if isinstance(post, Post)]
