"""Which hits come first, why, and what they suggest in the terms of law."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.errors import ConfigurationError
from pipeline.resources import taxonomy
from pipeline.screen.crosswalk import crosswalk, read_crosswalk
from pipeline.screen.cues.facets import Facets
from pipeline.screen.priority import LEVELS, Priority, prioritise
from tests.fakes import Assessed

NOW = datetime(2026, 6, 11, 22, tzinfo=UTC)
MIDNIGHT = datetime(2026, 6, 11, tzinfo=UTC)
OFFER = Assessed("smuggling", {}, "offers", True, "review")
PLEA = Assessed("distress", {}, "protection", False, "review")


def first(
    *cues: str, of: Assessed = OFFER, leaves: datetime | None = None, later: timedelta = timedelta(0)
) -> Priority:
    return prioritise(of, Facets(cues=cues, departs_at=leaves), NOW, NOW + later)


@pytest.mark.parametrize("cue", ["minors", "violence", "threat", "threat:publish_pictures"])
def test_a_hint_of_harm_is_urgent_in_every_lane_and_says_so(cue: str) -> None:
    for of in (OFFER, PLEA):
        assert first("price", cue, of=of)[:2] == ("urgent", (cue,))


@pytest.mark.parametrize(
    ("days", "priority"), [(-1, "normal"), (0, "urgent"), (1, "urgent"), (3, "urgent"), (4, "normal")]
)
def test_an_offer_that_leaves_within_72_hours_is_urgent(days: int, priority: str) -> None:
    found = first(leaves=MIDNIGHT + timedelta(days=days))
    assert found.priority == priority
    assert found.reasons == (("departure:within_72_h",) if priority == "urgent" else ())


def test_a_departure_that_was_over_when_the_post_came_in_is_not_urgent() -> None:
    assert first(leaves=MIDNIGHT, later=timedelta(days=30)).priority == "normal"


def test_a_journey_that_a_victim_tells_of_is_not_urgent_for_its_date() -> None:
    assert first(leaves=MIDNIGHT, of=PLEA).priority == "normal"


def test_a_plea_for_help_is_urgent_in_the_protection_lane_alone() -> None:
    assert first("plea", of=PLEA)[:2] == ("urgent", ("plea",))
    assert first(of=Assessed("distress", {}, "protection", False, "review", subtypes=("plea",))).priority == "urgent"
    assert first("plea").priority == "normal"


def test_sextortion_is_urgent() -> None:
    of = Assessed("sexual_exploitation", {}, "exploitation", False, "review", subtypes=("sextortion",))
    assert first(of=of)[:2] == ("urgent", ("subtype:sextortion",))


@pytest.mark.parametrize(
    ("cues", "reasons"),
    [
        (("telephone", "price"), ("telephone", "price")),
        (("route", "handle", "urgency"), ("handle", "route")),
        (("contact", "price", "route"), ("contact", "price", "route")),
        (("telephone", "urgency"), ()),
        (("price", "route"), ()),
    ],
)
def test_an_offer_with_a_contact_and_a_price_or_a_route_is_high(
    cues: tuple[str, ...], reasons: tuple[str, ...]
) -> None:
    assert first(*cues)[:2] == ("high" if reasons else "normal", reasons)
    assert first(*cues, of=PLEA).priority == "normal"


def test_a_benign_post_has_no_priority() -> None:
    assert prioritise(Assessed(), Facets(cues=("minors",)), NOW, NOW) == Priority()
    assert LEVELS == ("normal", "high", "urgent")


def test_every_urgent_cue_of_the_taxonomy_makes_some_hit_urgent() -> None:
    for cue in taxonomy()["urgent_cues"]:
        leaves = MIDNIGHT if cue == "departure" else None
        assert any(first(cue, of=of, leaves=leaves).priority == "urgent" for of in (OFFER, PLEA)), cue


def test_recruitment_suggests_acts_means_and_purposes() -> None:
    of = Assessed("recruitment", {}, "offers", True, "review", subtypes=("job_domestic",))
    found = first("lure:travel_paid", "control:documents_kept", of=of)
    assert (found.acts, found.means) == (("recruitment", "transportation"), ("coercion",))
    assert found.purposes == ("forced_labour", "servitude")


def test_smuggling_suggests_nothing_of_trafficking_unless_force_is_said() -> None:
    assert first("price", "route")[2:] == ((), (), ())
    assert first("violence").means == ("force",)


def test_every_subtype_of_the_offers_of_recruitment_is_considered() -> None:
    weighed = {one for entry in crosswalk().suggest for one in entry.subtypes}
    assert set(taxonomy()["subtypes"]["recruitment"]) - {"easy_life"} <= weighed


HEAD = "version: 1\nacts: [recruitment]\nmeans: [force]\npurposes: [begging]\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEAD + "suggest: [{kinds: [nonsense], gives: {acts: [recruitment]}}]", "suggest 1: no kind nonsense"),
        (HEAD + "suggest: [{subtypes: [nonsense], gives: {acts: [recruitment]}}]", "suggest 1: no subtype nonsense"),
        (
            HEAD + "suggest: [{cues: ['lure:nonsense'], gives: {acts: [recruitment]}}]",
            "suggest 1: no cue lure:nonsense",
        ),
        (HEAD + "suggest: [{kinds: [distress], gives: {means: [magic]}}]", "suggest 1: no means magic"),
        (HEAD + "suggest: [{kind: distress, gives: {}}]", "suggest.0.kind"),
        (HEAD, "suggest"),
        ("acts: [", "not YAML"),
    ],
)
def test_a_wrong_crosswalk_is_refused_with_one_line(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "crosswalk.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        read_crosswalk(path)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
