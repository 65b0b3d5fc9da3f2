"""What a sink of Kafka Connect reads on `hits`: the very bytes, without the envelope and with it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.broker.envelope import connect_schema
from pipeline.broker.topics import Topics
from pipeline.codec import decode_hit, encode
from pipeline.commands import parts
from pipeline.delivery import findings, hit_value
from pipeline.posts import Document, Evidence, Hit
from pipeline.screen.screening import screen
from pipeline.screen.verdicts import Incoming, Verdict
from pipeline.settings import KafkaSettings, Settings
from tests import fakes

GOLDEN = Path(__file__).parent / "golden"
"""Their form was read by the JsonConverter of Kafka Connect 4.3.1: see docs/decisions/021-connect.md."""
PLAIN, ENVELOPED = Topics("t."), Topics("t.", enveloped=True)

HIT = Hit(
    id="5f0c1e",
    month="2026.11",
    index_version=891_234_567_890,
    document=Document(
        platform="bluesky",
        lang="fr",
        created_at=datetime(2026, 11, 24, 12, tzinfo=UTC),
        screened_at=datetime(2026, 11, 24, 12, 0, 1, 500_000, tzinfo=UTC),
        text="Départ jeudi, écrivez à [handle-1] ⛵",
        kind="smuggling",
        lane="offers",
        flagged=True,
        level="alert",
        scores={"benign": 0.125, "smuggling": 0.875},
        model="m-1",
        version="1",
        position="posts/0/7/0",
        received_at=datetime(2026, 11, 24, 12, 0, 1, tzinfo=UTC),
        key_id="k1",
        contacts=("handle-1",),
        may_link_actor=False,
    ),
    evidence=Evidence(key_id="k1", sealed="gAAAAA=="),
)


def test_a_hits_bytes_are_those_that_connects_converter_was_seen_to_read() -> None:
    assert hit_value(HIT, PLAIN) == (GOLDEN / "hit.json").read_bytes()


def test_in_the_envelope_they_are_too_with_their_schema_beside_them() -> None:
    assert hit_value(HIT, ENVELOPED) == (GOLDEN / "hit-enveloped.json").read_bytes()


def test_the_payload_is_the_hit_as_it_is_without_the_envelope() -> None:
    found = json.loads(hit_value(HIT, ENVELOPED))
    assert list(found) == ["schema", "payload"]
    assert found["payload"] == json.loads(hit_value(HIT, PLAIN))


@pytest.mark.parametrize("topics", [PLAIN, ENVELOPED])
def test_indexing_reads_a_hit_with_the_envelope_and_without(topics: Topics) -> None:
    assert decode_hit(hit_value(HIT, topics)) == HIT


def test_a_hit_travels_alone_under_a_key_that_is_text() -> None:
    [record] = findings(Verdict(screened=[], hits=[HIT], refusals=[]), ENVELOPED)
    assert (record.topic, record.key, record.value) == ("t.hits", b"5f0c1e", hit_value(HIT, ENVELOPED))
    assert b"\n" not in record.value


def test_the_settings_choose_the_envelope() -> None:
    assert parts.topics(Settings(kafka=KafkaSettings(prefix="t.", envelope=True))) == ENVELOPED
    assert parts.topics(Settings(kafka=KafkaSettings(prefix="t."))) == PLAIN


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a converter could read a value by a schema: as `JsonConverter.convertToConnect` goes about it."""
    if value is None:
        return bool(schema["optional"])
    match schema["type"]:
        case "struct":
            return isinstance(value, dict) and all(fits(value.get(one["field"]), one) for one in schema["fields"])
        case "map":
            return isinstance(value, dict) and all(fits(one, schema["values"]) for one in value.values())
        case "array":
            return isinstance(value, list) and all(fits(one, schema["items"]) for one in value)
        case "int64":
            return isinstance(value, int) and not isinstance(value, bool)
        case "double":
            return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, {"string": str, "boolean": bool}[schema["type"]])


def test_the_schema_fits_every_hit_that_screening_makes() -> None:
    posts = [
        fakes.post(1, "an offer"),
        fakes.post(2, "an offer +44 7700 900123", author_id="a", container="c", hashtags=("h",), lang_hint=("fr",)),
        fakes.post(3, "an offer in the port", truncated=True, in_reply_to="p", source_id="s", transport="push"),
    ]
    batch = [Incoming(0, offset, encode(post), fakes.NOW) for offset, post in enumerate(posts)]
    hits = screen(batch, fakes.a_screen(), fakes.NOW).hits
    assert len(hits) == 3
    schema = connect_schema(Hit)
    assert all(fits(json.loads(encode(hit)), schema) for hit in hits)
    assert not fits({**json.loads(encode(hits[0])), "month": None}, schema)
