"""The registry: what is declared is said, what is said is declared, and no post makes series."""

import re
import time
from collections.abc import Iterator, Sequence
from itertools import product
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from prometheus_client import REGISTRY, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from pipeline import counting, labels, metrics, spiking
from pipeline.labels import WORKERS, shapes
from pipeline.metrics_page import ALL, exposed, families, most_series, render
from pipeline.posts import Document, Hit
from pipeline.screen.screening import screen
from pipeline.screen.verdicts import Incoming, Verdict
from pipeline.trends.series import Series
from tests.fakes import NOW, OFFER, a_screen, packed, post
from tests.test_layout import ROOT, SOURCES

PAGE = ROOT / "docs" / "metrics.md"
MOST_SERIES = 10_000


def value(name: str, **labels_: str) -> float:
    """A sample now; 0 where there is none."""
    return REGISTRY.get_sample_value(name, labels_) or 0.0


[HIT] = screen([Incoming(0, 0, packed(post(1, f"an {OFFER}")), NOW)], a_screen(), NOW).hits


def a_hit(**changes: Any) -> Hit:
    """A hit whose document says what a test wants."""
    return msgspec.structs.replace(HIT, document=msgspec.structs.replace(HIT.document, **changes))


def pleas(**changes: Any) -> Verdict:
    """A verdict with one hit of the lane `protection`."""
    return Verdict(hits=[a_hit(lane="protection", kind="distress", level="review", **changes)])


def series() -> Iterator[str]:
    """The series of the page, with their labels."""
    return (line.rpartition(" ")[0] for line in generate_latest().decode().splitlines() if not line.startswith("#"))


def test_the_page_of_metrics_is_that_of_the_registry() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run: python -m pipeline.metrics_page > docs/metrics.md"


