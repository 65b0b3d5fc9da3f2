"""`fanal corpus check`: what it prints, and how it ends."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from models.examples import KINDS
from pipeline.benchmarks import languages as measuring
from pipeline.benchmarks.language_table import HEADER, render
from pipeline.benchmarks.languages import (
    HINTINGS,
    Identified,
    Known,
    band,
    identify_all,
    is_even_author,
    read_known,
    shares,
)
from pipeline.commands.corpus import corpus
from pipeline.resources import taxonomy
from pipeline.screen.language import Languages

ROOT = Path(__file__).resolve().parent.parent


def test_the_corpus_that_ships_is_counted_by_language() -> None:
    done = CliRunner().invoke(corpus, ["check", "--json"], catch_exceptions=False)
    found = json.loads(done.output)
    assert (done.exit_code, found["faults"]) == (0, [])
    assert all(set(one["kinds"]) == set(KINDS) for one in found["languages"])
    shown = CliRunner().invoke(corpus, ["check"], catch_exceptions=False)
    assert shown.exit_code == 0
    assert "the corpus is sound" in shown.output.splitlines()[-1]


def test_a_fault_is_a_line_and_ends_in_one(tmp_path: Path) -> None:
    (tmp_path / "en.jsonl").write_text("{", encoding="utf-8")
    done = CliRunner().invoke(corpus, ["check", str(tmp_path)])
    assert done.exit_code == 1
    assert done.output.startswith("en.jsonl:1: not JSON")
    assert "1 faults" in done.output


def few(background: Path | None, sample: int) -> list[Known]:
    return read_known(background, sample)[::300]


def test_languages_are_measured_by_hint_on_even_authors_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(measuring, "read_known", few)
    out = tmp_path / "languages.md"
    done = CliRunner().invoke(corpus, ["languages", "--json", "--out", str(out)], catch_exceptions=False)
    rows = json.loads(done.output)["languages"]
    assert {row["hint"] for row in rows} == set(HINTINGS)
    assert all(0 <= row["right"] <= row["of"] for row in rows)
    assert out.read_text(encoding="utf-8").startswith(HEADER)
    assert (is_even_author("ti-a4"), is_even_author("ti-b3")) == (True, False)


def test_a_background_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "background.jsonl").write_text("{", encoding="utf-8")
    done = CliRunner().invoke(corpus, ["languages", "--background", str(tmp_path / "background.jsonl")])
    assert done.exit_code != 0
    assert "not a JSON object with text, lang and source" in str(done.exception)


def test_a_text_in_latin_letters_is_a_group_of_its_own_and_right_in_either_script() -> None:
    known = Known("yahan bahut jyada hai", "hi", "background", "hi-Latn")
    assert Identified(known, "none", "hi-Latn").is_right
    assert not Identified(known, "none", "ur-Latn").is_right
    assert band(Identified(known, "none", "en")) == "under 40"
    counted = shares(identify_all([known], Languages()), lambda one: one.known.group)
    assert [one.total for one in counted["hi-Latn"].values()] == [1, 1, 1]
    assert "| hi-Latn | 1.00" in render(list(identify_all([known], Languages())), 1000.0)


def test_the_document_is_of_this_form_and_has_every_language_of_first_rank() -> None:
    written = (ROOT / "docs" / "model" / "languages.md").read_text(encoding="utf-8")
    assert written.startswith(HEADER)
    assert [lang for lang in taxonomy()["languages"] if f"\n| {lang} |" not in written] == []
