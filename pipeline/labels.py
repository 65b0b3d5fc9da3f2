"""What the labels of the metrics may hold: closed sets, or a bound on how many there are; and which roles a metric is of.

What a post says is never a label: a platform or a language that is not known becomes `other`, so that nobody who writes posts
makes series. The page of metrics, the counters that begin at 0 and the tests of the bound rest on this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import get_args

from pipeline.posts import Cause, Outcome, Reason, Stage
from pipeline.resources import taxonomy

OTHER = "other"
NONE = "none"
PRIORITIES = ("urgent", "high", "normal")
MOST_PLATFORMS = 30
MOST_RULES = 200
MOST_UNUSUAL = 50
INDEX_ERRORS = (
    "ConnectionError",
    "ConnectionTimeout",
    "cluster_block_exception",
    "document_parsing_exception",
    "es_rejected_execution_exception",
    "illegal_argument_exception",
    "index_not_found_exception",
    "mapper_parsing_exception",
    "strict_dynamic_mapping_exception",
    "template_missing",
    "template_outdated",
    "unavailable_shards_exception",
)
STAGES = ("recall", "screen", "decode", "clean", "model", "language", "context", "cues", "seal", "index", "deliver")

SCREENING, INDEXING, ERASING, TRENDS, COLLECTING = "screening", "indexing", "erasing", "trends", "collecting"
WORKERS = (SCREENING, INDEXING, ERASING, TRENDS)


@dataclass(frozen=True, slots=True)
class Values:
    """What a label holds: all of it (`names`), or in words (`said`) and at most so many (`most`)."""

    names: tuple[str, ...] = ()
    said: str = ""
    bound: int = 0

    @property
    def most(self) -> int:
        """How many there are at most."""
        return len(self.names) or self.bound


def closed(value: str | None, names: tuple[str, ...] | frozenset[str]) -> str:
    """A value as a label: itself where it is known, else `other`."""
    return value if value is not None and value in names else OTHER


@dataclass(frozen=True, slots=True)
class Shape:
    """Of which roles a metric is, what its labels hold, and how many combinations there are where not all of them occur."""

    roles: tuple[str, ...]
    labels: Mapping[str, Values]
    together: int | None = None

    @property
    def most_children(self) -> int:
        """How many combinations of its labels there are at most."""
        return self.together or prod(values.most for values in self.labels.values())


@cache
def shapes() -> Mapping[str, Shape]:
    """The shape of every metric by its name (a counter's without `_total`)."""
    return {**_of_screening(), **_of_the_index(), **_of_sources(), **_of_trends(), **_of_all()}


@cache
def kinds() -> tuple[str, ...]:
    """The kinds of the taxonomy."""
    return tuple(taxonomy()["kinds"])


@cache
def lanes() -> Mapping[str, tuple[str, ...]]:
    """The lanes of the taxonomy, with their kinds."""
    return {lane: tuple(of) for lane, of in taxonomy()["lanes"].items()}


@cache
def languages() -> tuple[str, ...]:
    """The languages of the taxonomy."""
    return tuple(taxonomy()["languages"])


@cache
def platforms() -> tuple[str, ...]:
    """The platforms of the taxonomy by which hits are counted, at most thirty."""
    return tuple(taxonomy().get("platforms", ()))[:MOST_PLATFORMS]


@cache
def protection_subtypes() -> tuple[str, ...]:
    """The subtypes of the kinds of the lane `protection`, and `none`."""
    return (*(name for kind in lanes()["protection"] for name in taxonomy()["subtypes"][kind]), NONE)


def _of_screening() -> dict[str, Shape]:
    lane, kind = Values(tuple(lanes())), Values(kinds())
    hit_kinds = Values(tuple(kind for of in lanes().values() for kind in of))
    level, priority = Values(tuple(taxonomy()["levels"])), Values(PRIORITIES)
    platform = Values((*platforms(), OTHER))
    judged = {"outcome": Values(("both", "only_active", "only_shadow", "neither")), "lane": lane}
    only = {
        "fanal_received_posts": {},
        "fanal_posts": {"outcome": Values(get_args(Outcome))},
        "fanal_sifted_posts": {"outcome": Values(("judged", "dismissed"))},
        "fanal_score_ratio": {"lane": Values((*lanes(), NONE)), "kind": kind},
        "fanal_hits": {"lane": lane, "kind": hit_kinds, "level": level},
        "fanal_kind_hits": {"kind": hit_kinds, "platform": platform, "language": Values((*languages(), OTHER))},
        "fanal_priority_hits": {"lane": lane, "priority": priority},
        "fanal_protection_hits": {"subtype": Values((*protection_subtypes(), OTHER)), "priority": priority},
        "fanal_rule_hits": {"rule": Values(said="names of the rules, then `other`", bound=MOST_RULES + 1)},
        "fanal_rules_broken": {},
        "fanal_word_lists_broken": {},
        "fanal_model_info": {
            "part": Values(("active", "shadow")),
            **{name: Values(said="as the artefact says", bound=1) for name in ("artefact", "engine", "precision")},
            "thresholds": Values(said="12 digits of a sha256", bound=1),
        },
        "fanal_shadow_posts": judged,
        "fanal_shadow_missed_posts": {"outcome": Values(("failed", "behind"))},
        "fanal_replayed_records": {},
        "fanal_batch_posts": {},
    }
    return {name: Shape((SCREENING,), labels) for name, labels in only.items()}


def _of_the_index() -> dict[str, Shape]:
    cause = Values(get_args(Cause))
    both, erasing = (INDEXING, ERASING), (ERASING,)
    return {
        "fanal_index_seconds": Shape((INDEXING,), {}),
        "fanal_index_items": Shape((INDEXING,), {"outcome": Values(("written", "superseded", "refused"))}),
        "fanal_index_errors": Shape((INDEXING,), {"error": Values((*INDEX_ERRORS, OTHER))}),
        "fanal_index_retries": Shape(both, {}),
        "fanal_searchable_seconds": Shape((INDEXING,), {}),
        "fanal_erasures": Shape(erasing, {"cause": cause}),
        "fanal_erasures_pending_records": Shape(erasing, {}),
        "fanal_erased_hits": Shape(both, {"cause": cause}),
        "fanal_erasure_seconds": Shape(erasing, {}),
        "fanal_rechecks": Shape(erasing, {"outcome": Values(("stands", "gone", "unknown", "unreadable", "expired"))}),
        "fanal_overdue_records": Shape(erasing, {}),
    }


def _of_sources() -> dict[str, Shape]:
    source = Values(said="names of the configured sources", bound=100)
    more = {
        "fanal_source_failures": {"cause": Values(("away", "refused", "unforeseen"))},
        "fanal_source_state": {"state": Values(("reading", "away", "broken", "refused", "ended"))},
    }
    counters = ("events", "posts", "erasures", "rejected", "reconnects", "failures", "gaps")
    gauges = ("behind_seconds", "budget_left", "last_success_timestamp_seconds", "cursor_age_seconds", "state")
    families = [f"fanal_source_{name}" for name in (*counters, *gauges)]
    found = {name: Shape((COLLECTING,), {"source": source, **more.get(name, {})}) for name in families}
    return {**found, "fanal_licence_expiry_timestamp_seconds": Shape((COLLECTING,), {})}


def _of_trends() -> dict[str, Shape]:
    names = ("kind", "subtype", "route", "language", "platform")
    said = Values(said=f"as the series say; together at most {MOST_UNUSUAL}", bound=MOST_UNUSUAL)
    kind = {"kind": Values((*kinds(), OTHER))}
    return {
        "fanal_series_surprise": Shape((TRENDS,), dict.fromkeys(names, said), MOST_UNUSUAL),
        "fanal_open_spikes": Shape((TRENDS,), kind),
        "fanal_spikes": Shape((TRENDS,), kind),
        "fanal_late_hits": Shape((TRENDS,), {}),
    }


def _of_all() -> dict[str, Shape]:
    topic = Values(said="names of topics", bound=12)
    one = Values(said="as it is", bound=1)
    return {
        "fanal_build_info": Shape(
            (*WORKERS, COLLECTING), {"version": one, "python": one, "role": Values((*WORKERS, COLLECTING))}
        ),
        "fanal_ready_state": Shape(
            (*WORKERS, COLLECTING), {"part": Values(("partitions", "model", "broker", "index", "sources"))}
        ),
        "fanal_certificate_expiry_timestamp_seconds": Shape(
            (*WORKERS, COLLECTING), {"target": Values(("kafka", "elasticsearch"))}
        ),
        "fanal_rejects": Shape(
            (SCREENING, INDEXING, ERASING, COLLECTING),
            {"stage": Values(get_args(Stage)), "reason": Values(get_args(Reason))},
        ),
        "fanal_stage_seconds": Shape((SCREENING, INDEXING), {"stage": Values(STAGES)}),
        "fanal_delivery_retries": Shape(WORKERS, {"topic": topic}),
        "fanal_lag_records": Shape(WORKERS, {"topic": topic}),
        "fanal_progress_timestamp_seconds": Shape(WORKERS, {}),
    }
