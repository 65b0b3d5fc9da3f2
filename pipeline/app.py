"""The Faust application: one per role, each its own consumer group, nothing at import.

A worker has one role: `screening` takes `posts`, `indexing` takes `hits`, `erasing` takes `erasures`, `trends` takes `hits`,
`screened` and its own `sightings`. So they scale, stall and restart apart.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faust

from pipeline.agents import IndexingAgent, ScreeningAgent
from pipeline.broker.connection import Connection
from pipeline.broker.tokens import AsyncTokens
from pipeline.broker.topics import MAX_LETTER_BYTES, Topics
from pipeline.erasing import ErasingAgent
from pipeline.health import Check, Readiness
from pipeline.logs import configuration
from pipeline.outbox import topic
from pipeline.serving import Port, serve
from pipeline.sightings import SightingAgent
from pipeline.spiking import SpikesAgent
from pipeline.watch import Watch


@dataclass(frozen=True, slots=True)
class AppSettings:
    """What an application needs to know of the world."""

    role: str
    connection: Connection
    topics: Topics
    data: Path
    session_timeout_s: float

    @property
    def group(self) -> str:
        """The consumer group, which is the application's id."""
        return self.topics.group(self.role)


def create_app(settings: AppSettings) -> Any:
    """An application without agents: `add_screening`, `add_indexing` or `add_erasing` gives it its one agent.

    The timeouts notice a dead worker within the session timeout (Faust's defaults: a minute). Its web server stays off.
    """
    return faust.App(
        settings.group,
        broker=f"kafka://{settings.connection.bootstrap.replace(',', ';kafka://')}",
        broker_credentials=_credentials(settings.connection),
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.session_timeout_s / 5,
        broker_rebalance_timeout=settings.session_timeout_s,
        broker_commit_interval=1.0,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=4 << 20,
        producer_acks=-1,
        producer_linger=0.005,
        producer_max_batch_size=1 << 20,
        producer_max_request_size=MAX_LETTER_BYTES,
        stream_buffer_maxsize=256,
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        store="memory://",
        datadir=str(settings.data / "faust" / settings.group),
        web_enabled=False,
        autodiscover=False,
    )


def add_screening(app: Any, settings: AppSettings, agent: ScreeningAgent) -> None:
    """Let the agent take `posts`; tell it when partitions move."""

    async def screening(stream: Any) -> None:
        await agent(stream)

    async def moved(_: Any, partitions: Any = (), **__: Any) -> None:
        agent.moved({tp.partition for tp in partitions if tp.topic == settings.topics.posts})

    app.agent(topic(app, settings.topics.posts), name="screening", concurrency=1)(screening)
    app.on_partitions_revoked.connect(moved, weak=False)
    app.on_partitions_assigned.connect(moved, weak=False)


def add_indexing(app: Any, settings: AppSettings, agent: IndexingAgent) -> None:
    """Let the agent take `hits`."""

    async def indexing(stream: Any) -> None:
        await agent(stream)

    app.agent(topic(app, settings.topics.hits), name="indexing", concurrency=1)(indexing)


def add_erasing(app: Any, settings: AppSettings, agent: ErasingAgent, beside: Callable[[], Awaitable[None]]) -> None:
    """Let the agent take `erasures`; `beside` runs as long as the worker does."""

    async def erasing(stream: Any) -> None:
        await agent(stream)

    app.agent(topic(app, settings.topics.erasures), name="erasing", concurrency=1)(erasing)
    app.task(beside)


def leads(app: Any, settings: AppSettings) -> bool:
    """Whether this worker holds the first partition of `erasures`: of several one does what needs doing once."""
    held = app.consumer.assignment() if app.consumer is not None else set()
    return any((tp.topic, tp.partition) == (settings.topics.erasures, 0) for tp in held)


@dataclass(frozen=True, slots=True)
class TrendsAgents:
    """The three agents of the role `trends`, and what moves its clock every `tick_s` seconds."""

    hits: SightingAgent
    screened: SightingAgent
    sightings: SpikesAgent
    tick: Callable[[], Awaitable[None]]
    tick_s: float


def add_trends(app: Any, settings: AppSettings, agents: TrendsAgents) -> None:
    """Let the agents take `hits`, `screened` and `sightings`. Of several workers one has the only partition of `sightings`."""

    async def counting(stream: Any) -> None:
        await agents.hits(stream)

    async def exposing(stream: Any) -> None:
        await agents.screened(stream)

    async def spiking(stream: Any) -> None:
        await agents.sightings(stream)

    async def tick() -> None:
        await agents.tick()

    topics = settings.topics
    app.agent(topic(app, topics.hits), name="counting", concurrency=1)(counting)
    app.agent(topic(app, topics.screened), name="exposing", concurrency=1)(exposing)
    app.agent(topic(app, topics.sightings), name="spiking", concurrency=1)(spiking)
    app.timer(agents.tick_s)(tick)


def attach(app: Any, port: Port, watch: Watch, readiness: Readiness, ended: Callable[[], Awaitable[None]]) -> None:
    """Give the application its port, its watch and its checks while it runs; `ended` is awaited before it shuts down."""
    runners: list[Any] = []
    asking: list[asyncio.Task[None]] = []

    async def once() -> None:
        runner, bound = await serve(port.host, port.port, watch.complaint, readiness.complaint)
        runners.append(runner)
        port.announce(bound)
        watch.start()
        readiness.show()
        asking.extend(asyncio.create_task(one.run()) for one in readiness.asking)

    async def stopping(*_: Any, **__: Any) -> None:
        watch.stop()
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        for runner in runners:
            await runner.cleanup()
        await ended()

    app.task(once)
    app.on_before_shutdown.connect(stopping, weak=False)


def run(app: Any, log_level: str) -> None:
    """Run an application until a signal ends it. Never by Faust's command line, which turns its web server on."""
    worker = faust.Worker(
        app,
        quiet=True,
        loglevel="WARN",
        logging_config=configuration(log_level),
        redirect_stdouts=False,
        console_port=0,
    )
    worker.spinner = None
    worker.execute_from_commandline()


def holds_partitions(app: Any) -> bool:
    """Whether the application's consumer has partitions to read."""
    return bool(app.consumer is not None and app.consumer.assignment())


def partitions(app: Any) -> Check:
    """Whether partitions are assigned, as a check."""
    return lambda: None if holds_partitions(app) else "none is assigned yet"


def _credentials(connection: Connection) -> Any:
    context, login = connection.ssl_context(), connection.login
    if login and login.tokens:
        return faust.OAuthCredentials(oauth_cb=AsyncTokens(login.tokens), ssl_context=context)
    if login:
        return faust.SASLCredentials(
            username=login.username, password=login.password, mechanism=login.mechanism, ssl_context=context
        )
    return faust.SSLCredentials(context=context) if context else None
