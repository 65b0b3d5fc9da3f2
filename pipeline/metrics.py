"""Every metric of Fanal, once. Labels are closed sets (`pipeline.labels`); no label ever holds an id, a text or an author.

A metric without labels is exposed by every role, whether it has one or not: what would mislead as 0 starts as NaN.
"""

import math

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

# a second series for each counter, which nothing here reads
disable_created_metrics()  # type: ignore[no-untyped-call] # the client does not type it

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_STAGE_SECONDS = (0.0005, 0.001, 0.0025, *_SECONDS)
_SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)

BUILD = Gauge("fanal_build_info", "1, with the version that runs.", ["version", "python", "role"])
READY = Gauge(
    "fanal_ready_state", "1 for each part of a worker's readiness that is well, else 0, as on /readyz.", ["part"]
)
CERTIFICATE_EXPIRY = Gauge(
    "fanal_certificate_expiry_timestamp_seconds",
    "Unix time at which a server's certificate, or the authority that signed it, ends; NaN while it cannot be read.",
    ["target"],
)
LICENCE_EXPIRY = Gauge(
    "fanal_licence_expiry_timestamp_seconds",
    "Unix time at which the licence to run live sources ends; NaN where none was asked for.",
)
LICENCE_EXPIRY.set(math.nan)

RECEIVED = Counter(
    "fanal_received_posts", "Posts taken from the broker to be screened, those that come again included."
)
POSTS = Counter("fanal_posts", "Posts screened, by what became of them.", ["outcome"])
SIFTED = Counter(
    "fanal_sifted_posts",
    "Posts that the classifier was given, by whether it had to decide on them (`judged`) or knew them for benign in any "
    "language (`dismissed`).",
    ["outcome"],
)
SCORES = Histogram(
    "fanal_score_ratio",
    "Scores of judged posts in the kind that each is held to be, by that kind and the lane it came to.",
    ["lane", "kind"],
    buckets=_SHARES,
)
HITS = Counter("fanal_hits", "Hits delivered, by lane, kind and level.", ["lane", "kind", "level"])
KIND_HITS = Counter(
    "fanal_kind_hits", "Hits delivered, by kind, platform and main language.", ["kind", "platform", "language"]
)
PRIORITY_HITS = Counter("fanal_priority_hits", "Hits delivered, by lane and priority.", ["lane", "priority"])
PROTECTION_HITS = Counter(
    "fanal_protection_hits",
    "Hits delivered in the lane protection, once for each subtype that they have, by priority.",
    ["subtype", "priority"],
)
RULE_HITS = Counter("fanal_rule_hits", "Hits on which a rule acted, once for each rule.", ["rule"])
RULES_BROKEN = Gauge(
    "fanal_rules_broken", "Rules, or files of them, that do not fit and are passed over; the former ones stay."
)
WORD_LISTS_BROKEN = Gauge(
    "fanal_word_lists_broken", "1 while a list of words does not fit and the former ones stay, else 0."
)
REJECTS = Counter("fanal_rejects", "What went to the rejected, by the stage that sent it and why.", ["stage", "reason"])
MODEL = Gauge(
    "fanal_model_info",
    "1, with what judges: artefact, engine, precision, and the digest of the thresholds that decide.",
    ["part", "artefact", "engine", "precision", "thresholds"],
)
SHADOW_POSTS = Counter(
    "fanal_shadow_posts",
    "Posts that the shadow model judged too, once for each lane, by which of the two models puts them there.",
    ["outcome", "lane"],
)
SHADOW_MISSED = Counter(
    "fanal_shadow_missed_posts", "Posts that the shadow model did not judge: it failed, or was behind.", ["outcome"]
)
REPLAYED = Counter("fanal_replayed_records", "Records that came again after they had been screened and delivered.")
BATCH = Histogram(
    "fanal_batch_posts", "Posts per screened batch.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096)
)
STAGE = Histogram(
    "fanal_stage_seconds",
    "Seconds that a batch spends in a stage; `screen` is the whole of those from `decode` to `seal`, and some more.",
    ["stage"],
    buckets=_STAGE_SECONDS,
)
DELIVERY_RETRIES = Counter(
    "fanal_delivery_retries", "Deliveries to the broker that had to be tried again, by topic.", ["topic"]
)
INDEX_SECONDS = Histogram("fanal_index_seconds", "Seconds per bulk request to the index.", buckets=_SECONDS)
INDEX_ITEMS = Counter("fanal_index_items", "Items of bulk requests by outcome.", ["outcome"])
INDEX_ERRORS = Counter(
    "fanal_index_errors", "Items of bulk requests that the index did not take, by its name for the error.", ["error"]
)
INDEX_RETRIES = Counter("fanal_index_retries", "Bulk requests or items tried again because the index was away or busy.")
SEARCHABLE = Histogram(
    "fanal_searchable_seconds",
    "Seconds from the broker's timestamp of a post to its hit being found by a search.",
    buckets=_SECONDS,
)
ERASURES = Counter("fanal_erasures", "Erasures applied, by cause.", ["cause"])
ERASURES_PENDING = Gauge(
    "fanal_erasures_pending_records",
    "Records of erasures that are not carried out yet, measured against the broker; NaN in other roles.",
)
ERASURES_PENDING.set(math.nan)
ERASED_HITS = Counter(
    "fanal_erased_hits", "Hits removed from the index, or kept out of it, by the erasure's cause.", ["cause"]
)
ERASURE_SECONDS = Histogram(
    "fanal_erasure_seconds",
    "Seconds from the broker's timestamp of an erasure until what it names was out of the index.",
    buckets=_SECONDS,
)
RECHECKS = Counter(
    "fanal_rechecks",
    "Hits whose time came: they stand, are gone or unknown as their platform says, unreadable (another key), or expired.",
    ["outcome"],
)
OVERDUE = Gauge(
    "fanal_overdue_records", "Hits that were to be asked for again by now, on platforms that nothing here can ask."
)
LAG = Gauge(
    "fanal_lag_records",
    "Records of a topic that the worker's group has not acknowledged, measured against the broker.",
    ["topic"],
)
PROGRESS = Gauge(
    "fanal_progress_timestamp_seconds",
    "Unix time at which offsets last moved or there was no lag; NaN before the first look, and in the collector.",
)
PROGRESS.set(math.nan)

