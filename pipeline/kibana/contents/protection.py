"""The protection lane: who warns, testifies, searches or asks for help. Authors are neither counted nor listed."""

from pipeline.kibana.columns import Count, Terms
from pipeline.kibana.contents.words import IN_PROTECTION, LANGUAGE, PLATFORM, PRIORITY, PROTECTION_HITS, TIME
from pipeline.kibana.dashboards import Dashboard, Row, Text
from pipeline.kibana.lens import Chart

_ABOUT = Text(
    "**People who may need help, or who warn others. Never a list of suspects.** For those who can help, and nobody else.\n\n"
    "Texts are masked. Nothing here counts or ranks who wrote them. *A hit is an assessment: a person decides.*"
)
HITS = Count()
SORT = Terms("subtypes", "What it is", 6)


def _figure(title: str, said: str, subtype: str) -> Chart:
    return Chart(title, "number", (Count(said, f"subtypes:{subtype}"),), query=IN_PROTECTION)


_FIGURES = (
    (12, _figure("Warnings", "Warnings", "abuse_warning")),
    (12, _figure("Pleas", "Pleas for help", "plea")),
    (12, _figure("Testimony", "Testimony", "testimony")),
    (12, _figure("Missing persons", "Missing persons", "missing_person")),
)

PROTECTION = Dashboard(
    "Fanal: Protection lane",
    "Warnings, pleas and testimony, for those who can help.",
    (
        Row(4, ((48, _ABOUT),)),
        Row(5, _FIGURES),
        Row(12, ((48, Chart("What comes in over time", "columns", (HITS,), (TIME, SORT), IN_PROTECTION)),)),
        Row(
            12,
            (
                (16, Chart("How urgent", "bars", (HITS,), (SORT, PRIORITY), IN_PROTECTION)),
                (16, Chart("Languages", "bars", (HITS,), (LANGUAGE,), IN_PROTECTION)),
                (
                    16,
                    Chart(
                        "Countries named", "bars", (HITS,), (Terms("place_countries", "Country", 12),), IN_PROTECTION
                    ),
                ),
            ),
        ),
        Row(
            12,
            (
                (
                    24,
                    Chart("Cues by what it is", "heat", (HITS,), (SORT, Terms("cue_kinds", "Cue", 10)), IN_PROTECTION),
                ),
                (24, Chart("Where it is written", "bars", (HITS,), (PLATFORM, SORT), IN_PROTECTION)),
            ),
        ),
        Row(22, ((48, PROTECTION_HITS),)),
    ),
)