def test_every_metric_that_the_page_names_exists() -> None:
    named = set(re.findall(r"^\| `(fanal_\w+)`", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert named == {exposed(name, metric) for name, metric in families().items()}


def test_every_metric_has_a_shape_with_its_labels_and_every_shape_a_metric() -> None:
    assert {name: set(shape.labels) for name, shape in shapes().items()} == {
        name: set(metric._labelnames) for name, metric in families().items()
    }


def test_every_label_is_a_closed_set_or_has_a_bound() -> None:
    unbounded = [(name, label) for name, one in shapes().items() for label, of in one.labels.items() if of.most < 1]
    assert unbounded == []


@pytest.mark.parametrize("role", ALL)
def test_a_page_stays_within_its_series_by_what_its_labels_may_hold(role: str) -> None:
    assert 30 < most_series(role) < MOST_SERIES


def test_every_stage_is_timed_somewhere() -> None:
    sources = [path.read_text(encoding="utf-8") for path in SOURCES if path.name != "labels.py"]
    said = {stage for stage in labels.STAGES if any(re.search(rf"""[(, {{]"{stage}"[,:)]""", text) for text in sources)}
    assert said == set(labels.STAGES)


def test_posts_of_ten_thousand_platforms_languages_and_rules_make_no_series() -> None:
    documents = [
        a_hit(
            platform=f"platform-{n}", lang=f"l{n}", rules=(f"rule-{n}",), subtypes=(f"subtype-{n}",), priority=f"p{n}"
        )
        for n in range(10_000)
    ]
    known = product(labels.kinds(), labels.platforms(), labels.languages())
    documents += [a_hit(kind=kind, platform=platform, lang=lang) for kind, platform, lang in known]
    counting.count_verdict(Verdict(hits=documents))
    counting.count_verdict(pleas(subtypes=tuple(f"s-{n}" for n in range(10_000)), priority="whatever"))
    rows = [Series(f"kind-{n}", "any", f"route-{n}", f"l{n}", f"platform-{n}") for n in range(10_000)]
    unusual = [SimpleNamespace(series=one, surprise=1.0) for one in rows[: labels.MOST_UNUSUAL]]
    spikes = SimpleNamespace(unusual=unusual, open=rows, register=SimpleNamespace(rows=dict.fromkeys(rows, 0)))
    spiking.show(cast(Any, spikes))
    began = time.perf_counter()
    count = sum(1 for _ in series())
    print(f"{count} series, written in {1000 * (time.perf_counter() - began):.0f} ms")
    assert count < MOST_SERIES
    assert [one for one in series() if "platform-" in one and "surprise" not in one] == []
    assert len([one for one in series() if one.startswith("fanal_rule_hits_total")]) <= labels.MOST_RULES + 1
    assert value("fanal_kind_hits_total", kind="smuggling", platform="other", language="other") >= 10_000
    metrics.SERIES_SURPRISE.clear()


def test_the_page_can_be_read_by_prometheus_while_labels_hold_hostile_names() -> None:
    counting.count_verdict(Verdict(hits=[a_hit(rules=('a"} 1\nfanal_posts_total{outcome="hit"} 99\n\\',))]))
    read = {one.name for one in text_string_to_metric_families(generate_latest().decode())}
    assert "fanal_rule_hits" in read
    assert not [line for line in series() if line == 'fanal_posts_total{outcome="hit"} 99']


@pytest.mark.parametrize("role", WORKERS)
def test_what_a_role_counts_in_closed_sets_stands_at_nothing_from_its_start(role: str) -> None:
    counting.begin(role)
    if role == "screening":
        assert (
            REGISTRY.get_sample_value("fanal_priority_hits_total", {"lane": "offers", "priority": "urgent"}) is not None
        )
        plea = {"subtype": "plea", "priority": "urgent"}
        assert REGISTRY.get_sample_value("fanal_protection_hits_total", plea) is not None
    assert [line for line in series() if line.startswith("fanal_build_info") and f'role="{role}"' in line]


def test_a_lane_stands_at_nothing_for_its_own_kinds_alone() -> None:
    lanes = {(lane, kind) for lane, kind, _ in counting._at_zero(metrics.HITS, "screening")}
    assert lanes == {(lane, kind) for lane, kinds in labels.lanes().items() for kind in kinds}


def test_a_plea_is_counted_by_its_subtypes_and_priority() -> None:
    before = [value("fanal_protection_hits_total", subtype=one, priority="urgent") for one in ("plea", "testimony")]
    counting.count_verdict(pleas(subtypes=("plea", "testimony"), priority="urgent"))
    after = [value("fanal_protection_hits_total", subtype=one, priority="urgent") for one in ("plea", "testimony")]
    assert after == [count + 1 for count in before]


def test_a_hit_without_a_subtype_or_a_priority_is_counted_all_the_same() -> None:
    before = value("fanal_protection_hits_total", subtype="none", priority="normal")
    counting.count_verdict(pleas())
    assert value("fanal_protection_hits_total", subtype="none", priority="normal") == before + 1


def test_a_language_in_latin_letters_counts_as_its_language() -> None:
    assert [counting.language_label(lang) for lang in ("hi-Latn", "hi", "und", "xx", "")] == [
        "hi",
        "hi",
        *["other"] * 3,
    ]


def test_what_a_batch_came_to_is_counted_once_it_is_delivered() -> None:
    names = ("fanal_posts_total", "fanal_sifted_posts_total", "fanal_rejects_total", "fanal_score_ratio_count")
    by = ({"outcome": "hit"}, {"outcome": "judged"}, {"stage": "screening", "reason": "not_json"}, {"lane": "offers"})
    of = dict(zip(names, by, strict=True))
    of["fanal_score_ratio_count"]["kind"] = "smuggling"
    before = {name: value(name, **which) for name, which in of.items()}
    batch = [Incoming(0, 0, packed(post(1, f"an {OFFER}"), post(2)), NOW), Incoming(0, 1, b"no post", NOW)]
    counting.count_verdict(screen(batch, a_screen(), NOW))
    more = {name: value(name, **which) - before[name] for name, which in of.items()}
    assert more == {
        "fanal_posts_total": 1,
        "fanal_sifted_posts_total": 2,
        "fanal_rejects_total": 1,
        "fanal_score_ratio_count": 1,
    }


def test_the_first_two_hundred_names_are_labels_and_the_others_are_other() -> None:
    capped = counting.Capped(2)
    assert [capped(name) for name in ("a", "b", "c", "a", "d")] == ["a", "b", "other", "a", "other"]


def test_what_judges_is_shown_by_artefact_engine_and_precision() -> None:
    counting.show_model("active", "fanal-9+openvino-bf16", "0123456789ab")
    shown = {"part": "active", "artefact": "fanal-9", "engine": "openvino", "precision": "bf16"}
    assert value("fanal_model_info", thresholds="0123456789ab", **shown) == 1
    metrics.MODEL.clear()
    counting.show_model("active", "constant", "none")
    shown = {"part": "active", "artefact": "constant", "engine": "none", "precision": "none"}
    assert value("fanal_model_info", thresholds="none", **shown) == 1


def test_word_lists_and_rules_that_do_not_fit_are_seen_when_the_metrics_are_read() -> None:
    lists, rules = SimpleNamespace(problem=None), [SimpleNamespace(problem=None), SimpleNamespace(problem="line 3")]
    counting.show_files([cast(Any, lists)], cast(Sequence[Any], rules))
    assert (value("fanal_word_lists_broken"), value("fanal_rules_broken")) == (0, 1)
    lists.problem = "fr.yaml: no cue"
    assert value("fanal_word_lists_broken") == 1
    counting.show_files([])


def test_every_field_of_a_document_that_is_counted_is_there() -> None:
    assert {"priority", "rules", "subtypes", "lane", "platform", "lang"} <= set(Document.__struct_fields__)
