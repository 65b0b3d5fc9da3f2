"""*Offers*: what on-call looks at first: alerts that fire, spikes, what is urgent, what asks for protection."""

from grafana.panels import Board, Choice, Panel, Query, Row, increase, rate

_OF = 'kind=~"$kind"'

_FIRING = (
    "count by (severity, team, alertname, kind, lane, topic, source, role) "
    '(ALERTS{alertstate="firing", alertname=~"Fanal.*", severity!="watchdog"})'
)

ON_CALL = Row(
    "For on-call",
    (
        Panel(
            "Alerts that fire",
            "All alerts that fire now, by severity and team. What to look at first: the page of that name in docs/runbooks.",
            "none",
            (Query(_FIRING, "alerts"),),
            "table",
            width=8,
            height=6,
        ),
        Panel(
            "Open spikes",
            "Series in a spike: they paged, and an hour of calm has not passed since.",
            "short",
            (Query(f"sum(fanal_open_spikes{{@, {_OF}}})", "series"),),
            "number",
            ((1, "orange"),),
            width=4,
            height=6,
        ),
        Panel(
            "Pages",
            "Spikes in the time shown. Chance alone may cause one a week (trends.pages_a_week).",
            "short",
            (Query(increase("fanal_spikes_total", where=_OF), "spikes"),),
            "number",
            ((1, "orange"),),
            width=4,
            height=6,
        ),
        Panel(
            "Urgent",
            "Urgent hits of all lanes in the time shown.",
            "short",
            (Query(increase("fanal_priority_hits_total", where='priority="urgent"'), "hits"),),
            "number",
            ((1, "orange"),),
            width=4,
            height=6,
        ),
        Panel(
            "Pleas",
            "Calls for help in the time shown. They are for the protection desk alone: do not forward them.",
            "short",
            (Query(increase("fanal_protection_hits_total", where='subtype="plea"'), "pleas"),),
            "number",
            ((1, "red"),),
            width=4,
            height=6,
        ),
    ),
)

SPIKES = Row(
    "Spikes",
    (
        Panel(
            "Open spikes by kind",
            "Series in a spike, by kind.",
            "short",
            (Query(f"sum by (kind) (fanal_open_spikes{{@, {_OF}}})", "{{kind}}"),),
            "areas",
        ),
        Panel(
            "The most unusual series",
            "-log10 of the probability of a series' last windows by chance. One pages at 7.0 with 1,000 series and a budget of one "
            "false page a week.",
            "none",
            (
                Query(
                    f"topk(10, max by (kind, subtype, route, language, platform) (fanal_series_surprise{{@, {_OF}}}))",
                    "{{kind}} {{subtype}} {{route}} {{language}} {{platform}}",
                ),
            ),
            steps=((7, "red"),),
        ),
        Panel(
            "Most unusual now",
            "The same, at this moment; `any` is all of a kind on a platform.",
            "none",
            (
                Query(
                    f"topk(10, max by (kind, subtype, route, language, platform) (fanal_series_surprise{{@, {_OF}}}))",
                    "surprise",
                ),
            ),
            "table",
        ),
        Panel(
            "Pages by kind",
            "Spikes that were written to the topic alerts, in the time shown.",
            "short",
            (Query(increase("fanal_spikes_total", "kind", _OF), "{{kind}}"),),
            "bars",
            width=12,
            height=6,
        ),
        Panel(
            "Passed over by the trends",
            "Hits a second that raise no spike: replays, backfills, and what came too late.",
            "cps",
            (Query(rate("fanal_late_hits_total"), "hits"),),
            width=12,
            height=6,
        ),
    ),
)

HITS = Row(
    "Hits",
    (
        Panel(
            "Hits by kind",
            "Hits delivered a second.",
            "cps",
            (Query(rate("fanal_hits_total", "kind", _OF), "{{kind}}"),),
            "areas",
        ),
        Panel(
            "Hits by priority",
            "Hits delivered a second, by lane and priority.",
            "cps",
            (Query(rate("fanal_priority_hits_total", "lane, priority"), "{{lane}}: {{priority}}"),),
        ),
        Panel(
            "Hits by level",
            "What is for review and what is an alert, a second.",
            "cps",
            (Query(rate("fanal_hits_total", "level", _OF), "{{level}}"),),
            "areas",
        ),
        Panel(
            "Hits by platform",
            "In the time shown, the ten with the most; a platform that is not known is `other`.",
            "short",
            (Query(f"topk(10, {increase('fanal_kind_hits_total', 'platform', _OF)})", "{{platform}}"),),
            "bars",
            width=12,
        ),
        Panel(
            "Hits by language",
            "In the time shown, the ten main languages with the most hits.",
            "short",
            (Query(f"topk(10, {increase('fanal_kind_hits_total', 'language', _OF)})", "{{language}}"),),
            "bars",
            width=12,
        ),
    ),
)

PROTECTION = Row(
    "Protection lane",
    (
        Panel(
            "Protection by subtype",
            "Hits delivered in the lane protection a second; one with two subtypes counts for both.",
            "cps",
            (Query(rate("fanal_protection_hits_total", "subtype"), "{{subtype}}"),),
            "areas",
            width=12,
        ),
        Panel(
            "Protection by priority",
            "In the time shown. What is urgent is for a person at the protection desk, now.",
            "short",
            (Query(increase("fanal_protection_hits_total", "subtype, priority"), "{{subtype}}: {{priority}}"),),
            "bars",
            width=12,
        ),
    ),
)

BOARD = Board(
    "fanal-offers",
    "Offers",
    "Hits and spikes for on-call: what fires, what rises, what is urgent, and what asks for protection.",
    (ON_CALL, SPIKES, HITS, PROTECTION),
    (Choice("kind", "Kind", "fanal_hits_total"),),
)
