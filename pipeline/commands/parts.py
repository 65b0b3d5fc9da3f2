"""From settings to the parts that commands use: here, and only here, an implementation is chosen."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pipeline.broker.connection import Connection
from pipeline.broker.topics import Topics, TopicSpec, specs
from pipeline.commands.connecting import kafka_connection
from pipeline.commands.standardising import with_statistics
from pipeline.errors import ConfigurationError, ModelUnavailable
from pipeline.keys import Keys, read_keys
from pipeline.settings import Settings

if TYPE_CHECKING:
    from models.base import Base
    from models.build import Plan
    from models.classifier import Classifier
    from pipeline.erasing import Mason
    from pipeline.index.store import Store
    from pipeline.kibana.signing import Signature
    from pipeline.local.endpoints import Endpoints
    from pipeline.screen.context import Around, Reader
    from pipeline.screen.evidence import Seal
    from pipeline.screen.pseudonyms import Pseudonyms
    from pipeline.screen.screening import Judge, Screen

log = logging.getLogger("fanal.parts")

WITHOUT_CONTEXT = (
    "context does not count: its weights were not fitted on this classifier (python -m models.context_fit)"
)

NOT_UP = (
    "nothing runs on {data}: start the embedded servers with `fanal local up` (or `fanal run`), "
    "or set FANAL_KAFKA_BOOTSTRAP and FANAL_ELASTICSEARCH_URL to your own"
)

ERASED_AT_LEAST = 500_000
"""Erasures that a screening worker remembers, posts and accounts apart; older ones are stopped before the index."""
LIVES_ON_THE_BROKER = 3
"""Retentions from a post's arrival until the last hit of it is gone: on `posts`, on `hits`, and one to spare."""

_SEED = 7  # training draws its background by the same one, so that what it has read is not read again

UNCALIBRATED = (
    "the classifier is not calibrated for the engine {engine}, on which it would flag nobody: run "
    "`fanal model build --engine {engine}`, or set FANAL_ENGINE=auto"
)


def kafka_address(settings: Settings) -> str:
    """Where the broker is: as set, or where the embedded one listens.

    Raises:
        ConfigurationError: it is neither set nor running embedded.
    """
    return settings.kafka.bootstrap or _local(settings).kafka


def search_address(settings: Settings) -> str:
    """Where the index is; like `kafka_address`."""
    return settings.elasticsearch.url or _local(settings).elasticsearch


def _local(settings: Settings) -> Endpoints:
    from pipeline.local.endpoints import read_endpoints

    local = read_endpoints(settings.data)
    if local is None:
        raise ConfigurationError(NOT_UP.format(data=settings.data))
    return local


def is_embedded(settings: Settings) -> bool:
    """Whether the broker is Fanal's own."""
    return settings.kafka.bootstrap is None


def child_environment(settings: Settings, role: str) -> dict[str, str]:
    """The same settings for a child process; of a fixed metrics port, indexing, erasing and trends take those after it."""
    port = settings.serve.metrics_port
    shifted = port + {"indexing": 1, "erasing": 2, "trends": 3}.get(role, 0) if port else port
    return {"FANAL_DATA": str(settings.data.absolute()), "FANAL_SERVE_METRICS_PORT": str(shifted)}


def connection(settings: Settings) -> Connection:
    """How to reach the broker. Raises `ConfigurationError` where the settings of the login do not fit together."""
    return kafka_connection(settings.kafka, kafka_address(settings))


def topics(settings: Settings) -> Topics:
    """The topics' names."""
    return Topics(settings.kafka.prefix, settings.kafka.envelope)


def topic_specs(settings: Settings) -> list[TopicSpec]:
    """How the topics are laid out."""
    kafka = settings.kafka
    return specs(
        topics(settings),
        partitions=kafka.partitions,
        replication=kafka.replication,
        retention_hours=kafka.retention_hours,
    )


def keys(settings: Settings) -> Keys:
    """The keys of pseudonyms and evidence."""
    return read_keys(settings.privacy, settings.data / "keys" if is_embedded(settings) else None)


def named(settings: Settings) -> Pseudonyms:
    """Pseudonyms under the key of the settings."""
    from pipeline.screen.pseudonyms import Pseudonyms

    held = keys(settings)
    return Pseudonyms(held.pseudonym, held.key_id)


