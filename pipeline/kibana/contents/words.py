"""What more than one dashboard shows: the saved searches, time, and the words that stand above the charts."""

from pipeline.kibana.columns import Count, Dates, Terms
from pipeline.kibana.dashboards import Text
from pipeline.kibana.searches import TIME_FIELD, Search

OVERVIEW, ROUTES, LURES = "Fanal: Overview", "Fanal: Smuggling routes", "Fanal: Recruitment lures"
PROTECTION, QUALITY = "Fanal: Protection lane", "Fanal: Quality"

SMUGGLING, RECRUITMENT, IN_PROTECTION = "kind:smuggling", "kind:recruitment", "lane:protection"

ALL = Count("in all")
"""Beside a part: how many hits there are."""

TIME = Dates(TIME_FIELD, "Time")
KIND = Terms("kind", "Kind", 6)
LANGUAGE = Terms("lang", "Language", 12)
PLATFORM = Terms("platform", "Platform", 10)
PRIORITY = Terms("priority", "Priority", 3)

ALL_HITS = Search(
    "Fanal: All hits",
    "",
    ("priority", "kind", "subtypes", "lang", "platform", "routes", "cue_kinds", "text"),
    "Every hit, whatever its lane, newest first.",
)
NEW_OFFERS = Search(
    "Fanal: New offers",
    "lane:offers",
    ("priority", "level", "kind", "subtypes", "lang", "platform", "routes", "price_eur_per_head", "text"),
    "Offers of recruitment and smuggling, newest first.",
)
URGENT = Search(
    "Fanal: Urgent",
    "priority:urgent",
    ("reasons", "kind", "lane", "lang", "platform", "routes", "departs_at", "text"),
    "Hits that cannot wait, with the cues that made them urgent.",
)
PROTECTION_HITS = Search(
    "Fanal: Protection lane hits",
    IN_PROTECTION,
    ("priority", "subtypes", "lang", "platform", "place_countries", "text"),
    "Warnings, testimony and calls for help. The text is masked; authors are not shown.",
)
SMUGGLING_HITS = Search(
    "Fanal: Smuggling offers",
    SMUGGLING,
    ("priority", "routes", "transport_modes", "price_eur_per_head", "departs_at", "payment_terms", "lang", "text"),
    "Offers of smuggling, newest first.",
)
RECRUITMENT_HITS = Search(
    "Fanal: Recruitment offers",
    RECRUITMENT,
    ("priority", "subtypes", "lures", "place_countries", "contact_kinds", "lang", "platform", "text"),
    "Offers of recruitment, newest first.",
)
SEARCHES = (ALL_HITS, NEW_OFFERS, URGENT, PROTECTION_HITS, SMUGGLING_HITS, RECRUITMENT_HITS)


def note(words: str) -> Text:
    """Words of a dashboard's own, after what holds on all of them."""
    return Text(
        f"{words}\n\n*A hit is an assessment, not a fact: a person decides.* Click a value to see its hits below."
    )
