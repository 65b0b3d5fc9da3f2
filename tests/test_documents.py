"""Hits to bulk actions and back to outcomes, without a server."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from pipeline.index.documents import ItemOutcome, Names, action, batches, failure, fault, outcomes
from pipeline.posts import Document, Evidence, Hit

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
NAMES = Names("fanal")


def hit(id_: str = "abc", **changes: Any) -> Hit:
    document = Document(
        platform="rss",
        lang="fr",
        created_at=NOW,
        received_at=NOW,
        screened_at=NOW,
        text="un texte\nde deux lignes",
        kind="smuggling",
        lane="offers",
        flagged=True,
        level="review",
        scores={"smuggling": 0.9},
        model="m",
        version="1",
        position="0/1/2",
        key_id="k1",
    )
    made = Hit(
        id=id_, month="2026.11", index_version=7, document=document, evidence=Evidence(key_id="k1", sealed="sealed!")
    )
    return msgspec.structs.replace(made, **changes)


def test_a_hit_is_two_documents_under_one_id_and_version_and_evidence_goes_first() -> None:
    lines = [json.loads(line) for line in action(hit(), NAMES, {}).lines]
    wheres = [lines[0]["index"], lines[2]["index"]]
    assert [where["_index"] for where in wheres] == ["fanal-evidence-2026.11", "fanal-hits-2026.11"]
    assert {(where["_id"], where["version"], where["version_type"]) for where in wheres} == {("abc", 7, "external_gte")}


def test_the_analysts_document_does_not_hold_the_evidence() -> None:
    evidence, document = action(hit(), NAMES, {}).lines[1::2]
    assert b"sealed!" in evidence
    assert b"sealed" not in document
    assert b"texte" not in evidence


def test_a_line_of_a_bulk_request_holds_no_line_break() -> None:
    assert not any(b"\n" in line for line in action(hit(), NAMES, {}).lines)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"month": "2026.11,other"}, "bad_month"),
        ({"month": "../x"}, "bad_month"),
        ({"month": "٢٠٢٦.١١"}, "bad_month"),
        ({"id_": ""}, "bad_id"),
        ({"id_": "x" * 513}, "bad_id"),
        ({"index_version": -1}, "bad_version"),
        ({"index_version": 1 << 63}, "bad_version"),
        ({}, ""),
    ],
)
def test_a_hit_that_can_name_no_document_is_found_before_it_is_sent(changes: dict[str, Any], why: str) -> None:
    assert fault(hit(**changes)) == why


def test_batches_keep_order_and_size_and_let_a_large_one_go_alone() -> None:
    actions = [action(hit(str(number)), NAMES, {}) for number in range(5)]
    size = actions[0].size
    assert [len(batch) for batch in batches(actions, limit=2 * size)] == [2, 2, 1]
    assert [len(batch) for batch in batches(actions, limit=1)] == [1] * 5
    assert [one for batch in batches(actions, limit=2 * size) for one in batch] == actions
    assert list(batches([])) == []


def item(status: int, kind: str | None = None) -> dict[str, object]:
    error = {"error": {"type": kind, "reason": "failed to parse [text] of secret"}} if kind else {}
    return {"index": {"status": status, **error}}


@pytest.mark.parametrize(
    ("evidence", "document", "expected"),
    [
        (item(201), item(200), ItemOutcome("written")),
        (item(409, "version_conflict_engine_exception"), item(201), ItemOutcome("written")),
        (item(409), item(409, "version_conflict_engine_exception"), ItemOutcome("superseded")),
        (item(201), item(400, "strict_dynamic_mapping_exception"), ItemOutcome("refused", "strict_dynamic_mapping_exception")),
        (item(400, "document_parsing_exception"), item(201), ItemOutcome("refused", "document_parsing_exception")),
        (item(201), item(429, "es_rejected_execution_exception"), ItemOutcome("retry", "es_rejected_execution_exception")),
        (item(503, "unavailable_shards_exception"), item(400, "x_exception"), ItemOutcome("retry", "unavailable_shards_exception")),
        (item(201), item(404, "index_not_found_exception"), ItemOutcome("retry", "index_not_found_exception")),
        (item(201), item(403, "cluster_block_exception"), ItemOutcome("retry", "cluster_block_exception")),
    ],
)  # fmt: skip
def test_a_hit_has_the_worse_outcome_of_its_two_documents(
    evidence: dict[str, object], document: dict[str, object], expected: ItemOutcome
) -> None:
    assert outcomes({"items": [evidence, document]}, 1) == [expected]


def test_a_reason_is_the_errors_name_and_never_what_the_index_says_of_the_value() -> None:
    found = outcomes({"items": [item(201), item(400, "mapper_parsing_exception")]}, 1)
    assert found[0].reason == "mapper_parsing_exception"
    assert failure(400, {"type": "text 'Anna' is bad"}).reason == "http_400"
    assert failure(400, "not an object") == ItemOutcome("retry", "http_400")


def test_an_answer_that_is_no_bulk_response_leaves_everything_to_be_tried_again() -> None:
    answers: tuple[Any, ...] = ("<html>", {}, {"items": {}}, {"items": [item(201)]}, None)
    for response in answers:
        assert {one.fate for one in outcomes(response, 2)} == {"retry"}


def test_what_does_not_come_from_the_index_refuses_nothing() -> None:
    assert failure(400, None).fate == "retry"
    assert failure(405, None).fate == "retry"
    assert failure(0, "ConnectionError") == ItemOutcome("retry", "ConnectionError")
    assert failure(413, None) == ItemOutcome("refused", "http_413")


def test_a_text_is_indexed_once_more_under_its_own_language_and_no_other() -> None:
    languages = {"fr": "french", "cjk": "cjk"}
    for lang, field in (("fr", "fr"), ("zh", "cjk"), ("so", None)):
        written = hit(document=msgspec.structs.replace(hit().document, lang=lang))
        document = json.loads(action(written, NAMES, languages).lines[3])
        assert document.get("words") == ({field: document["text"]} if field else None)
