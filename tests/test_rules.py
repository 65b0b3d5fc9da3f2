"""Rules beside the model: what they hold of, what they do together, and how a wrong one is said."""

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline.errors import ConfigurationError
from pipeline.posts import Document
from pipeline.resources import config_dir
from pipeline.rules import Rule, Rules, apply, read_rules, ruled
from pipeline.rules.backtest import Backtest
from tests.fakes import hit_of
from tests.test_hits import Assessed, post

NOW = datetime(2026, 6, 11, 22, tzinfo=UTC)
SHIPPED = read_rules(config_dir() / "rules")


def document(text: str = "Boat to Lesvos", **changes: Any) -> Document:
    fields: dict[str, Any] = {
        "platform": "telegram",
        "lang": "en",
        "created_at": NOW,
        "screened_at": NOW,
        "received_at": NOW,
        "text": text,
        "kind": "smuggling",
        "lane": "offers",
        "flagged": True,
        "level": "review",
        "scores": {"smuggling": 0.7, "benign": 0.3},
        "model": "m",
        "version": "1",
        "position": "0/0/0",
        "key_id": "k1",
        "priority": "normal",
    }
    return Document(**{**fields, **changes})


def rule(name: str = "one", mode: str = "active", when: Any = None, **then: Any) -> Rule:
    return Rule.model_validate(
        {"name": name, "mode": mode, "when": when or {"kinds": ["smuggling"]}, "then": then or {"tags": ["seen"]}}
    )


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({"kinds": ["smuggling"]}, True),
        ({"kinds": ["recruitment"]}, False),
        ({"kinds": ["recruitment", "smuggling"], "languages": ["en"]}, True),
        ({"languages": ["fr"]}, False),
        ({"platforms": ["telegram"]}, True),
        ({"platforms": ["bluesky"]}, False),
        ({"subtypes": ["sea"]}, True),
        ({"subtypes": ["land"]}, False),
        ({"least": {"smuggling": 0.7}}, True),
        ({"least": {"smuggling": 0.71}}, False),
        ({"most": {"benign": 0.3}}, True),
        ({"most": {"benign": 0.29}}, False),
        ({"least": {"recruitment": 0.1}}, False),
        ({"cues": {"any": ["payment:hawala"]}}, True),
        ({"cues": {"any": ["payment"]}}, True),
        ({"cues": {"all": ["payment", "urgency"]}}, False),
        ({"cues": {"none": ["urgency"]}}, True),
        ({"cues": {"none": ["payment"]}}, False),
        ({"text": {"any": ["lesvos|chios"]}}, True),
        ({"text": {"any": [r"\bLESVOS\b"]}}, True),
        ({"text": {"all": ["boat", "samos"]}}, False),
        ({"text": {"none": ["boat"]}}, False),
        ({"kinds": ["smuggling"], "text": {"none": ["samos"]}}, True),
    ],
)
def test_a_rule_holds_where_all_of_its_condition_does(when: dict[str, Any], holds: bool) -> None:
    hit = document(subtypes=("sea",), cues=("payment:hawala", "route"), cue_kinds=("payment", "route"))
    assert apply(hit, [rule(when=when)]).rules == (("one",) if holds else ())


def test_a_pattern_sees_through_evasion() -> None:
    assert apply(document("b\u200bo\u200ba\u200bt to Lеsvos"), [rule(when={"text": {"any": ["boat to lesvos"]}})]).rules


def test_a_language_in_other_letters_is_that_language() -> None:
    assert apply(document(lang="ar-Latn"), [rule(when={"languages": ["ar"]})]).rules == ("one",)


def test_raising_names_the_rule_among_the_reasons_and_never_lowers() -> None:
    raised = apply(document(reasons=("price",)), [rule(raise_to="high")])
    assert (raised.priority, raised.reasons, raised.rules) == ("high", ("price", "rule:one"), ("one",))
    assert apply(document(priority="urgent"), [rule(raise_to="high")]).priority == "urgent"
    both = [rule("a", raise_to="high"), rule("b", raise_to="urgent")]
    assert apply(document(), both).reasons == ("rule:b",)


def test_lowering_never_raises() -> None:
    assert apply(document(priority="urgent"), [rule(lower_to="high")]).priority == "high"
    assert apply(document(priority="normal"), [rule(lower_to="high")]).priority == "normal"


def test_a_muted_hit_keeps_everything_but_its_priority_and_says_so() -> None:
    before = document(priority="urgent", reasons=("minors",))
    after = apply(before, [rule(mute=True)])
    assert (after.priority, after.tags, after.rules, after.reasons) == (
        "normal",
        ("muted",),
        ("one",),
        ("minors", "rule:one"),
    )
    assert (after.lane, after.flagged, after.text) == (before.lane, before.flagged, before.text)


