"""What is counted of verdicts, letters and models, in the closed sets of `pipeline.labels`."""

import platform
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Protocol

from prometheus_client import Counter
from prometheus_client.metrics import MetricWrapperBase

from pipeline import labels, metrics
from pipeline.delivery import Outgoing
from pipeline.labels import NONE, OTHER, closed
from pipeline.posts import Document, Hit
from pipeline.screen.verdicts import Verdict
from pipeline.version import VERSION

MOST_AT_ZERO = 200


class Capped:
    """The first so many names that come; those after them are `other`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._names: set[str] = set()

    def __call__(self, name: str) -> str:
        """The name as a label."""
        if name not in self._names:
            if len(self._names) >= self._most:
                return OTHER
            self._names.add(name)
        return name


rule_label = Capped(labels.MOST_RULES)


def begin(role: str) -> None:
    """Say what runs, and let the counters of a role stand at 0 before anything happens: else a first increase is not seen."""
    metrics.BUILD.labels(VERSION, platform.python_version(), role).set(1)
    for metric in vars(metrics).values():
        if isinstance(metric, Counter):
            for values in _at_zero(metric, role):
                metric.labels(*values)


def _at_zero(metric: MetricWrapperBase, role: str) -> Iterator[tuple[str, ...]]:
    """The combinations of labels that a role may count, where they are known and not too many."""
    shape = labels.shapes()[next(iter(metric.describe())).name]
    sets = [shape.labels[label].names for label in metric._labelnames]
    if role in shape.roles and sets and all(sets) and shape.most_children <= MOST_AT_ZERO:
        for values in product(*sets):
            if _fits(dict(zip(metric._labelnames, values, strict=True)), role):
                yield values


def _fits(values: dict[str, str], role: str) -> bool:
    """Whether a combination can occur: a lane has its own kinds, and a worker rejects at its own stage."""
    lane, kind = values.get("lane"), values.get("kind")
    fits = lane is None or kind is None or kind in labels.lanes()[lane]
    return fits and values.get("stage", role) == role


def count_verdict(verdict: Verdict) -> None:
    """Count a batch that is delivered."""
    for outcome, count in verdict.outcomes.items():
        metrics.POSTS.labels(outcome).inc(count)
    if verdict.outcomes:
        metrics.BATCH.observe(sum(verdict.outcomes.values()))
    metrics.SIFTED.labels("judged").inc(len(verdict.judged))
    metrics.SIFTED.labels("dismissed").inc(verdict.dismissed)
    for one in verdict.judged:
        metrics.SCORES.labels(one.lane or NONE, one.kind).observe(one.scores.get(one.kind, 0.0))
    for refusal in verdict.refusals:
        metrics.REJECTS.labels(refusal.rejected.stage, refusal.rejected.reason).inc()
    _count_hits(verdict.hits)


def _count_hits(hits: Sequence[Hit]) -> None:
    for one in (hit.document for hit in hits):
        priority = closed(one.priority or "normal", labels.PRIORITIES)
        metrics.HITS.labels(one.lane, one.kind, one.level).inc()
        metrics.PRIORITY_HITS.labels(one.lane, priority).inc()
        metrics.KIND_HITS.labels(one.kind, closed(one.platform, labels.platforms()), language_label(one.lang)).inc()
        for rule in one.rules:
            metrics.RULE_HITS.labels(rule_label(rule)).inc()
        if one.lane == "protection":
            for subtype in _protection(one):
                metrics.PROTECTION_HITS.labels(subtype, priority).inc()


def _protection(document: Document) -> Iterable[str]:
    return {closed(subtype, labels.protection_subtypes()) for subtype in document.subtypes} or {NONE}


def language_label(lang: str) -> str:
    """A main language as a label: `hi-Latn` counts as `hi`."""
    return closed(lang.partition("-")[0], labels.languages())


def count_stages(spent: dict[str, float]) -> None:
    """Count the seconds of a batch in each stage."""
    for stage, seconds in spent.items():
        metrics.STAGE.labels(stage).observe(seconds)


def count_letters(letters: Sequence[Outgoing]) -> None:
    """Count dead letters that are delivered."""
    for letter in letters:
        metrics.REJECTS.labels(letter.headers["stage"].decode(), letter.headers["reason"].decode()).inc()


def show_model(part: str, model: str, thresholds: str) -> None:
    """Say what judges: `model` as classifiers name themselves (`ARTEFACT+ENGINE-PRECISION`), and what they decide by."""
    artefact, _, running = model.partition("+")
    engine, _, precision = running.rpartition("-")
    metrics.MODEL.labels(part, artefact, engine or running or NONE, precision if engine else NONE, thresholds).set(1)


class Checked(Protocol):
    """Files that are read again when they change, and stay as they were where they no longer fit."""

    @property
    def problem(self) -> str | None:
        """What does not fit, in a line."""


def show_files(word_lists: Sequence[Checked], rules: Sequence[Checked] = ()) -> None:
    """Let it be seen, whenever the metrics are read, how many of these do not fit."""
    metrics.WORD_LISTS_BROKEN.set_function(lambda: _broken(word_lists))
    metrics.RULES_BROKEN.set_function(lambda: _broken(rules))


def _broken(files: Sequence[Checked]) -> float:
    return float(sum(one.problem is not None for one in files))
