"""Which model and rules judge, and where a shadow differs: rows of *Model*."""

from grafana.panels import Panel, Query, Row, rate, ratio

VERSIONS = Row(
    "What judges",
    (
        Panel(
            "Models",
            "Workers by the model that they run. More than one line for `active` means that workers judge differently.",
            "none",
            (Query("count by (part, artefact, engine, precision, thresholds) (fanal_model_info{@})", "workers"),),
            "table",
            width=12,
            height=6,
        ),
        Panel(
            "Rules and word lists that do not fit",
            "Files that were changed and are passed over; the former ones stay in force. A worker's log says what is wrong.",
            "short",
            (
                Query("max(fanal_rules_broken{@})", "rules"),
                Query("max(fanal_word_lists_broken{@})", "word lists"),
            ),
            "number",
            ((1, "red"),),
            width=6,
            height=6,
        ),
        Panel(
            "Hits on which rules acted",
            "A second, by rule; a hit on which several acted counts for each.",
            "cps",
            (Query(f"topk(10, {rate('fanal_rule_hits_total', 'rule')})", "{{rule}}"),),
            width=6,
            height=6,
        ),
    ),
)

SHADOW = Row(
    "The shadow",
    (
        Panel(
            "Where active model and shadow differ",
            "Posts a second that only one of the two puts into a lane. Empty without a shadow.",
            "cps",
            (
                Query(
                    rate("fanal_shadow_posts_total", "lane, outcome", 'outcome=~"only_.*"'),
                    "{{lane}}: {{outcome}}",
                ),
            ),
        ),
        Panel(
            "Agreement on what is flagged",
            "Of the posts that either puts into a lane, the share that both do.",
            "percentunit",
            (
                Query(
                    ratio(
                        rate("fanal_shadow_posts_total", "lane", 'outcome="both"'),
                        rate("fanal_shadow_posts_total", "lane", 'outcome!="neither"'),
                    ),
                    "{{lane}}",
                ),
            ),
            least=0,
            most=1,
        ),
        Panel(
            "Not judged by the shadow",
            "Posts a second that the shadow missed: it failed, or was behind. The active model is not held up by it.",
            "cps",
            (Query(rate("fanal_shadow_missed_posts_total", "outcome"), "{{outcome}}"),),
        ),
    ),
)