def test_raising_goes_before_muting_whatever_the_order() -> None:
    for some in (
        [rule("m", mute=True), rule("r", raise_to="urgent")],
        [rule("r", raise_to="urgent"), rule("m", mute=True)],
    ):
        found = apply(document(), some)
        assert (found.priority, found.tags, set(found.rules)) == ("urgent", (), {"m", "r"})


def test_a_rule_in_shadow_is_counted_and_does_nothing() -> None:
    before = document(priority="high")
    after = apply(before, [rule(mode="shadow", mute=True, tags=["x"], lane="protection")])
    assert after.rules == ("shadow:one",)
    assert msgspec.structs.replace(after, rules=()) == before


def test_a_rule_moves_a_hit_to_protection_and_never_out_of_it() -> None:
    moved = apply(document(), [rule(lane="protection")])
    assert (moved.lane, moved.flagged) == ("protection", False)
    kept = document(kind="distress", lane="protection", flagged=False)
    assert apply(kept, [rule(when={"kinds": ["distress"]}, lane="exploitation")]).lane == "protection"
    assert apply(document(), [rule("a", lane="exploitation"), rule("b", lane="protection")]).lane == "protection"


def test_rules_that_acted_do_the_same_again_on_what_is_stored() -> None:
    some = [rule("m", mute=True), rule("t", tags=["a"]), rule("s", mode="shadow")]
    once = apply(document(priority="high"), some)
    assert apply(once, some) == once


def test_a_document_of_which_no_rule_holds_is_left_as_it_is() -> None:
    one = document()
    assert apply(one, [rule(when={"kinds": ["distress"]})]) is one
    assert apply(one, []) is one


HEAD = "version: 1\nrules:\n- name: one\n  mode: active\n"
WHEN, THEN = "  when: {kinds: [smuggling]}\n", "  then: {tags: [seen]}\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEAD + "  when: {colour: [red]}\n" + THEN, "rule one: when.colour: Extra inputs are not permitted"),
        (HEAD + "  when: {kinds: [smugling]}\n" + THEN, "rule one: when.kinds: no kind smugling"),
        (HEAD + "  when: {cues: {any: [hawala]}}\n" + THEN, "rule one: when.cues.any: no cue hawala"),
        (HEAD + "  when: {least: {smuggling: 7}}\n" + THEN, "rule one: when.least.smuggling"),
        (HEAD + "  when: {most: {smugling: 0.7}}\n" + THEN, "rule one: when.most: no kind smugling"),
        (HEAD + "  when: {subtypes: [boat]}\n" + THEN, "rule one: when.subtypes: no subtype boat"),
        (HEAD + "  when: {text: {any: ['(a']}}\n" + THEN, "rule one: when.text.any: pattern '(a' is refused by re2"),
        (HEAD + "  when: {text: {any: ['(?=a)b']}}\n" + THEN, "refused by re2"),
        (HEAD + "  when: {text: {any: ['(?:a{1,900}){1,900}']}}\n" + THEN, "refused by re2"),
        (HEAD + "  when: {text: {any: ['a*b*']}}\n" + THEN, "matches nothing at all"),
        (HEAD + "  when: {}\n" + THEN, "rule one: when: a rule needs a condition"),
        (HEAD + WHEN + "  then: {}\n", "rule one: then: a rule needs an effect"),
        (HEAD + WHEN + "  then: {mute: false}\n", "rule one: then: a rule needs an effect"),
        (HEAD + WHEN + "  then: {raise_to: high, mute: true}\n", "raises or lowers, not both"),
        (HEAD + WHEN + "  then: {raise_to: normal}\n", "rule one: then.raise_to"),
        (HEAD + WHEN + "  then: {lane: offers}\n", "rule one: then.lane"),
        (HEAD + WHEN + "  then: {tags: [muted]}\n", "is put by `mute: true`"),
        (HEAD.replace("active", "on") + WHEN + THEN, "rule one: mode"),
        (HEAD.replace("one", "'One two'") + WHEN + THEN, "rule One two: name"),
        ("version: 1\nrules:\n- mode: active\n" + WHEN + THEN, "rule 1: name: Field required"),
        (HEAD + WHEN + THEN + "- name: one\n  mode: shadow\n" + WHEN + THEN, "a rule of that name already"),
        ("version: 1\nrules: [x]", "rule 1: it: "),
        ("version: 1\nrules: x", "must be a list"),
        ("rules: []", "`version: 1`"),
        ("version: 1\nrules: [", "not YAML"),
        ("", "`version: 1`"),
    ],
)
def test_a_wrong_rule_is_refused_with_one_line_that_names_file_rule_and_field(
    content: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "some.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        read_rules(tmp_path)
    assert str(path) in str(error.value)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_without_rules_has_none(tmp_path: Path) -> None:
    assert read_rules(tmp_path / "nowhere") == ()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_rules_are_read_again_within_a_second_and_a_broken_file_leaves_the_old(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock, path = Clock(), tmp_path / "some.yaml"
    path.write_text(HEAD + WHEN + THEN, encoding="utf-8")
    rules = Rules(tmp_path, clock)
    assert rules.apply(document()).tags == ("seen",)

    path.write_text(HEAD + WHEN + "  then: {tags: [seen, again]}\n", encoding="utf-8")
    assert rules.apply(document()).tags == ("seen",)
    clock.now = 1.0
    assert rules.apply(document()).tags == ("seen", "again")

    path.write_text(HEAD + WHEN + "  then: {tags: [muted, and more]}\n", encoding="utf-8")
    with caplog.at_level(logging.ERROR):
        for clock.now in (2.0, 3.0, 4.0):
            assert rules.apply(document()).tags == ("seen", "again")
    assert [record.message for record in caplog.records] == ["a rule does not fit; the former ones stay"]
    assert "rule one: then" in (rules.problem or "")

    path.unlink()
    clock.now = 5.0
    assert rules.apply(document()).tags == ()
    assert rules.problem is None


def test_a_hit_is_made_and_then_ruled(tmp_path: Path) -> None:
    from pipeline.codec import encode
    from pipeline.posts import Position
    from pipeline.screen.assessments import Candidate

    (tmp_path / "some.yaml").write_text(HEAD + WHEN + THEN, encoding="utf-8")
    of = post()
    candidate = Candidate(Position(3, 41, 2), of, encode(of), NOW, of.text, ("en",))
    assert ruled(Rules(tmp_path), hit_of, candidate, Assessed(), NOW).document.tags == ("seen",)


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        (
            "Know the signs of human trafficking and spot them. #EndHumanTrafficking",
            {"kind": "recruitment"},
            {"prevention-campaign"},
        ),
        ("Journée mondiale contre la traite : parlons-en", {"kind": "recruitment"}, {"prevention-campaign"}),
        ("#EndHumanTrafficking boat 3000 euro", {"cues": ("price",), "cue_kinds": ("price",)}, set()),
        ("Our boat is sinking, 40 people", {"kind": "distress", "lane": "protection"}, {"distress-at-sea"}),
        ("القارب الآن يغرق", {"kind": "distress", "lane": "protection"}, {"distress-at-sea"}),
        ("They locked us in and took our passports", {"kind": "distress", "lane": "protection"}, {"held-against-will"}),
        ("妙瓦底 高薪", {"kind": "recruitment", "lang": "zh"}, {"scam-compound-wording"}),
        ("Customer service jobs in Cambodia, high salary", {"kind": "recruitment"}, {"scam-compound-wording"}),
        ("Customer service job in London", {"kind": "recruitment"}, set()),
        ("Don't trust this guy, he took our money", {}, {"shadow:warning-taken-for-an-offer"}),
        ("Coast guard rescued 60 people off the coast", {}, {"shadow:rescue-report"}),
        ("Boat to Lesvos, trusted, write me", {}, set()),
    ],
)
def test_the_shipped_rules_hold_of_what_they_are_for(text: str, changes: dict[str, Any], expected: set[str]) -> None:
    assert set(apply(document(text, **changes), SHIPPED).rules) == expected