def seal(settings: Settings) -> Seal:
    """The seal of evidence under the key of the settings; it opens what earlier keys sealed as well."""
    from pipeline.screen.evidence import Seal

    held = keys(settings)
    return Seal(held.evidence, held.key_id, held.earlier.evidence)


def mason(settings: Settings) -> Mason:
    """Makes tombstones. One outlives whatever is on the broker: a post there becomes a hit there, which is indexed from there."""
    from pipeline.erasing import Mason
    from pipeline.screen.pseudonyms import Pseudonyms

    earlier = tuple(Pseudonyms(key, key_id) for key_id, key in keys(settings).earlier.pseudonym.items())
    replayable = timedelta(hours=LIVES_ON_THE_BROKER * settings.kafka.retention_hours)
    return Mason(named(settings), max(replayable, timedelta(days=settings.privacy.tombstone_days)), earlier)


def store(settings: Settings) -> Store:
    """The index."""
    from pipeline.index.store import open_store

    return open_store(search_address(settings), settings.elasticsearch)


def signature(settings: Settings) -> Signature:
    """Who asks Kibana."""
    from pipeline.kibana.signing import Signature

    kibana = settings.kibana
    return Signature(
        api_key=kibana.api_key.get_secret_value() if kibana.api_key else None,
        username=kibana.username,
        password=kibana.password.get_secret_value() if kibana.password else None,
        ca_file=kibana.ca_file,
    )


def classifier(settings: Settings, progress: Callable[[str, float], None] = lambda *_: None) -> Classifier:
    """The classifier that ships, on the engine of this machine, calibrated for it.

    Raises:
        ConfigurationError: as `any_classifier`, or the classifier is not calibrated for the engine.
        ModelUnavailable: as `any_classifier`.
    """
    return _able_to_flag(any_classifier(settings, progress))


def _able_to_flag(found: Classifier) -> Classifier:
    if not found.can_flag:
        raise ConfigurationError(UNCALIBRATED.format(engine=found.engine))
    return found


def current_classifier(settings: Settings) -> Classifier:
    """Like `classifier`, but local statistics that do not fit, or are damaged, are left out: they are to be measured anew."""
    found = _able_to_flag(shipped_classifier(settings))
    try:
        return with_statistics(found, settings)
    except ModelUnavailable:
        return found


def any_classifier(settings: Settings, progress: Callable[[str, float], None] = lambda *_: None) -> Classifier:
    """The classifier on the engine of this machine, even if it would flag nobody for want of a calibration.

    Raises:
        ConfigurationError: the engine that is asked for was not built, or cannot run on this processor.
        ModelUnavailable: weights, artefact, build or local statistics are missing, damaged, or do not fit each other.
    """
    return with_statistics(shipped_classifier(settings, progress), settings)


def shipped_classifier(settings: Settings, progress: Callable[[str, float], None] = lambda *_: None) -> Classifier:
    """Like `any_classifier`, without local statistics."""
    from models.base import Wanted
    from models.classifier import Classifier
    from models.engines import Running, Sizing
    from models.errors import EngineError, ModelError
    from models.heads import ARTEFACT

    try:
        return Classifier.load(
            artefact=settings.model.artefact or ARTEFACT,
            cache=settings.cache / "models",
            weights=Wanted(settings.model.base, settings.model.base_sha256),
            running=Running(settings.model.engine, Sizing(settings.model.threads or None)),
            progress=progress,
        )
    except EngineError as error:
        raise ConfigurationError(str(error)) from None
    except ModelError as error:
        raise ModelUnavailable(str(error)) from None


def build_plan(settings: Settings, background: Path | None, count: int, say: Callable[[str], None]) -> Plan:
    """What `fanal model build` starts from: the settings' base and heads, the corpus, and so many posts of a file.

    Raises:
        ModelUnavailable: weights or artefact are missing or damaged, or the file is not one of background posts.
    """
    from models.background import sample_background
    from models.build import Plan
    from models.dataset import build_rows
    from models.encoder import Encoder
    from models.engines import F32, Sizing
    from models.errors import ModelError
    from models.examples import read_corpus
    from models.features import FeatureCache
    from models.golden import load_golden
    from models.heads import ARTEFACT, load_heads
    from pipeline.benchmarks.machine import machine

    artefact = settings.model.artefact or ARTEFACT
    threads = settings.model.threads or None
    try:
        heads = load_heads(artefact)
        used = heads.tune(base(settings))
        rows = build_rows(read_corpus(), sample_background(background, count, _SEED) if background else [])
        read = Encoder(used, F32, Sizing(threads)).encode
        kept = FeatureCache(settings.cache / "features" / f"{F32}-{used.sha256[:12]}-{heads.digest[:12]}", read)
        return Plan(
            base=used,
            heads=heads,
            golden=load_golden(artefact),
            rows=rows,
            cache=settings.cache / "models",
            threads=threads,
            machine=machine(),
            reference=kept.features,
            say=say,
        )
    except ModelError as error:
        raise ModelUnavailable(str(error)) from None


