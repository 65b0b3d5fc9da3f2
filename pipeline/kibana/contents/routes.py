"""Smuggling routes: from where to where, by which means, for how much, and when."""

from pipeline.kibana.columns import Cases, Count, Dates, Distinct, Measure, Percentile, Terms
from pipeline.kibana.contents.words import ALL, SMUGGLING, SMUGGLING_HITS, TIME, note
from pipeline.kibana.dashboards import Dashboard, Row
from pipeline.kibana.lens import Chart
from pipeline.kibana.maps import PlaceMap

_PRICE = "price_eur_per_head"
_ABOUT = note("What offers of smuggling say of themselves: claims, prices and promises of the offender, not facts.")

PLACES = PlaceMap(
    "Fanal: Places named in smuggling offers",
    "place_points",
    SMUGGLING,
    "Towns that offers of smuggling name, each at the middle of the town.",
)
HITS = Count()
MEDIAN = Measure("median", _PRICE, "Median per head", suffix=" €")
_MODE = Terms("transport_modes", "Transport", 8)

GUARANTEES = Cases(
    "What the offer claims",
    (
        ("guarantee", "cue_kinds:guarantee"),
        ("pay after arrival", "payment_terms:after_arrival"),
        ("deposit", "payment_terms:deposit"),
        ("hawala", "payment_terms:hawala"),
    ),
)
AHEAD = Cases(
    "Departure",
    (
        ("within a day", "departs_at:[now TO now+1d]"),
        ("within a week", "departs_at:[now+1d TO now+7d]"),
        ("later", "departs_at:[now+7d TO *]"),
        ("past", "departs_at:[* TO now]"),
    ),
)


_FIGURES = (
    (12, Chart("Smuggling offers", "number", (HITS, Count("urgent", "priority:urgent")), query=SMUGGLING)),
    (
        12,
        Chart(
            "Routes named", "number", (Distinct("routes", "Routes"), Count("with a route", "routes:*")), query=SMUGGLING
        ),
    ),
    (12, Chart("Price per head", "number", (MEDIAN, Count("with a price", f"{_PRICE}:*")), query=SMUGGLING)),
    (12, Chart("Departures ahead", "number", (Count("Ahead", "departs_at:[now TO *]"), ALL), query=SMUGGLING)),
)
_ROUTES = Chart(
    "Routes",
    "table",
    (HITS, MEDIAN, Measure("min", _PRICE, "Least", suffix=" €"), Distinct("author", "Authors")),
    (Terms("routes", "Route", 15),),
    SMUGGLING,
)
_PRICES = Chart(
    "Price per head over time",
    "lines",
    (
        Percentile(25, _PRICE, "A quarter ask less", suffix=" €"),
        MEDIAN,
        Percentile(75, _PRICE, "A quarter ask more", suffix=" €"),
    ),
    (TIME,),
    SMUGGLING,
    "Of offers that name a price per head, in euros by a dated table.",
)
_FROM, _TO = Terms("route_from", "From", 10), Terms("route_to", "To", 10)

ROUTES = Dashboard(
    "Fanal: Smuggling routes",
    "From where to where people are offered to be moved, by which means, for how much and when.",
    (
        Row(4, ((48, _ABOUT),)),
        Row(5, _FIGURES),
        Row(18, ((28, PLACES), (20, _ROUTES))),
        Row(
            14,
            (
                (24, Chart("Origin × destination", "heat", (HITS,), (_TO, _FROM), SMUGGLING)),
                (24, _PRICES),
            ),
        ),
        Row(
            12,
            (
                (16, Chart("Transport", "bars", (HITS,), (_MODE,), SMUGGLING)),
                (16, Chart("Guarantees and payment", "bars", (HITS,), (GUARANTEES,), SMUGGLING)),
                (16, Chart("Documents", "bars", (HITS,), (Terms("document_kinds", "Document", 8),), SMUGGLING)),
            ),
        ),
        Row(
            12,
            (
                (16, Chart("When people leave", "bars", (HITS,), (AHEAD,), SMUGGLING)),
                (
                    32,
                    Chart(
                        "Departures by day", "columns", (HITS,), (Dates("departs_at", "Day", "1d"), _MODE), SMUGGLING
                    ),
                ),
            ),
        ),
        Row(
            12,
            (
                (16, Chart("Means of payment", "bars", (HITS,), (Terms("payment_terms", "Payment", 10),), SMUGGLING)),
                (16, Chart("Price by transport", "table", (HITS, MEDIAN), (_MODE,), SMUGGLING)),
                (16, Chart("Currencies", "donut", (HITS,), (Terms("price_currencies", "Currency", 6),), SMUGGLING)),
            ),
        ),
        Row(20, ((48, SMUGGLING_HITS),)),
    ),
)
