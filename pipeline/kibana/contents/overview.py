"""The overview: what came in, of which kind, where, and what cannot wait."""

from pipeline.kibana.columns import Cases, Count, Distinct, Terms
from pipeline.kibana.contents.words import ALL, ALL_HITS, KIND, LANGUAGE, LURES, PLATFORM, PRIORITY, ROUTES, TIME, note
from pipeline.kibana.dashboards import Dashboard, Leading, Row
from pipeline.kibana.lens import Chart

HITS = Count()
_ABOUT = note("What Fanal flagged of the public posts that it screened, by the time at which it screened them.")

_FIGURES = (
    (12, Chart("Hits", "number", (HITS, Count("alerts", "level:alert")))),
    (12, Chart("Urgent", "number", (Count("Urgent", "priority:urgent"), Count("high", "priority:high")))),
    (12, Chart("Offers", "number", (Count("Offers", "lane:offers"), Distinct("author", "authors of hits")))),
    (12, Chart("Protection lane", "number", (Count("In protection", "lane:protection"), ALL))),
)

OVERVIEW = Dashboard(
    "Fanal: Overview",
    "What came in, of which kind, in which languages and on which platforms, and what cannot wait.",
    (
        Row(4, ((48, _ABOUT),)),
        Row(5, _FIGURES),
        Row(12, ((48, Chart("Hits over time by kind", "columns", (HITS,), (TIME, KIND))),)),
        Row(
            14,
            (
                (24, Chart("Platform × language", "heat", (HITS,), (LANGUAGE, PLATFORM))),
                (24, Leading(Chart("Top routes", "bars", (HITS,), (Terms("routes", "Route", 12),)), ROUTES)),
            ),
        ),
        Row(
            12,
            (
                (16, Chart("Priority by lane", "bars", (HITS,), (Terms("lane", "Lane", 3), PRIORITY))),
                (16, Chart("Why hits have their priority", "bars", (HITS,), (Terms("reasons", "Reason", 10),))),
                (16, Leading(Chart("Subtypes", "bars", (HITS,), (Terms("subtypes", "Subtype", 12),)), LURES)),
            ),
        ),
        Row(
            12,
            (
                (24, Chart("Cues by kind of hit", "heat", (HITS,), (KIND, Terms("cue_kinds", "Cue", 12)))),
                (
                    24,
                    Chart(
                        "Hits with a contact, a price, a route",
                        "lines",
                        (HITS,),
                        (
                            TIME,
                            Cases(
                                "What the post names",
                                (
                                    ("a contact", "contact_kinds:*"),
                                    ("a price", "price_eur:*"),
                                    ("a route", "routes:*"),
                                ),
                            ),
                        ),
                    ),
                ),
            ),
        ),
        Row(20, ((48, ALL_HITS),)),
    ),
)
