"""`fanal work`: a worker of one role, or one of each as child processes."""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.commands import parts
from pipeline.errors import ConfigurationError
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.health import Asking, Check
    from pipeline.sources.standing import Asker

log = logging.getLogger("fanal.work")

ROLES = ("screening", "indexing", "erasing", "trends")


@dataclass(frozen=True, slots=True)
class Running:
    """What a role brings beside its agents: what ends with it, and what it takes to be ready."""

    ended: Callable[[], Awaitable[None]]
    checks: "Mapping[str, Check]" = field(default_factory=dict)
    asking: "Sequence[Asking]" = ()


@click.command()
@click.argument("role", required=False, metavar="[ROLE]", type=click.Choice(ROLES))
@click.option("--port-file", type=click.Path(path_type=Path), help="Write the port of /metrics there, as JSON.")
def work(role: str | None, port_file: Path | None) -> None:
    """Run a worker until a signal ends it.

    ROLE is `screening` (posts to hits), `indexing` (hits to the index), `erasing` (what platforms deleted leaves the index) or
    `trends` (hits to alerts); without it one of each runs. Logs go to standard error as JSON lines. What was not acknowledged
    when a worker ends comes again to the next one: nothing is lost.
    """
    settings = Settings.read()
    if role is None:
        _work_as_children(settings)
        return
    start(settings, role, port_file)


def start(
    settings: Settings, role: str, port_file: Path | None, judge: Any = None, wrap: Callable[[Any], Any] = lambda x: x
) -> None:
    """Put a worker together and run it. `judge` replaces the classifier (benchmarks); `wrap` sees every delivery (kill tests).

    Raises:
        ConfigurationError, Unavailable: a part is missing; said before anything runs.
    """
    from pipeline.app import AppSettings, attach, create_app, holds_partitions, partitions, run
    from pipeline.broker.admin import check_layout
    from pipeline.commands.observing import observe
    from pipeline.health import Readiness
    from pipeline.logs import configure
    from pipeline.outbox import FaustOutbox
    from pipeline.serving import Port
    from pipeline.watch import Patience, Watch

    configure(settings.log_level)
    connection, topics = parts.connection(settings), parts.topics(settings)
    check_layout(connection, parts.topic_specs(settings))
    of = AppSettings(role, connection, topics, settings.data, settings.kafka.session_timeout_s)
    (settings.data / "faust").mkdir(parents=True, exist_ok=True)
    app = create_app(of)
    outbox = wrap(FaustOutbox(app))
    put_together = {"screening": _screening, "indexing": _indexing, "erasing": _erasing, "trends": _trends}[role]
    consumed = {
        "screening": topics.posts,
        "indexing": topics.hits,
        "erasing": topics.erasures,
        "trends": topics.sightings,
    }[role]
    running = put_together(settings, app, of, outbox, judge, wrap)
    patience = Patience(settings.serve.stall_s, lambda: holds_partitions(app), _end_process)
    watch = Watch(connection, of.group, consumed, patience)
    observe(settings, role, watch)
    checks = {"partitions": partitions(app), "broker": watch.broker, **running.checks}
    port = Port(settings.serve.host, settings.serve.metrics_port, announce(role, port_file))
    attach(app, port, watch, Readiness(checks, running.asking), running.ended)
    run(app, settings.log_level)


def _screening(settings: Settings, app: Any, of: Any, outbox: Any, judge: Any, _: Any) -> Running:
    from pipeline.agents import Intake, Memory, ScreeningAgent
    from pipeline.app import add_screening
    from pipeline.broker.following import Follower
    from pipeline.commands import judges
    from pipeline.commands.observing import show_judge
    from pipeline.counting import show_files
    from pipeline.recall import Recall
    from pipeline.rules import shipped
    from pipeline.screen.cues.lexicon import lists
    from pipeline.screen.erased import Erased

    intake = Intake(settings.screen.records, settings.screen.posts, settings.screen.within_s)
    screen = parts.screen(settings, judge or judges.judge(settings))
    show_judge(screen.judge)
    show_files([lists()], [shipped()])
    erased = Erased(parts.ERASED_AT_LEAST)
    tail = 2 * parts.ERASED_AT_LEAST // settings.kafka.partitions
    follower = Follower(of.connection, of.topics.erasures, erased.take, tail)
    memory = Memory(Recall(of.connection, of.topics), follower.catch_up)
    agent = ScreeningAgent(replace(screen, erased=erased), outbox, of.topics, intake, memory)
    add_screening(app, of, agent)
    return Running(follower.close, {"model": agent.complaint})


