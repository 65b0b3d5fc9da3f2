"""Hits: what an analyst sees of a post, and what nobody sees."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import msgspec
import pytest
from cryptography.fernet import Fernet

from pipeline.codec import encode
from pipeline.posts import Geo, Hit, Media, Position, Post, Terms
from pipeline.screen.assessments import Candidate
from pipeline.screen.evidence import Seal
from pipeline.screen.hits import index_version, make_hit, without_vector
from pipeline.screen.pseudonyms import Pseudonyms

NAMES = Pseudonyms(b"k" * 32, "k1")
SEAL = Seal(Fernet.generate_key(), "k1")
RECEIVED = datetime(2026, 11, 1, 12, tzinfo=UTC)
SCREENED = RECEIVED + timedelta(seconds=1)


@dataclass(frozen=True)
class Assessed:
    kind: str = "smuggling"
    scores: dict[str, float] = field(default_factory=lambda: {"smuggling": 0.9, "benign": 0.1})
    lane: str | None = "offers"
    flagged: bool = True
    level: str | None = "review"
    model: str = "fanal-0.1.0+openvino-f32"
    calibrated: bool = True
    odds: tuple[float, float] = (0.0, 0.0)
    context: tuple[str, ...] = ()
    subtypes: tuple[str, ...] = ("sea",)
    vector: tuple[float, ...] | None = None


def post(**changes: object) -> Post:
    fields: dict[str, object] = {
        "platform": "telegram",
        "native_id": "channel_secret/123",
        "text": "Boat tonight, write @captain_secret or +44 7700 900123, ask for Secret Anna",
        "created_at": datetime(2026, 10, 31, 23, 30, tzinfo=UTC),
        "native_uri": "https://t.me/channel_secret/123",
        "version": "2",
        "author_id": "secret-99",
        "author_handle": "secret_anna",
        "author_hints": {"display_name": "Secret Anna", "bot": False},
        "mentions": ("secret_bob",),
        "links": ("https://secret.example/offer",),
        "hashtags": ("game", "call0044 7700 900123", "secret_anna"),
        "container": "channel_secret",
        "container_name": "Secret Travels",
        "reply_text": "is there a secret way",
        "in_reply_to": "channel_secret/100",
        "repost_of": "secret-origin/7",
        "media": (Media(kind="image", url="https://secret.example/a.jpg", alt="secret"),),
        "geo": Geo(latitude=1.5, longitude=2.5, place="secret street", country="FR"),
        "extra": {"secret": "secret"},
    }
    return Post(**{**fields, **changes})  # type: ignore[arg-type] # the fields vary from test to test


def hit(of: Post, assessed: Assessed | None = None, later: timedelta = timedelta(0)) -> Hit:
    candidate = Candidate(Position(3, 41, 2), of, encode(of), RECEIVED + later, of.text, ("en", "fr"))
    return make_hit(candidate, assessed or Assessed(), SCREENED, pseudonyms=NAMES, seal=SEAL.seal)


def test_nothing_that_names_someone_leaves_in_clear() -> None:
    made = hit(post())
    shown = encode(msgspec.structs.replace(made, evidence=SEAL.seal(b""))).decode().casefold()
    assert "secret" not in shown
    assert "captain" not in shown
    assert "900123" not in shown
    assert "boat tonight, write [handle:" in shown


def test_the_evidence_is_the_line_as_it_was_received() -> None:
    assert json.loads(SEAL.open_sealed(hit(post()).evidence))["native_uri"] == "https://t.me/channel_secret/123"


def test_the_facts_and_the_assessment_stand_side_by_side() -> None:
    document = hit(post()).document
    assert (document.lang, document.position, document.version, document.key_id) == ("en", "3/41/2", "2", "k1")
    assert (document.kind, document.lane, document.flagged, document.level) == ("smuggling", "offers", True, "review")
    assert document.scores == {"smuggling": 0.9, "benign": 0.1}
    assert (document.country, document.media_kinds) == ("FR", ("image",))
    assert document.contact_kinds == ("handle", "link", "phone")
    assert f"phone:{NAMES.token('phone', '+447700900123')}" in document.contacts
    assert (document.received_at, document.screened_at) == (RECEIVED, SCREENED)


def test_prices_are_in_euros_and_towns_on_the_map() -> None:
    document = hit(post(text="from Izmir to Athens, 46000 lira per person")).document
    assert (document.price_eur, document.price_eur_per_head) == ((1000.0,), 1000.0)
    assert "37.9838,23.7278" in document.place_points


def test_a_hit_carries_the_encoders_reading_unless_told_otherwise() -> None:
    read = Assessed(vector=tuple(float(number - 100) for number in range(384)))
    of = post()
    candidate = Candidate(Position(3, 41, 2), of, encode(of), RECEIVED, of.text, ("en",))
    with_one = make_hit(candidate, read, SCREENED, pseudonyms=NAMES, seal=SEAL.seal)
    without = without_vector(partial(make_hit, pseudonyms=NAMES, seal=SEAL.seal), candidate, read, SCREENED)
    assert len(with_one.document.vector or "") == 768
    assert without.document.vector is None
    assert msgspec.structs.replace(with_one.document, vector=None) == without.document


def test_a_number_in_words_of_the_language_that_the_platform_names_is_masked_in_a_text_of_another() -> None:
    spelled = "cuatro cuatro siete siete cero cero nueve cero cero uno dos tres"
    of = post(text=f"Boat tonight for three people, contact {spelled} , ask there", lang_hint=("es",))
    assert "siete" not in hit(of).document.text


def test_hashtags_stay_unless_they_name_someone() -> None:
    tags = hit(post()).document.hashtags
    assert tags[0] == "game"
    assert tags[1].startswith("call[phone:")
    assert tags[2].startswith("[handle:")


def test_an_edit_has_the_same_id_and_a_later_version() -> None:
    first = hit(post())
    edited = hit(post(version="3"), later=timedelta(milliseconds=1))
    assert edited.id == first.id
    assert edited.index_version > first.index_version


def test_a_replay_has_the_same_id_and_the_same_version() -> None:
    assert (hit(post()).id, hit(post()).index_version) == (hit(post()).id, index_version(RECEIVED, Position(3, 41, 2)))


def test_a_version_orders_lines_within_a_millisecond_and_fits_a_long() -> None:
    line, next_line, next_record = Position(3, 41, 0), Position(3, 41, 1), Position(3, 42, 0)
    later = index_version(RECEIVED + timedelta(milliseconds=1), Position(3, 0, 0))
    versions = [index_version(RECEIVED, at) for at in (line, next_line, next_record)]
    assert sorted({*versions, later}) == [*versions, later]
    assert index_version(RECEIVED, Position(3, 41, 4095)) == index_version(RECEIVED, Position(3, 41, 9999))
    assert 0 < index_version(datetime(2088, 12, 31, tzinfo=UTC), Position(3, 1023, 4095)) < 2**63


@pytest.mark.parametrize(
    ("created", "dated", "month"),
    [
        (datetime(2026, 10, 31, 23, 30, tzinfo=UTC), None, "2026.10"),
        (datetime(2026, 11, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))), None, "2026.10"),
        (datetime(2026, 11, 1, tzinfo=UTC), datetime(2020, 2, 1, tzinfo=UTC), "2020.02"),
    ],
)
def test_the_month_is_of_the_stable_date_in_utc(created: datetime, dated: datetime | None, month: str) -> None:
    assert hit(post(created_at=created, dated_at=dated)).month == month


def test_a_reply_points_at_the_hit_that_it_answers() -> None:
    assert hit(post()).document.in_reply_to == NAMES.document_id("telegram", "channel_secret/100")


def test_where_terms_forbid_to_link_authors_contacts_meet_no_other_platform() -> None:
    free, bound = hit(post()), hit(post(terms=Terms(may_link_actor=False)))
    assert not set(free.document.contacts) & set(bound.document.contacts)
    assert bound.document.may_link_actor is False


def test_odd_values_from_outside_do_not_reach_the_index() -> None:
    made = hit(
        post(
            lang_hint=("fr", "Anna Secret", "zh-Hant"),
            geo=Geo(country="12 secret street"),
            media=(Media(kind="Secret!"),),
        )
    )
    assert made.document.lang_hint == ("fr", "zh-Hant")
    assert made.document.country is None
    assert made.document.media_kinds == ()


def test_a_post_without_optional_fields_is_a_hit_all_the_same() -> None:
    bare = Post(platform="rss", native_id="1", text="x", created_at=RECEIVED)
    document = hit(bare).document
    assert (document.author, document.container, document.contacts) == (None, None, ())


def test_a_post_without_a_lane_is_no_hit() -> None:
    with pytest.raises(ValueError, match="no hit"):
        hit(post(), Assessed(lane=None, level=None))


def test_a_hit_has_its_cues_their_places_and_its_priority() -> None:
    made = hit(post(text="Boat from Izmir to Lesvos, 2000 euro, write @captain_secret")).document
    assert (made.routes, made.places, made.price_currencies) == (("TR>GR",), ("TR/İzmir", "GR/Lesvos"), ("EUR",))
    assert {span.kind: made.text[span.start : span.end] for span in made.spans}["price"] == "2000 euro"
    assert (made.priority, made.reasons) == ("high", ("handle", "price", "route"))


@pytest.mark.parametrize(
    "text", ["Boat leaving tonight from Izmir to Lesvos", "Boat from Izmir to Lesvos tonight, 2000 euro"]
)
def test_a_boat_that_leaves_tonight_is_urgent(text: str) -> None:
    made = hit(post(text=text)).document
    assert (made.priority, made.reasons) == ("urgent", ("departure:within_72_h",))
    assert made.departs_at == datetime(2026, 10, 31, tzinfo=UTC)
