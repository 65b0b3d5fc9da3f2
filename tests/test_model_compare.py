"""Two artefacts on the same posts: which is better, whether that is more than noise, and what the gate refuses."""

import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from click.testing import CliRunner

from models.compare import Ground, compare, read_labelled
from models.dataset import Row, build_rows
from models.decision import Decision
from models.errors import CorpusError, ModelError
from models.evaluation.paired import Contest, Paired, contest, paired
from models.evaluation.versus import Versus, versus
from models.examples import KINDS, LANES, read_corpus
from models.heads import ARTEFACT, Logits
from models.heldout import FILE, load_held_out, save_held_out
from models.judging import Judged
from models.shadow import Pair
from pipeline.commands import choosing
from pipeline.commands.model import model
from pipeline.errors import ModelUnavailable
from tests import fakes

ROW = Row("come to Oslo", "en", "smuggling", 1, "corpus", "en-a1", False, True)
OFFER, NOTHING = Decision("smuggling", "offers", "review"), Decision("benign")


def both(a: str, b: str) -> Pair:
    """Two fake classifiers, each of which takes texts with a word of its own for an offer."""
    found = fakes.Pair(fakes.Judge(offer=a), fakes.Judge(offer=b))
    return cast(Pair, found)  # the fake has what the comparison asks


def never() -> Pair:
    raise AssertionError("no engine is needed")


def decided(lang: str, a: int, b: int, of: int, kind: str = "smuggling") -> list[tuple[Judged, Judged]]:
    """So many posts, the first of which the first and the last of which the second flags."""
    row = replace(ROW, lang=lang, kind=kind)
    sides = [
        (OFFER if place < a else NOTHING, OFFER if place >= of - b else NOTHING) for place in range(of)
    ]  # fmt: skip
    return [(Judged(row, one), Judged(row, other)) for one, other in sides]


def written(folder: Path, *rows: Mapping[str, object]) -> Path:
    path = folder / "posts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_mcnemars_p_is_exact() -> None:
    assert Paired(5, 1, 9, 5).p == pytest.approx(22 / 1024)
    assert Paired(5, 0, 0, 5).p == 1.0
    assert Paired(0, 3, 3, 0).p == 1.0
    assert Paired(0, 0, 2000, 0).p < 1e-300


def test_the_interval_of_a_paired_difference_is_that_of_bonett_and_price() -> None:
    low, high = Paired(59, 6, 16, 80).interval()
    assert (low, high) == pytest.approx((0.0032, 0.1195), abs=1e-4)
    assert Paired(10, 0, 0, 10).interval()[0] == pytest.approx(-Paired(10, 0, 0, 10).interval()[1])


def test_an_interval_that_misses_less_often_is_wider() -> None:
    one = Paired(50, 10, 20, 20)
    assert one.interval(0.001)[0] < one.interval()[0] < one.difference < one.interval()[1] < one.interval(0.001)[1]


def test_what_both_did_is_counted() -> None:
    assert paired([(True, True), (True, False), (True, False), (False, False)]) == Paired(1, 2, 0, 1)


def test_of_what_is_mistaken_less_is_better() -> None:
    assert Contest("found", Paired(0, 0, 40, 60), more=True).better == "B"
    assert Contest("mistaken", Paired(0, 0, 40, 60), more=False).better == "A"
    assert Contest("found", Paired(40, 1, 2, 57), more=True).better is None


def test_a_verdict_on_many_languages_asks_for_more_than_one_on_a_single() -> None:
    pairs = [(True, False)] * 8 + [(True, True)] * 92
    assert contest("en", pairs, more=True).better == "A"
    assert contest("en", pairs, more=True, among=33).better is None


def test_one_that_finds_more_and_mistakes_as_much_is_better() -> None:
    found = versus("old", "new", [*decided("en", 10, 60, 100), *decided("en", 5, 5, 100, kind="benign")], [])
    assert found.verdict == "B is better: offers found, smuggling found"
    assert found.losses == []
    assert [one.what for one in found.overall] == ["offers found", "smuggling found", "benign flagged as an offer"]


