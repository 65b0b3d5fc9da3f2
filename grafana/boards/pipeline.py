"""*Pipeline*: does what comes in go out, how fast, and what goes wrong on the way."""

from grafana.boards.faults import ERASURES, ERRORS
from grafana.boards.processes import BY_ROLE, PROCESSES
from grafana.panels import QUANTILES, Board, Panel, Query, Row, mean, quantile, quantiles, rate, ratio

GLANCE = Row(
    "At a glance",
    (
        Panel(
            "Posts in",
            "Posts a second that screening takes from the broker, those that come again included.",
            "cps",
            (Query(rate("fanal_received_posts_total"), "posts"),),
            "number",
            width=4,
            height=4,
        ),
        Panel(
            "Waiting",
            "Records that no worker has acknowledged yet, over all topics. It is fine as long as it falls again.",
            "short",
            (Query("sum(max by (topic) (fanal_lag_records{@}))", "records"),),
            "number",
            ((5_000, "yellow"), (50_000, "red")),
            width=4,
            height=4,
        ),
        Panel(
            "Post to searchable",
            "Seconds from the broker's timestamp of a post until a search finds its hit: 95 of 100 are faster.",
            "s",
            (Query(quantile(0.95, "fanal_searchable_seconds"), "p95"),),
            "number",
            ((10, "yellow"), (60, "red")),
            width=4,
            height=4,
        ),
        Panel(
            "Rejected",
            "Share of the posts screened that could not be read. Why: see below under errors, and docs/operating.md.",
            "percentunit",
            (Query(ratio(rate("fanal_posts_total", where='outcome="rejected"'), rate("fanal_posts_total")), "share"),),
            "number",
            ((0.01, "yellow"), (0.05, "red")),
            width=4,
            height=4,
        ),
        Panel(
            "Since progress",
            "Seconds since the worker that is furthest behind moved its offsets, or had nothing to do.",
            "s",
            (Query("time() - min(fanal_progress_timestamp_seconds{@})", "seconds"),),
            "number",
            ((30, "yellow"), (60, "red")),
            width=4,
            height=4,
        ),
        Panel(
            "Not ready",
            "Parts of workers that are not ready: partitions, model, broker or index.",
            "short",
            (Query("count(fanal_ready_state{@} == 0) or 0 * count(fanal_ready_state{@})", "parts"),),
            "number",
            ((1, "red"),),
            width=4,
            height=4,
        ),
    ),
)

FLOW = Row(
    "Flow",
    (
        Panel(
            "Posts by what became of them",
            "Posts screened a second. A hit is delivered, a duplicate was screened before, an erased one was deleted first.",
            "cps",
            (Query(rate("fanal_posts_total", "outcome"), "{{outcome}}"),),
            "areas",
        ),
        Panel(
            "In and out",
            "What screening takes from the broker and what it has dealt with. The two lie on each other, batch by batch.",
            "cps",
            (
                Query(rate("fanal_received_posts_total"), "received"),
                Query(rate("fanal_posts_total"), "screened"),
                Query(rate("fanal_replayed_records_total"), "records that came again"),
            ),
        ),
        Panel(
            "Hits written",
            "What the index did with the hits: written, superseded by a later version, or refused.",
            "cps",
            (Query(rate("fanal_index_items_total", "outcome"), "{{outcome}}"),),
            "areas",
        ),
    ),
)

LAG = Row(
    "Lag and progress",
    (
        Panel(
            "Records waiting by topic",
            "Measured against the broker. Lag on posts that rises for ten minutes asks for more screening workers.",
            "short",
            (Query("max by (topic) (fanal_lag_records{@})", "{{topic}}"),),
            steps=((50_000, "red"),),
        ),
        Panel(
            "Since progress by worker",
            "Seconds since a worker's offsets moved or nothing waited. A worker that stands still ends itself.",
            "s",
            (Query(f"(time() - fanal_progress_timestamp_seconds{{@}}) {BY_ROLE}", "{{role}} {{instance}}"),),
            steps=((60, "red"),),
        ),
        Panel(
            "Ready, by part",
            "1 while all workers have it, 0 as soon as one has not: its partitions, model, broker or index.",
            "none",
            (Query("min by (part) (fanal_ready_state{@})", "{{part}}"),),
            least=0,
            most=1,
        ),
    ),
)

LATENCY = Row(
    "Latency",
    (
        Panel(
            "Post to searchable, over time",
            "From the broker's timestamp of a post until a search finds its hit; a sample of hits is followed.",
            "s",
            quantiles("fanal_searchable_seconds", *QUANTILES),
            steps=((60, "red"),),
        ),
        Panel(
            "Time of a batch by stage",
            "Mean seconds of a batch in each stage. screen is the whole of decode to seal; where time goes is on Model.",
            "s",
            (Query(mean("fanal_stage_seconds", "stage"), "{{stage}}"),),
        ),
        Panel(
            "Bulk requests",
            "Seconds of a bulk request to the index. When it rises, look at the index before you look here.",
            "s",
            quantiles("fanal_index_seconds", *QUANTILES),
        ),
    ),
)

BOARD = Board(
    "fanal-pipeline",
    "Pipeline",
    "Does what comes in go out, how fast, and what goes wrong on the way: flow, lag, latency, errors, erasures, processes.",
    (GLANCE, FLOW, LAG, LATENCY, ERRORS, ERASURES, PROCESSES),
)
