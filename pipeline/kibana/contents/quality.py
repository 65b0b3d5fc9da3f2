"""Quality: what the classifier and the rules did, for those who answer for them."""

from collections.abc import Sequence

from pipeline.kibana.columns import Count, Distinct, Measure, Metric, Percentile, Terms
from pipeline.kibana.contents.words import ALL, ALL_HITS, KIND, TIME, note
from pipeline.kibana.dashboards import Dashboard, Row
from pipeline.kibana.lens import Chart

_ABOUT = note("How the classifier and the rules behave. Scores are of hits alone: what was not flagged is not here.")
HITS = Count()
_LANGUAGES, _LEVEL = Terms("lang", "Language", 30), Terms("level", "Level", 2)


_FIGURES = (
    (12, Chart("Hits", "number", (HITS, Count("alerts", "level:alert")))),
    (12, Chart("Model versions", "number", (Distinct("model", "Models"), ALL))),
    (12, Chart("Languages", "number", (Distinct("lang", "Languages"), Count("unknown", "lang:und")))),
    (12, Chart("Rules that acted", "number", (Distinct("rules", "Rules"), Count("hits acted on", "rules:*")))),
)


def _score(kind: str) -> Measure:
    return Measure("median", f"scores.{kind}", kind.replace("_", " "), decimals=3)


def _spread(kind: str) -> Chart:
    """Where the scores of a kind's own hits lie, over time."""
    field = f"scores.{kind}"
    within = tuple(Percentile(p, field, f"{p} % score below", decimals=3) for p in (5, 50, 95))
    return Chart(f"Scores of {kind.replace('_', ' ')}", "lines", within, (TIME,), f"kind:{kind}")


def quality(kinds: Sequence[str]) -> Dashboard:
    """The dashboard for the taxonomy's kinds but benign, of which there are no hits."""
    medians: tuple[Metric, ...] = (HITS, *(_score(kind) for kind in kinds))
    spreads = [(12, _spread(kind)) for kind in kinds]
    return Dashboard(
        "Fanal: Quality",
        "What the classifier and the rules did: scores, languages, model versions, rules.",
        (
            Row(4, ((48, _ABOUT),)),
            Row(5, _FIGURES),
            *(Row(12, tuple(_widened(spreads[at : at + 2]))) for at in range(0, len(spreads), 2)),
            Row(
                14,
                (
                    (24, Chart("Median scores by language", "table", medians, (_LANGUAGES,))),
                    (24, Chart("Language × kind", "heat", (HITS,), (KIND, _LANGUAGES))),
                ),
            ),
            Row(12, ((48, Chart("Model versions over time", "columns", (HITS,), (TIME, Terms("model", "Model", 6)))),)),
            Row(12, _rules()),
            Row(12, _taken()),
            Row(20, ((48, ALL_HITS),)),
        ),
    )


def _widened(some: Sequence[tuple[int, Chart]]) -> list[tuple[int, Chart]]:
    return [(48 // len(some), chart) for _, chart in some]


def _rules() -> tuple[tuple[int, Chart], ...]:
    rule = Terms("rules", "Rule", 15)
    return (
        (16, Chart("Rules", "bars", (HITS,), (rule,))),
        (16, Chart("Rules by kind", "bars", (HITS,), (rule, KIND))),
        (16, Chart("Tags", "bars", (HITS,), (Terms("tags", "Tag", 12),))),
    )


def _taken() -> tuple[tuple[int, Chart], ...]:
    return (
        (16, Chart("Level by kind", "bars", (HITS,), (KIND, _LEVEL))),
        (16, Chart("Context that counted", "bars", (HITS,), (Terms("context", "Context", 8),))),
        (16, Chart("How posts came in", "donut", (HITS,), (Terms("transport", "Way", 5),))),
    )