def base(settings: Settings, progress: Callable[[str, float], None] = lambda *_: None) -> Base:
    """The base encoder that the settings name, converted into the cache if it is not there.

    Raises:
        ModelUnavailable: it is neither there nor to be had, or not what the settings say.
    """
    from models.base import Wanted, load_base
    from models.errors import ModelError

    try:
        return load_base(settings.cache / "models", Wanted(settings.model.base, settings.model.base_sha256), progress)
    except ModelError as error:
        raise ModelUnavailable(str(error)) from None


def prepare_base(settings: Settings, say: Callable[[str], None]) -> Base:
    """Like `base`, and say once what is fetched and converted: workers find it there then."""
    from models.base import Wanted

    said: set[tuple[str, int]] = set()

    def progress(stage: str, share: float) -> None:
        if not said:
            say(f"Base model: {Wanted(settings.model.base)}, into {settings.cache} (once)")
        tenths = int(share * 10)
        if (stage, tenths) not in said:
            said.add((stage, tenths))
            say(f"  {stage}" + (f" ({tenths}0 %)" if tenths and stage.startswith("fetching") else ""))

    return base(settings, progress)


def screen(settings: Settings, judge: Judge) -> Screen:
    """Everything that screening rests on, with an empty memory."""
    from pipeline.rules import ruled, shipped
    from pipeline.screen.context import Context
    from pipeline.screen.crosswalk import crosswalk
    from pipeline.screen.cues import find_cues
    from pipeline.screen.cues.crossings import crossings
    from pipeline.screen.cues.points import town_points
    from pipeline.screen.hits import make_hit, without_vector
    from pipeline.screen.language import Languages
    from pipeline.screen.screening import Screen
    from pipeline.screen.seen import Seen
    from pipeline.screen.stages import Stages
    from pipeline.screen.values import shipped_rates

    # tables that do not fit are said now, and no batch waits three seconds until those of towns are read
    shipped_rates()
    crossings()
    crosswalk()
    find_cues("Paris", "en")
    town_points()
    pseudonyms = named(settings)
    stages = Stages()
    made = partial(make_hit, pseudonyms=pseudonyms, seal=stages.timed("seal", seal(settings).seal))
    made = made if settings.screen.vectors else partial(without_vector, made)
    hit = partial(ruled, shipped(), made)
    found = around(settings, judge)
    return Screen(
        judge=judge,
        languages=Languages(),
        seen=Seen(settings.screen.seen_per_partition),
        make_hit=hit,
        context=Context(found, pseudonyms) if found else None,
        stages=stages,
    )


def around(settings: Settings, judge: Judge) -> Around | None:
    """What lets context count, with an empty memory; nothing where it is switched off or the judge has no weights for it.

    Raises:
        ModelUnavailable: the weights are damaged.
    """
    from models.classifier import Classifier
    from models.context import load_weights
    from models.errors import ModelError
    from models.heads import ARTEFACT
    from models.in_context import InContext
    from pipeline.screen.channels import Channels
    from pipeline.screen.context import Around
    from pipeline.shadow import ShadowedJudge

    active = judge.active if isinstance(judge, ShadowedJudge) else judge
    if not settings.screen.context or not isinstance(active, Classifier):
        return None
    try:
        weights = load_weights(settings.model.artefact or ARTEFACT)
    except ModelError as error:
        raise ModelUnavailable(str(error)) from None
    if weights is None or weights.heads != active.heads_digest:
        log.warning(WITHOUT_CONTEXT)
        return None
    reader = cast("Reader", InContext(active, weights))  # it is given this judge's own assessments, and no others
    return Around(reader, Channels(weights.window, weights.half_life_h * 3600))
