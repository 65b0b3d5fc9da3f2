"""What the cues of a hit come to: facets, and places in the masked text that give no contact away."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.screen.cues.departures import day_of
from pipeline.screen.cues.facets import CONTACTS, Facets, facets, shown
from pipeline.screen.cues.finding import look
from pipeline.screen.masking import Masked, mask
from pipeline.screen.pseudonyms import Pseudonyms
from tests.functional.cues.suite import cases

NAMES = Pseudonyms(b"k" * 32, "k1")
THURSDAY = datetime(2026, 6, 11, 22, tzinfo=UTC)
OFFER = (
    "Boat from Izmir to Athens leaving tomorrow, 3000 euro per person, hawala, no papers needed. "
    "WhatsApp +44 7700 900123 or telegram: boss_example, urgent"
)


def read(text: str, lang: str = "en", names: tuple[str, ...] = ()) -> tuple[Facets, Masked]:
    looked = look(text, (lang,))
    masked = mask(text, (lang,), NAMES, names, looked.contacts)
    return facets(shown(looked.cues, masked), masked, THURSDAY), masked


def test_an_offer_can_be_searched_by_what_it_offers() -> None:
    found, _ = read(OFFER)
    assert (found.transport_modes, found.payment_terms, found.lures) == (
        ("boat",),
        ("per_head", "hawala"),
        ("no_papers",),
    )
    assert (found.routes, found.route_from, found.route_to) == (("TR>GR",), ("TR",), ("GR",))
    assert (found.places, found.place_countries) == (("TR/İzmir", "GR/Athens"), ("TR", "GR"))
    assert (found.price_currencies, found.departs_at) == (("EUR",), datetime(2026, 6, 12, tzinfo=UTC))
    assert {"payment:hawala", "urgency", "telephone", "handle"} <= set(found.cues)
    assert {"payment", "urgency", "telephone", "handle"} <= set(found.cue_kinds)


def test_each_cue_has_its_place_in_the_masked_text() -> None:
    found, masked = read(OFFER)
    stands = {span.kind: masked.text[span.start : span.end] for span in found.spans}
    assert stands["price"] == "3000 euro"
    assert stands["urgency"] == "urgent"
    assert stands["telephone"].startswith("[phone:")
    assert stands["handle"].startswith("[handle:")


def test_no_span_gives_a_contact_away() -> None:
    found, _ = read(OFFER)
    assert {span.value for span in found.spans if span.kind in CONTACTS} == {""}
    assert not any("7700" in f"{span}" or "boss" in f"{span}" for span in found.spans)


def test_a_town_in_a_masked_name_is_not_shown() -> None:
    found, masked = read("Ask Peter London today, boat from Izmir to Athens", names=("Peter London",))
    assert "London" not in masked.text
    assert "GB" not in found.place_countries
    assert found.routes == ("TR>GR",)


def test_a_journey_within_a_country_is_no_route_between_countries() -> None:
    found, _ = read("from Paris to Marseille by car")
    assert (found.routes, found.route_from) == ((), ())
    assert found.place_countries == ("FR",)


def test_a_text_without_cues_has_no_facets() -> None:
    assert read("The sun is out.")[0] == Facets()


def test_what_is_read_once_for_cues_and_masking_is_masked_the_same() -> None:
    for case in [one for one in cases() if one.lang in ("en", "fa")]:
        looked = look(case.text, (case.lang,))
        assert mask(case.text, (case.lang,), NAMES, (), looked.contacts) == mask(case.text, (case.lang,), NAMES)


@given(
    st.lists(
        st.sampled_from(["boat ", "@boss_example ", "urgent ", "+44 7700 900123 ", "x@example.org", "🚤", "é"]),
        max_size=12,
    )
)
def test_what_was_not_masked_stands_where_the_map_says(parts: list[str]) -> None:
    text = "".join(parts)
    masked = mask(text, ("en",), NAMES)
    for at, char in enumerate(text):
        start, end = masked.span(at, at + 1)
        assert 0 <= start < end <= len(masked.text)
        if not masked.hides(at, at + 1):
            assert masked.text[start:end] == char


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("day 0", date(2026, 6, 11)),
        ("day 2", date(2026, 6, 13)),
        ("weekday 4", date(2026, 6, 11)),
        ("weekday 1", date(2026, 6, 15)),
        ("2026-07-01", date(2026, 7, 1)),
        ("07-01", date(2026, 7, 1)),
        ("01-02", date(2026, 1, 2)),
        ("02-29", date(2026, 3, 1)),
        ("02-30", None),
        ("2026-02-30", None),
        ("next week", None),
        ("weekday x", None),
    ],
)
def test_a_departure_is_dated_from_the_day_of_the_text(said: str, day: date | None) -> None:
    assert day_of(said, THURSDAY.date()) == day


def test_a_date_without_a_year_is_the_nearest_one() -> None:
    assert day_of("01-02", date(2026, 12, 30)) == date(2027, 1, 2)
    assert day_of("12-30", date(2027, 1, 2)) == date(2026, 12, 30)


@pytest.mark.parametrize(
    ("text", "lang", "day"),
    [
        ("Départ demain soir de Zarzis", "fr", 12),
        ("حركت فردا شب", "fa", 12),
        ("выезд в пятницу", "ru", 12),
        ("yarın gece hareket", "tr", 12),
        ("salida pasado mañana", "es", 13),
        ("Abfahrt heute Nacht", "de", 11),
        ("明天出发", "zh", 12),
    ],
)
def test_relative_days_are_dated_in_many_languages(text: str, lang: str, day: int) -> None:
    assert read(text, lang)[0].departs_at == datetime(2026, 6, day, tzinfo=UTC)


@pytest.mark.parametrize("said", ["14.06.2026", "14/06/26", "2026-06-14", "14 June", "14.06"])
def test_a_date_is_read_with_its_year_and_without(said: str) -> None:
    assert read(f"departure {said}")[0].departs_at == datetime(2026, 6, 14, tzinfo=UTC)


def test_of_several_departures_the_first_to_come_counts() -> None:
    assert read("boat left on 03.06, next boat leaves 14.06, then 20.06")[0].departs_at == datetime(
        2026, 6, 14, tzinfo=UTC
    )


def test_a_departure_that_is_over_is_dated_too() -> None:
    assert read("the boat left, departure was 03.06")[0].departs_at == datetime(2026, 6, 3, tzinfo=UTC)


def test_no_contact_of_the_suite_is_left_in_facets_or_places() -> None:
    tried = 0
    for case in cases():
        contacts = [one for one in case.expected if one["kind"] in CONTACTS and one.get("normalised")]
        if not contacts or int(case.id.rpartition("-")[2]) % 3:
            continue
        found, masked = read(case.text, case.lang)
        for contact in contacts:
            tried += 1
            assert contact["normalised"].lstrip("+@") not in f"{found} {masked.text}", case.id
        assert all(0 <= span.start < span.end <= len(masked.text) for span in found.spans), case.id
    assert tried > 100
