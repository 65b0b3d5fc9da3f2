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
LAG = Gauge(
    "fanal_lag_records",
    "Records of a topic that the worker's group has not acknowledged, measured against the broker.",
    ["topic"],
)
PROGRESS = Gauge("fanal_progress_timestamp_seconds", "Unix time at which offsets last moved or there was no lag.")