def test_a_backtest_counts_each_rule_alone_and_shows_masked_texts() -> None:
    test = Backtest([rule("all"), rule("none", when={"kinds": ["distress"]}), rule("shady", mode="shadow")])
    stored = [
        msgspec.to_builtins(document(f"Boat {n}, write [handle:abc]\nnow", lang="fr" if n else "en")) for n in range(5)
    ]
    test.add([*stored, {"kind": "no document"}])
    report = test.report()
    assert (report["hits"], report["unread"]) == (5, 1)
    rows = {row["rule"]: row for row in report["rules"]}
    assert (rows["all"]["hits"], rows["none"]["hits"], rows["shady"]["hits"]) == (5, 0, 5)
    assert rows["all"]["langs"] == {"fr": 4, "en": 1}
    assert rows["all"]["examples"] == [f"Boat {n}, write [handle:abc] now" for n in range(3)]


def test_a_backtest_of_what_workers_wrote_finds_what_they_found() -> None:
    texts = ["Customer service jobs in Cambodia", "Boat to Lesvos", "Our boat is sinking"]
    kinds = [("recruitment", "offers"), ("smuggling", "offers"), ("distress", "protection")]
    live = [
        apply(document(text, kind=kind, lane=lane), SHIPPED) for text, (kind, lane) in zip(texts, kinds, strict=True)
    ]
    test = Backtest(SHIPPED)
    test.add(msgspec.to_builtins(one) for one in live)
    assert {name: held.hits for name, held in test.held.items() if held.hits} == {
        "scam-compound-wording": 1,
        "distress-at-sea": 1,
    }
    assert [one.rules for one in live] == [("scam-compound-wording",), (), ("distress-at-sea",)]
