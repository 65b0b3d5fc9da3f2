"""Recruitment lures: which work is promised, with what, where, and how one is to answer."""

from pipeline.kibana.columns import Cases, Count, Distinct, Terms
from pipeline.kibana.contents.words import ALL, LANGUAGE, PLATFORM, RECRUITMENT, RECRUITMENT_HITS, TIME, note
from pipeline.kibana.dashboards import Dashboard, Row
from pipeline.kibana.lens import Chart

_ABOUT = note(
    "What offers with the marks of trafficking recruitment promise. An honest vacancy, badly written, may stand among them."
)
HITS = Count()
SECTOR, LURE = Terms("subtypes", "Sector", 16), Terms("lures", "Lure", 8)
MARKS = Cases(
    "Marks of control and choice",
    (
        ("papers kept", 'cues:"control:documents_kept"'),
        ("a debt", 'cues:"control:debt"'),
        ("only women", 'cues:"sought:women"'),
        ("an age", 'cues:"sought:age"'),
    ),
)

_FIGURES = (
    (12, Chart("Recruitment offers", "number", (HITS, Count("alerts", "level:alert")), query=RECRUITMENT)),
    (12, Chart("Urgent", "number", (Count("Urgent", "priority:urgent"), ALL), query=RECRUITMENT)),
    (12, Chart("With a lure", "number", (Count("With a lure", "lures:*"), ALL), query=RECRUITMENT)),
    (12, Chart("Authors", "number", (Distinct("author", "Authors"), ALL), query=RECRUITMENT)),
)

LURES = Dashboard(
    "Fanal: Recruitment lures",
    "Which work is promised, with what and where, and how one is to answer.",
    (
        Row(4, ((48, _ABOUT),)),
        Row(5, _FIGURES),
        Row(
            15,
            (
                (16, Chart("Sectors", "bars", (HITS,), (SECTOR,), RECRUITMENT)),
                (16, Chart("Lures", "bars", (HITS,), (LURE,), RECRUITMENT)),
                (
                    16,
                    Chart(
                        "Countries promised",
                        "bars",
                        (HITS,),
                        (Terms("place_countries", "Country", 12),),
                        RECRUITMENT,
                        "The countries that these offers name.",
                    ),
                ),
            ),
        ),
        Row(16, ((48, Chart("Lure × sector", "heat", (HITS,), (LURE, SECTOR), RECRUITMENT)),)),
        Row(12, ((48, Chart("Lures over time", "columns", (HITS,), (TIME, LURE), RECRUITMENT)),)),
        Row(
            12,
            (
                (16, Chart("Contact channels", "donut", (HITS,), (Terms("contact_kinds", "Channel", 8),), RECRUITMENT)),
                (16, Chart("Marks of control", "bars", (HITS,), (MARKS,), RECRUITMENT)),
                (
                    16,
                    Chart(
                        "Channel by platform",
                        "bars",
                        (HITS,),
                        (PLATFORM, Terms("contact_kinds", "Channel", 6)),
                        RECRUITMENT,
                    ),
                ),
            ),
        ),
        Row(16, ((48, Chart("Language × sector", "heat", (HITS,), (LANGUAGE, SECTOR), RECRUITMENT)),)),
        Row(20, ((48, RECRUITMENT_HITS),)),
    ),
)
