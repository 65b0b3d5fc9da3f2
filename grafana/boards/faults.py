"""What goes wrong on a post's way, and what is taken back: rows of *Pipeline*."""

from grafana.panels import QUANTILES, Panel, Query, Row, increase, quantiles, rate

ERRORS = Row(
    "Errors",
    (
        Panel(
            "Rejected by reason",
            "What went to the rejected, in the time shown, by the stage that sent it. Headers on the records name the field.",
            "short",
            (Query(f"{increase('fanal_rejects_total', 'stage, reason')} > 0", "{{stage}}: {{reason}}"),),
            "bars",
            ((1, "yellow"), (1_000, "red")),
        ),
        Panel(
            "Refused by the index",
            "Items that the index did not take, a second, by its own name for the error.",
            "cps",
            (Query(rate("fanal_index_errors_total", "error"), "{{error}}"),),
        ),
        Panel(
            "Tried again",
            "Deliveries to the broker by topic, and requests to the index, that had to be tried again. Nothing is lost by it.",
            "cps",
            (
                Query(rate("fanal_delivery_retries_total", "topic"), "to {{topic}}"),
                Query(rate("fanal_index_retries_total"), "to the index"),
            ),
        ),
    ),
)

ERASURES = Row(
    "Erasures",
    (
        Panel(
            "Erasures waiting",
            "Deletions that were asked for and are not carried out yet, and hits that nothing here can ask for again.",
            "short",
            (
                Query("max(fanal_erasures_pending_records{@})", "pending"),
                Query("max(fanal_overdue_records{@})", "overdue"),
            ),
            steps=((1_000, "red"),),
            width=6,
        ),
        Panel(
            "Erased",
            "Erasures carried out and hits taken out of the index or kept out of it, a second, by cause.",
            "cps",
            (
                Query(rate("fanal_erasures_total", "cause"), "{{cause}}"),
                Query(rate("fanal_erased_hits_total", "cause"), "hits: {{cause}}"),
            ),
            width=6,
        ),
        Panel(
            "Deletion to erased",
            "Seconds from the broker's timestamp of an erasure until what it names was out of the index.",
            "s",
            quantiles("fanal_erasure_seconds", *QUANTILES),
            width=6,
        ),
        Panel(
            "Asked again",
            "Hits whose time had come, a second: they stand, are gone, nobody knows, cannot be read, or have expired.",
            "cps",
            (Query(rate("fanal_rechecks_total", "outcome"), "{{outcome}}"),),
            "areas",
            width=6,
        ),
    ),
)