def _indexing(settings: Settings, app: Any, of: Any, outbox: Any, _: Any, wrap: Any) -> Running:
    from pipeline.agents import IndexingAgent, Intake
    from pipeline.app import add_indexing
    from pipeline.health import Asking
    from pipeline.searchable import Searchable

    store = parts.store(settings)
    searchable = Searchable(store)
    intake = Intake(settings.screen.records, settings.screen.posts, settings.screen.within_s)
    add_indexing(app, of, IndexingAgent(wrap(store), outbox, of.topics, intake, searchable.written))

    async def ended() -> None:
        await searchable.stop()
        await store.close()

    index = Asking(store.answers)
    return Running(ended, {"index": index.complaint}, [index])


def _askers() -> "dict[str, Asker]":
    """Who asks platforms again. A configuration that does not fit is no reason to leave deletions undone."""
    from pipeline.sources.askers import askers
    from pipeline.sources.configuration import DEFAULT

    try:
        return askers(DEFAULT)
    except ConfigurationError as error:
        log.error("no platform is asked whether posts still stand", extra={"why": str(error)})
        return {}


def _erasing(settings: Settings, app: Any, of: Any, outbox: Any, _: Any, wrap: Any) -> Running:
    from pipeline.agents import Intake
    from pipeline.app import add_erasing, leads
    from pipeline.erasing import ErasingAgent
    from pipeline.health import Asking
    from pipeline.recheck import Means, Recheck
    from pipeline.retaining import Retaining

    store = parts.store(settings)
    eraser, mason = wrap(store.eraser), parts.mason(settings)
    intake = Intake(settings.screen.records, settings.screen.posts, settings.screen.within_s)
    seal = parts.seal(settings)
    means = Means(store.due, eraser, outbox, of.topics, mason, seal.open_sealed, _askers())
    recheck = Recheck(means, lambda: leads(app, of))
    retaining = Retaining(store.months, settings.elasticsearch.keep_months, lambda: leads(app, of))

    async def beside() -> None:
        await asyncio.gather(recheck.run(), retaining.run())

    add_erasing(app, of, ErasingAgent(eraser, outbox, of.topics, intake, mason), beside)
    index = Asking(store.answers)
    return Running(store.close, {"index": index.complaint}, [index])


def _trends(settings: Settings, app: Any, of: Any, outbox: Any, _: Any, __: Any) -> Running:
    from functools import partial

    from pipeline.app import TrendsAgents, add_trends
    from pipeline.broker.reader import reader
    from pipeline.sightings import SightingAgent, of_hit, of_screened, tick
    from pipeline.spiking import SpikesAgent
    from pipeline.trends.spikes import Spikes

    minute_s, topics = settings.trends.minute_s, of.topics
    new = partial(Spikes, pages_a_week=settings.trends.pages_a_week, minute_s=minute_s)
    agents = TrendsAgents(
        hits=SightingAgent(partial(of_hit, minute_s=minute_s), outbox, topics),
        screened=SightingAgent(of_screened, outbox, topics),
        sightings=SpikesAgent(new, outbox, topics, partial(reader, of.connection), settings.trends.save_s),
        tick=partial(tick, outbox, topics),
        tick_s=minute_s / 12,
    )
    add_trends(app, of, agents)

    async def ended() -> None:
        """Nothing is held: what was not saved is read again from `sightings`."""

    return Running(ended)


def announce(role: str, port_file: Path | None) -> Callable[[int], None]:
    """What writes the port that a worker got to a file, where one is named."""

    def write(port: int) -> None:
        if port_file:
            unfinished = port_file.with_suffix(".new")
            unfinished.write_text(json.dumps({"role": role, "port": port, "pid": os.getpid()}), encoding="utf-8")
            unfinished.replace(port_file)

    return write


def _end_process() -> None:
    """End at once: the loop may be stuck, so nothing is asked of it. What was not acknowledged comes again."""
    os._exit(75)


def _work_as_children(settings: Settings) -> None:
    from pipeline.children import Children

    parts.kafka_address(settings)
    parts.search_address(settings)
    with Children(settings.data / "logs", to_terminal=True) as children:
        for role in ROLES:
            children.start(
                role, [sys.executable, "-m", "pipeline", "work", role], parts.child_environment(settings, role)
            )
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            children.watch()
        except KeyboardInterrupt:
            click.echo("stopping the workers", err=True)
