"""Values: prices on one scale and towns on the map, and nothing where nothing is known."""

from pathlib import Path

import pytest
import yaml

from pipeline.errors import ConfigurationError
from pipeline.resources import config_dir
from pipeline.screen.cues import Cue, find_cues
from pipeline.screen.cues.prices import _SIGNS
from pipeline.screen.values import Rates, Values, read_rates, shipped_rates, values


def of(text: str, lang: str = "en") -> Values:
    return values(find_cues(text, lang))


def cue(kind: str, normalised: str, start: int = 0, width: int = 4) -> Cue:
    return Cue(kind, "x" * width, normalised, start, start + width, "test")


def test_an_offer_has_its_price_in_euros_that_of_one_person_and_its_towns() -> None:
    found = of("Boat from Tripoli to Athens tomorrow, 3500 euro per person, deposit 46000 lira")
    assert found.price_eur == (3500.0, 1000.0)
    assert found.price_eur_per_head == 3500.0
    assert len(found.place_points) == 2
    assert "37.9838,23.7278" in found.place_points


def test_every_currency_that_the_finders_know_has_a_rate() -> None:
    lists = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (config_dir() / "cues").glob("*.yaml")]
    known = {code for one in lists for code in one.get("currencies") or {}} | set(_SIGNS.values())
    assert len(known) > 60
    assert known - set(shipped_rates().per_euro) == set()
    assert set(shipped_rates().street) <= set(shipped_rates().per_euro)


@pytest.mark.parametrize(
    ("price", "euros"),
    [
        ("1000 EUR", (1000.0,)),
        ("3000-4000 EUR", (3000.0, 4000.0)),
        ("40000000 IRT", (400.0,)),
        ("1234.56 EUR", (1230.0,)),
        ("500", ()),
        ("500 XXX", ()),
    ],
)
def test_a_price_is_in_euros_to_three_figures(price: str, euros: tuple[float, ...]) -> None:
    assert values([cue("price", price)]).price_eur == euros


def test_the_price_of_one_person_is_the_one_beside_the_words_and_of_a_range_the_middle() -> None:
    head = cue("payment", "per_head", 100)
    near, far = cue("price", "2000-3000 EUR", 80), cue("price", "900 EUR", 20)
    assert values([far, near, head]).price_eur_per_head == 2500.0
    assert values([far, head]).price_eur_per_head is None
    assert values([head]).price_eur_per_head is None
    assert values([near, cue("payment", "deposit", 100)]).price_eur_per_head is None


def test_a_known_place_goes_before_geonames_and_a_country_alone_has_no_point() -> None:
    named = [cue("place", "GR/Athens"), cue("route", "LY>IT/Lampedusa"), cue("place", "GR/Athens")]
    assert values(named).place_points == ("37.9838,23.7278",)
    found = values(named, known={"IT/Lampedusa": (35.5015, 12.6046), "GR/Athens": (1, 2)})
    assert found.place_points == ("1.0000,2.0000", "35.5015,12.6046")


def test_many_prices_are_cut() -> None:
    assert len(values([cue("price", f"{number} EUR") for number in range(1, 200)]).price_eur) == 32


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("per_euro: {EUR: 1}", "as_of: Field required"),
        ("as_of: 2026-01-01\nper_euro: {EUR: 2}", "EUR must be 1"),
        ("as_of: 2026-01-01\nper_euro: {EUR: 1, USD: 0}", "per_euro.USD"),
        ("as_of: 2026-01-01\nper_euro: {EUR: 1, eur: 3}", "per_euro.eur"),
        ("as_of: 2026-01-01\nper_euro: {EUR: 1, USD: .nan}", "per_euro.USD"),
        ("{", "not YAML"),
        ("- 1", "the table"),
    ],
)
def test_a_table_that_does_not_fit_is_named_with_the_place(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "currencies.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=why) as caught:
        read_rates(path)
    assert "\n" not in str(caught.value)


def test_a_table_says_its_day() -> None:
    assert isinstance(shipped_rates(), Rates)
    assert shipped_rates().as_of.year >= 2025
