"""Every metric of Fanal, once. Labels are closed sets; no label ever holds an id, a text or an author."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

POSTS = Counter("fanal_posts", "Posts screened, by what became of them.", ["outcome"])
HITS = Counter("fanal_hits", "Hits delivered, by lane, kind and level.", ["lane", "kind", "level"])
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
    "Seconds that a batch spends in a stage: recall, screen, deliver.",
    ["stage"],
    buckets=_SECONDS,
)
DELIVERY_RETRIES = Counter(
    "fanal_delivery_retries", "Deliveries to the broker that had to be tried again, by topic.", ["topic"]
)
INDEX_SECONDS = Histogram(
    "fanal_index_seconds", "Seconds per bulk request to the index, retries included.", buckets=_SECONDS
)
INDEX_ITEMS = Counter("fanal_index_items", "Items of bulk requests by outcome.", ["outcome"])
INDEX_RETRIES = Counter("fanal_index_retries", "Bulk requests or items tried again because the index was away or busy.")
SEARCHABLE = Histogram(
    "fanal_searchable_seconds",
    "Seconds from the broker's timestamp of a post to its hit being found by a search.",
    buckets=_SECONDS,
)
ERASURES = Counter("fanal_erasures", "Erasures applied, by cause.", ["cause"])
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
    "Hits that were to be asked for again at their platform, or had expired, by the outcome.",
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
PROGRESS = Gauge("fanal_progress_timestamp_seconds", "Unix time at which offsets last moved or there was no lag.")

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
