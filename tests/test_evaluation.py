"""What an evaluation states: shares with their bounds, groups, the headline against its targets, the document."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from click.testing import CliRunner

from models import evaluate as evaluating
from models.dataset import FOLDS, Row, build_rows
from models.decision import Decision
from models.errors import CorpusError
from models.evaluate import Inputs
from models.evaluation.document import HEADER, Evaluation, measure, write
from models.evaluation.figures import tables
from models.evaluation.groups import PARITY, author_split, benign_group, is_public, length_band
from models.evaluation.plots import plot
from models.evaluation.reliability import Bin, Reliability, equal_bins, precision_recall, reliabilities
from models.evaluation.tables import Table, render
from models.evaluation.targets import Reached, headline
from models.examples import KINDS, LANES, Example, read_corpus, read_realstyle
from models.heads import Logits
from models.judging import Judged, judge
from models.measures import Difference, Share
from pipeline.commands.model import model
from pipeline.errors import ModelUnavailable
from pipeline.resources import taxonomy

ROW = Row("come to Oslo", "en", "recruitment", 1, "corpus", "en-a1", False, True)
OFFER, ALERT = Decision("recruitment", "offers", "review"), Decision("recruitment", "offers", "alert")
NOTHING, PLEA = Decision("benign"), Decision("distress", "protection", "review")


def judged(decision: Decision, count: int = 1, **changed: object) -> list[Judged]:
    row = replace(ROW, **changed)  # type: ignore[arg-type] # the fields of a row
    return [Judged(row, decision, tuple(float(kind == decision.kind) for kind in KINDS))] * count


def table(found: list[Table], name: str) -> Table:
    return next(one for one in found if one.name == name)


def target(found: list[Reached], what: str, level: str) -> Reached:
    return next(one for one in found if one.what.startswith(what) and one.level == level)


def test_the_exact_upper_bound_is_that_of_clopper_and_pearson() -> None:
    assert Share(0, 300).upper == pytest.approx(1 - 0.05 ** (1 / 300))
    assert Share(2, 20).upper == pytest.approx(0.282619, abs=1e-5)
    assert Share(29, 55_375).upper == pytest.approx(0.00071399, rel=1e-5)
    assert Share(5, 5).upper == Share(0, 0).upper == 1.0


def test_the_difference_of_two_shares_has_newcombes_interval() -> None:
    apart = Difference(Share(56, 70), Share(48, 80))
    assert apart.value == pytest.approx(0.2)
    assert apart.interval == pytest.approx((0.0524, 0.3339), abs=1e-4)


def test_examples_bring_their_subtypes_reason_and_pair_into_the_rows(tmp_path: Path) -> None:
    corpus = read_corpus()
    one = next(example for example in corpus if example.subtypes and example.pair)
    (row,) = build_rows([one], [])
    assert (row.subtypes, row.why, row.pair) == (one.subtypes, one.why, one.pair)
    (tmp_path / "posts").write_text(
        json.dumps({"text": "x", "lang": "en", "label": "benign", "group": "g", "kind": "news"}), encoding="utf-8"
    )
    (read,) = read_realstyle(tmp_path / "posts")
    assert (read.why, read.hard, benign_group(build_rows([read], [])[0])) == ("news", True, "news")


def test_few_hard_benign_examples_of_the_corpus_are_in_no_group() -> None:
    hard = [row for row in build_rows(read_corpus(), []) if row.kind == "benign" and row.hard]
    unnamed = sum(benign_group(row) == "other" for row in hard)
    assert unnamed < 0.08 * len(hard)
    assert {"news", "campaign", "research", "honest job"} <= {benign_group(row) for row in hard}


@pytest.mark.parametrize(
    ("why", "group"),
    [
        ("news with price", "news"),
        ("campaign echoes offer", "campaign"),
        ("research sentence", "research"),
        ("honest au pair", "au pair"),
        ("au_pair", "au pair"),
        ("lawful border ride", "travel and moving"),
        ("consular notice", "official, visas, papers"),
        ("terse honest vacancy", "honest job"),
        ("MLM spam", "easy money and spam"),
        ("zzz", "other"),
    ],
)
def test_a_benign_example_is_grouped_by_its_authors_reason(why: str, group: str) -> None:
    row = replace(ROW, kind="benign", why=why)
    assert benign_group(row) == group
    assert is_public(row) == (group in {"news", "campaign", "research"})


def test_background_is_never_news_of_ours() -> None:
    assert not is_public(replace(ROW, kind="benign", origin="background", why="news"))


def test_rows_are_sorted_by_length_and_by_part_of_the_authors() -> None:
    assert [length_band(replace(ROW, text="x" * size)) for size in (39, 40, 79, 119, 120)] == [
        "under 40", "40 to 59", "60 to 79", "80 to 119", "120 and more",
    ]  # fmt: skip
    assert author_split(replace(ROW, fold=4)) == "corpus, part 5"


def test_subtypes_of_the_parity_are_those_of_the_taxonomy() -> None:
    assert set(PARITY["labour"]) | set(PARITY["intimate"]) <= set(taxonomy()["subtypes"]["recruitment"])
    assert set(PARITY["labour"]) == {one for one in taxonomy()["subtypes"]["recruitment"] if one.startswith("job_")}


def test_an_offer_in_another_lane_is_not_found_and_an_alert_counts_at_both_levels() -> None:
    found = tables([*judged(OFFER, 2), *judged(ALERT, 3), *judged(PLEA, 4), *judged(NOTHING, 1)])
    assert table(found, "languages").rows == {"en": (Share(5, 10), Share(3, 10))}
    assert table(found, "kinds").rows == {"recruitment, corpus": (Share(5, 10), Share(3, 10))}


def test_a_row_counts_under_each_of_its_subtypes() -> None:
    found = tables([*judged(OFFER, subtypes=("begging", "easy_life")), *judged(NOTHING, subtypes=("begging",))])
    assert table(found, "subtypes").rows == {
        "recruitment: begging": (Share(1, 2), Share(0, 2)),
        "recruitment: easy_life": (Share(1, 1), Share(0, 1)),
    }


def test_what_is_taken_for_an_offer_is_counted_by_group_and_by_subtype_of_distress() -> None:
    found = tables(
        [
            *judged(ALERT, 1, kind="benign", hard=True, why="news"),
            *judged(NOTHING, 3, kind="benign", hard=True, why="news"),
            *judged(NOTHING, 9, kind="benign"),
            *judged(OFFER, 1, kind="distress", subtypes=("plea",)),
            *judged(PLEA, 1, kind="distress", subtypes=("plea",)),
        ]
    )
    assert table(found, "hard_benign").rows == {"news": (Share(1, 4), Share(1, 4))}
    assert table(found, "distress").rows == {"plea": (Share(1, 2), Share(1, 2), Share(0, 2))}
    confusion = table(found, "confusion")
    assert dict(zip(confusion.columns, confusion.rows["distress"], strict=True)) == {
        "no lane": Share(0, 2),
        "recruitment": Share(1, 2),
        "smuggling": Share(0, 2),
        "sexual_exploitation": Share(0, 2),
        "distress": Share(1, 2),
    }


def test_false_hits_are_stated_by_data_set_and_lane_and_film_lines_in_none() -> None:
    background = {"kind": "benign", "origin": "background"}
    found = tables(
        [
            *judged(ALERT, 1, group="tweets", **background),
            *judged(PLEA, 1, group="tweets", **background),
            *judged(NOTHING, 998, group="tweets", **background),
            *judged(ALERT, 7, group="films", measured=False, **background),
        ]
    )
    sources = table(found, "sources")
    assert (
        sources.rows["all"]
        == sources.rows["tweets"]
        == (Share(1, 1000), Share(1, 1000), Share(0, 1000), Share(1, 1000))
    )
    assert "films" not in sources.rows
    assert "| tweets | 100 (at most 473); k = 1, n = 1,000 |" in render(sources)


def offers_of(lang: str, found: int, missed: int) -> list[Judged]:
    return [*judged(OFFER, found, lang=lang), *judged(NOTHING, missed, lang=lang)]


def test_the_mean_of_languages_weighs_each_alike_and_the_worst_is_named() -> None:
    found = headline([*offers_of("en", 190, 10), *offers_of("so", 20, 20), *offers_of("yo", 0, 3)])
    mean = target(found, "offers of held-out authors, mean", "review")
    worst = target(found, "offers of held-out authors, worst", "review")
    assert mean.value == pytest.approx(0.725)
    assert (mean.met, mean.counts["languages"]) == (False, 2)
    assert (worst.value, worst.met, worst.counts["lang"]) == (0.5, False, "so")
    assert worst.said == "so: 0.50 (0.35-0.65), 20/40"
    assert target(found, "offers of held-out authors, mean", "alert").value == 0.0


def test_a_target_that_nothing_was_measured_for_is_not_met() -> None:
    found = headline([])
    assert len(found) == 16
    assert not any(one.met for one in found)
    assert json.dumps([one.as_json() for one in found])


def test_targets_of_what_is_mistaken_are_met_from_below() -> None:
    some = [*judged(OFFER, 8, kind="benign", hard=True), *judged(NOTHING, 92, kind="benign", hard=True)]
    assert target(headline(some), "hard benign", "review").met
    assert not target(headline([*some, *judged(OFFER, 1, kind="benign", hard=True)]), "hard benign", "review").met


@pytest.mark.parametrize(("intimate", "met"), [(90, True), (84, False), (100, False)])
def test_parity_is_missed_whichever_side_is_found_less_often(intimate: int, met: bool) -> None:
    rows = [
        *judged(OFFER, 90, subtypes=("job_domestic",)),
        *judged(NOTHING, 10, subtypes=("job_domestic",)),
        *judged(OFFER, intimate, subtypes=("hostess",)),
        *judged(NOTHING, 100 - intimate, subtypes=("hostess",)),
    ]
    assert target(headline(rows), "parity", "review").met is met


def test_bins_are_of_equal_mass_and_the_error_is_their_mean_distance() -> None:
    scores = np.linspace(0.0, 1.0, 100)
    bins = equal_bins(scores, (scores >= 0.5).astype(np.float64), np.ones(100))
    assert [one.posts for one in bins] == [10] * 10
    assert [one.share for one in bins] == [0.0] * 5 + [1.0] * 5
    assert Reliability("x", (Bin(30, 0.2, 0.1), Bin(10, 0.9, 0.5)), (), 0.0).ece == pytest.approx(0.25)
    assert equal_bins(np.zeros(0), np.zeros(0), np.zeros(0)) == ()


def test_posts_of_more_weight_fill_a_bin_sooner() -> None:
    scores = np.linspace(0.0, 1.0, 110)
    weights = np.where(np.arange(110) < 10, 10.0, 1.0)
    bins = equal_bins(scores, np.zeros(110), weights)
    assert [one.posts for one in bins] == [2] * 5 + [20] * 5


def test_precision_and_recall_take_posts_of_one_score_together() -> None:
    scores, truth = np.array([0.9, 0.5, 0.5, 0.1]), np.array([1.0, 0.0, 1.0, 0.0])
    assert precision_recall(scores, truth) == [(0.5, 1.0), (1.0, pytest.approx(2 / 3)), (1.0, 0.5)]
    assert precision_recall(scores, np.zeros(4)) == []


def test_a_classifier_that_is_always_right_is_reliable_and_precise() -> None:
    rows = [
        *judged(OFFER, 20),
        *judged(NOTHING, 30, kind="benign"),
        *judged(NOTHING, 9, kind="benign", origin="background"),
    ]
    found = {one.kind: one for one in reliabilities(rows)}
    assert (found["recruitment"].ece, found["recruitment"].average_precision) == (0.0, 1.0)
    assert sum(one.posts for one in found["recruitment"].bins) == 59


def test_a_plot_is_sound_xml_with_a_line_each_and_nothing_unescaped() -> None:
    root = ET.fromstring(plot("a < b", ("x", "y"), {"<script>": [(0.0, 0.0), (1.0, 0.5)], "two": []}, diagonal=True))  # noqa: S314 - our own
    lines = [one for one in root.iter() if one.tag.endswith("polyline")]
    assert lines[1].get("points") == "48.0,368.0 368.0,208.0"
    assert len(lines) == 5  # the diagonal, and of each name its line and its legend
    assert "<script>" in [one.text for one in root.iter()]


def a_small_evaluation() -> Evaluation:
    return measure([*offers_of("en", 30, 10), *judged(PLEA, 5, kind="distress", subtypes=("plea",))])


def test_the_document_has_every_table_and_its_plots_beside_it(tmp_path: Path) -> None:
    evaluation = a_small_evaluation()
    written = write(evaluation, tmp_path / "new").read_text(encoding="utf-8")
    assert written.startswith(HEADER)
    assert [one.title for one in evaluation.tables if f"## {one.title}\n" not in written] == []
    pictures = [tmp_path / "new" / name for name in ("reliability.svg", "precision-recall.svg")]
    assert all(ET.parse(path).getroot().tag.endswith("svg") and path.name in written for path in pictures)  # noqa: S314
    assert json.loads(json.dumps(evaluation.as_json()))["tables"]["languages"]["en"]["alert"]["count"] == 0


def test_the_document_that_ships_is_of_this_form_and_has_every_language_of_first_rank() -> None:
    shipped = (Path(__file__).parent.parent / "docs" / "model" / "figures.md").read_text(encoding="utf-8")
    assert shipped.startswith(HEADER)
    assert [lang for lang in taxonomy()["languages"] if f"\n| {lang} |" not in shipped] == []


def test_judging_keeps_the_scores_of_each_kind() -> None:
    examples = [Example("x", "en", kind, False, f"en-a{one}", "corpus") for kind in KINDS for one in range(FOLDS * 4)]
    rows = build_rows(examples, []) + [
        replace(ROW, origin="background", kind="benign", fold=place % FOLDS, group=f"s{place % FOLDS}")
        for place in range(400)
    ]
    random = np.random.default_rng(3)
    found = judge(
        Logits(random.normal(size=(len(rows), len(LANES))), random.normal(size=(len(rows), len(KINDS)))), rows
    )
    assert [one.row for one in found] == rows
    assert all(sum(one.scores) == pytest.approx(1.0) and len(one.scores) == len(KINDS) for one in found)


def test_the_command_prints_the_headline_and_writes_the_document(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[Inputs] = []

    def measured(inputs: Inputs) -> Evaluation:
        asked.append(inputs)
        return a_small_evaluation()

    monkeypatch.setattr(evaluating, "evaluate", measured)
    (tmp_path / "posts").write_text("", encoding="utf-8")
    command = ["evaluate", "--background", str(tmp_path / "posts"), "--out", str(tmp_path / "docs")]
    shown = CliRunner().invoke(model, command, catch_exceptions=False).output
    assert (
        "offers of held-out authors, mean of languages | review | at least 0.92 | 0.75, 1 languages, 40 posts" in shown
    )
    assert (tmp_path / "docs" / "figures.md").is_file()
    found = json.loads(CliRunner().invoke(model, [*command, "--json"], catch_exceptions=False).output)
    assert (len(found["targets"]), asked[0].sample, asked[0].realstyle) == (16, 60_000, None)


def test_a_file_that_is_of_no_use_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(_: Inputs) -> Evaluation:
        raise CorpusError("background:1: not a JSON object with text, lang and source")

    monkeypatch.setattr(evaluating, "evaluate", refuse)
    (tmp_path / "posts").write_text("{", encoding="utf-8")
    with pytest.raises(ModelUnavailable, match="not a JSON object"):
        CliRunner().invoke(model, ["evaluate", "--background", str(tmp_path / "posts")], catch_exceptions=False)
