"""*Sources*: does each source send, how far behind is it, and what went wrong."""

from grafana.panels import Board, Choice, Panel, Query, Row, increase, rate, ratio

_OF = 'source=~"$source"'


def _sum(metric: str) -> Query:
    return Query(rate(metric, "source", _OF), "{{source}}")


def _worst(metric: str) -> Query:
    return Query(f"max by (source) ({metric}{{@, {_OF}}})", "{{source}}")


def _in(*states: str) -> str:
    """How many of the chosen sources are in one of these states."""
    return f'sum(fanal_source_state{{@, {_OF}, state=~"{"|".join(states)}"}})'


STATE = Row(
    "State",
    (
        Panel(
            "Reading",
            "Sources that are being read.",
            "short",
            (Query(_in("reading"), "sources"),),
            "number",
            width=4,
            height=5,
        ),
        Panel(
            "Away or broken",
            "Sources that are tried again by themselves: in a moment, or when they failed ten times, in five minutes.",
            "short",
            (Query(_in("away", "broken"), "sources"),),
            "number",
            ((1, "yellow"),),
            width=4,
            height=5,
        ),
        Panel(
            "Refused",
            "Sources that need a person: `fanal sources` says what to do. Then start the collector again.",
            "short",
            (Query(_in("refused"), "sources"),),
            "number",
            ((1, "red"),),
            width=4,
            height=5,
        ),
        Panel(
            "Gaps",
            "Times that events were lost for good in the time shown: the platform no longer had them.",
            "short",
            (Query(increase("fanal_source_gaps_total", where=_OF), "gaps"),),
            "number",
            ((1, "red"),),
            width=4,
            height=5,
        ),
        Panel(
            "States",
            "In which state each source is.",
            "none",
            (Query(f"max by (source, state) (fanal_source_state{{@, {_OF}}} == 1)", "is"),),
            "table",
            width=8,
            height=5,
        ),
    ),
)

FLOW = Row(
    "What they send",
    (
        Panel(
            "Events",
            "Events a second of each source that the broker has acknowledged: posts, edits, deletions, all else.",
            "cps",
            (_sum("fanal_source_events_total"),),
            "areas",
        ),
        Panel(
            "Posts",
            "Posts and edits a second among them.",
            "cps",
            (_sum("fanal_source_posts_total"),),
            "areas",
        ),
        Panel("Deletions", "Deletions a second among them.", "cps", (_sum("fanal_source_erasures_total"),)),
        Panel(
            "Not read",
            "Share of a source's events that could not be read. More than a little means that the platform changed its format.",
            "percentunit",
            (
                Query(
                    ratio(
                        rate("fanal_source_rejected_total", "source", _OF),
                        rate("fanal_source_events_total", "source", _OF),
                    ),
                    "{{source}}",
                ),
            ),
            steps=((0.01, "yellow"), (0.1, "red")),
        ),
        Panel(
            "Failures",
            "Times that reading failed, a second, by cause: away, refused, or a fault in the connector (unforeseen).",
            "cps",
            (Query(rate("fanal_source_failures_total", "source, cause", _OF), "{{source}}: {{cause}}"),),
        ),
        Panel(
            "Opened again",
            "Times a second that a source was opened again.",
            "cps",
            (_sum("fanal_source_reconnects_total"),),
        ),
    ),
)

FRESHNESS = Row(
    "How far behind",
    (
        Panel(
            "Behind now",
            "How far behind the present the newest event of a source is, where the platform tells.",
            "s",
            (_worst("fanal_source_behind_seconds"),),
            steps=((300, "yellow"), (3_600, "red")),
            width=6,
        ),
        Panel(
            "Since the last success",
            "Seconds since a source was last read and delivered.",
            "s",
            (
                Query(
                    f"time() - max by (source) (fanal_source_last_success_timestamp_seconds{{@, {_OF}}})", "{{source}}"
                ),
            ),
            steps=((300, "yellow"), (3_600, "red")),
            width=6,
        ),
        Panel(
            "Age of the cursor",
            "Seconds since the place up to which a source was read last moved. After a fall it is read again from there.",
            "s",
            (_worst("fanal_source_cursor_age_seconds"),),
            width=6,
        ),
        Panel(
            "Budget left",
            "What is left of a metered budget, in posts or calls, of the sources that have one.",
            "short",
            (Query(f"min by (source) (fanal_source_budget_left{{@, {_OF}}})", "{{source}}"),),
            least=0,
            width=6,
        ),
    ),
)

BOARD = Board(
    "fanal-sources",
    "Sources",
    "Does each source send, how far behind is it, and what went wrong with it.",
    (STATE, FLOW, FRESHNESS),
    (Choice("source", "Source", "fanal_source_events_total"),),
)