def test_one_that_finds_more_at_the_price_of_the_innocent_is_not_better() -> None:
    found = versus("old", "new", [*decided("en", 10, 60, 100), *decided("en", 5, 60, 100, kind="benign")], [])
    assert found.verdict == "neither is better: A in benign flagged as an offer; B in offers found, smuggling found"


def test_the_same_decisions_are_no_difference() -> None:
    rows = [(one, one) for one, _ in decided("en", 10, 0, 100)]
    assert versus("old", "new", rows, []).verdict == "no difference beyond noise"


def test_a_language_that_loses_is_named_though_all_together_gain() -> None:
    found = versus("old", "new", [*decided("en", 100, 300, 400), *decided("so", 60, 20, 100)], [])
    assert [one.what for one in found.losses] == ["so"]
    assert {one.what: one.better for one in found.languages} == {"en": "B", "so": "A"}


def test_posts_are_read_by_kind_or_by_label(tmp_path: Path) -> None:
    one = {"text": "x", "lang": "en", "kind": "smuggling"}
    path = written(tmp_path, one, {"text": "y", "lang": "fr", "kind": "news", "label": "benign"})
    assert [(post.kind, post.hard) for post in read_labelled(path)] == [("smuggling", False), ("benign", True)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "secret", "lang": "en", "kind": "offer"}', r"posts.jsonl:1: needs text, lang, and as kind or label one of"),
        ('{"text": 5, "lang": "en", "kind": "benign"}', r"posts.jsonl:1: needs"),
        ('{"text": "secret", "lang": "en", "kind": ["benign"]}', r"posts.jsonl:1: needs"),
        ('{"text": "secret"', r"posts.jsonl:1: not JSON"),
        ("", r"holds no posts"),
    ],
)  # fmt: skip
def test_a_file_of_posts_that_is_of_no_use_is_refused_without_quoting_it(
    tmp_path: Path, line: str, message: str
) -> None:
    (tmp_path / "posts.jsonl").write_text(line, encoding="utf-8")
    with pytest.raises(CorpusError, match=message) as refused:
        read_labelled(tmp_path / "posts.jsonl")
    assert "secret" not in str(refused.value)


def test_a_file_of_posts_is_scored_by_both(tmp_path: Path) -> None:
    texts = ["boat tonight", "bus tonight", "boat and bus", "nothing"]
    path = written(tmp_path, *({"text": text, "lang": "en", "kind": "smuggling"} for text in texts))
    found = compare(tmp_path, tmp_path, Ground(path), lambda: both("boat", "bus"))
    assert found.overall[0].paired == Paired(1, 1, 1, 1)
    (note,) = found.notes
    assert note.startswith(f"{tmp_path} does not say post by post what it has learnt from")


def test_posts_of_a_file_that_were_learnt_from_are_counted_and_said(tmp_path: Path) -> None:
    texts = (read_corpus()[0].text, "learnt elsewhere", "not there")
    path = written(tmp_path, *({"text": text, "lang": "en", "kind": "smuggling"} for text in texts))
    before = compare(tmp_path, tmp_path, Ground(path), lambda: both("boat", "bus")).notes
    assert before[0].startswith("1 of 3 posts are among those from which one or both have learnt")
    save_held_out(Logits(np.ones((1, 3)), np.ones((1, 5))), [replace(ROW, text="learnt elsewhere")], tmp_path)
    (note,) = compare(tmp_path, tmp_path, Ground(path), lambda: both("boat", "bus")).notes
    assert note.startswith("2 of 3 posts")


def test_background_is_scored_by_both_and_film_lines_are_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, {"text": "hello", "lang": "en", "kind": "benign"})
    background = tmp_path / "background.jsonl"
    some = [("bus late", "tweets"), ("good day", "tweets"), ("bus", "Helsinki-NLP+XED")]
    rows = ({"text": text, "lang": "en", "source": source} for text, source in some)
    background.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = compare(tmp_path, tmp_path, Ground(path, background), lambda: both("boat", "bus"))
    flagged = {one.what: one.paired for one in found.overall}["background flagged as an offer"]
    assert flagged == Paired(0, 0, 1, 1)
    assert found.notes[-1].startswith("background: 2 posts")


