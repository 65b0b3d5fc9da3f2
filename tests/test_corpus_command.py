"""`fanal corpus check`: what it prints, and how it ends."""

import json
from pathlib import Path

from click.testing import CliRunner

from models.examples import KINDS
from pipeline.commands.corpus import corpus


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