SOURCE_EVENTS = Counter("fanal_source_events", "Events of a source that the broker has acknowledged.", ["source"])
SOURCE_POSTS = Counter("fanal_source_posts", "Posts and edits among them.", ["source"])
SOURCE_ERASURES = Counter("fanal_source_erasures", "Deletions among them.", ["source"])
SOURCE_REJECTED = Counter("fanal_source_rejected", "What could not be read among them.", ["source"])
SOURCE_RECONNECTS = Counter("fanal_source_reconnects", "Times that a source was opened again.", ["source"])
SOURCE_FAILURES = Counter(
    "fanal_source_failures",
    "Times that reading a source failed: it was away, refused, or its connector failed in a way that nobody foresaw.",
    ["source", "cause"],
)
SOURCE_GAPS = Counter(
    "fanal_source_gaps", "Times that a source lost events for good before they were read.", ["source"]
)
SOURCE_BEHIND = Gauge(
    "fanal_source_behind_seconds",
    "How far behind now the newest event is, where the platform tells, else NaN.",
    ["source"],
)
SOURCE_BUDGET = Gauge(
    "fanal_source_budget_left",
    "What is left of a metered budget (posts or calls), where there is one, else NaN.",
    ["source"],
)
SOURCE_SUCCESS = Gauge(
    "fanal_source_last_success_timestamp_seconds",
    "Unix time at which a source was last read and delivered.",
    ["source"],
)
SOURCE_CURSOR_AGE = Gauge(
    "fanal_source_cursor_age_seconds", "Seconds since a source's cursor last moved; NaN where it has none.", ["source"]
)
SOURCE_STATE = Gauge(
    "fanal_source_state",
    "1 for the state in which a source is: reading, away, broken, refused, ended, else 0.",
    ["source", "state"],
)
SERIES_SURPRISE = Gauge(
    "fanal_series_surprise",
    "Of the 50 most unusual series, -log10 of the probability of their last minute's windows under the baseline.",
    ["kind", "subtype", "route", "language", "platform"],
)
OPEN_SPIKES = Gauge(
    "fanal_open_spikes", "Series in a spike: they paged, and an hour of calm has not passed since.", ["kind"]
)
SPIKES = Counter("fanal_spikes", "Spikes that were written to the alerts topic, by kind.", ["kind"])
LATE_HITS = Counter("fanal_late_hits", "Hits that the trends passed over: a replay, a backfill, or too late.")