def held_out_beside(folder: Path, rows: list[Row], offers: float) -> Path:
    """A copy of the artefact with held-out logits that put so high a log-odds on the offers of every post."""
    shutil.copytree(ARTEFACT, folder)
    near = np.zeros((len(rows), len(KINDS)))
    near[:, KINDS.index("smuggling")] = 20.0
    stream = np.full((len(rows), len(LANES)), -30.0)
    stream[:, list(LANES).index("offers")] = offers
    save_held_out(Logits(stream, near), rows, folder)
    return folder


def test_on_the_corpus_held_out_logits_are_taken_and_no_engine_is_loaded(tmp_path: Path) -> None:
    rows = build_rows(read_corpus(), [])
    a = held_out_beside(tmp_path / "a", rows[1:], -30.0)
    b = held_out_beside(tmp_path / "b", rows, 30.0)
    found = compare(a, b, Ground(), never)
    offers = found.overall[0].paired
    assert (offers.a.count, offers.b.count) == (0, offers.total)
    assert found.losses == []
    assert found.notes[0].startswith("held out")
    assert re.match(r"[1-9]\d* posts of the corpus are left out", found.notes[1])
    assert compare(b, a, Ground(), never).losses


def test_without_held_out_logits_of_both_the_comparison_says_that_it_is_in_sample(tmp_path: Path) -> None:
    a = held_out_beside(tmp_path / "a", build_rows(read_corpus(), []), 30.0)
    found = compare(a, tmp_path / "b", Ground(), lambda: both("boat", "bus"))
    (note,) = found.notes
    assert note.startswith("IN SAMPLE")
    assert f"{tmp_path / 'b'} brings no held-out logits" in note


def test_held_out_logits_know_examples_alone_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    rows = [ROW, replace(ROW, text="good day", kind="benign", origin="background")]
    save_held_out(Logits(np.ones((2, 3)), np.arange(10.0).reshape(2, 5)), rows, tmp_path)
    held = load_held_out(tmp_path)
    assert held is not None
    assert [held.knows(row.text) for row in rows] == [True, False]
    assert held.of([ROW.text]).near.tolist() == [[0.0, 1.0, 2.0, 3.0, 4.0]]
    (tmp_path / FILE).write_bytes(b"cut")
    with pytest.raises(ModelError, match="cannot be read"):
        load_held_out(tmp_path)
    (tmp_path / FILE).unlink()
    assert load_held_out(tmp_path) is None


def command(monkeypatch: pytest.MonkeyPatch, folder: Path, b: str) -> Callable[..., tuple[int, str]]:
    """The command on 60 posts, of which the first artefact flags 40, the second those with a word."""
    texts = [f"boat {place}" for place in range(40)] + [f"bus {place}" for place in range(20)]
    path = written(folder, *({"text": text, "lang": "en", "kind": "smuggling"} for text in texts))
    monkeypatch.setattr(choosing, "load_both", lambda *_: both("boat", b))

    def run(*more: str) -> tuple[int, str]:
        done = CliRunner().invoke(model, ["compare", str(folder), str(folder), "--posts", str(path), *more])
        return done.exit_code, done.output

    return run


def test_the_gate_refuses_in_one_line_what_loses_recall(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run = command(monkeypatch, tmp_path, "bus")
    code, shown = run("--gate")
    assert code == 1
    assert shown.splitlines()[-1].startswith(
        "gate: B loses recall beyond the interval: offers found (40 to 20 of 60), en (40"
    )
    code, shown = run()
    assert code == 0
    assert "verdict: A is better" in shown


def test_the_gate_lets_pass_what_loses_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    code, shown = command(monkeypatch, tmp_path, "boat")("--gate", "--json")
    found = json.loads(shown)
    assert (code, found["losses"], found["verdict"]) == (0, [], "no difference beyond noise")
    assert found["languages"][0]["both"] == 40


def test_artefacts_that_cannot_be_compared_are_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object) -> Versus:
        raise ModelError("b: it was trained on other base weights")

    command(monkeypatch, tmp_path, "bus")
    monkeypatch.setattr(choosing, "load_both", refuse)
    arguments = ["compare", str(tmp_path), str(tmp_path), "--posts", str(tmp_path / "posts.jsonl")]
    with pytest.raises(ModelUnavailable, match="other base weights"):
        CliRunner().invoke(model, arguments, catch_exceptions=False)
