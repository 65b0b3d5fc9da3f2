"""`fanal model build` and `verify` on real weights: what is kept is what runs, and what was refused does not."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import models.build
import models.examples
import models.golden
import models.quantise
from models.base import DEFAULT_CACHE
from models.engines import BF16, F32, INT8, INT8_STATIC, TORCH_F32, cpu_flags, runs_natively
from models.examples import Example, read_corpus
from models.golden import choose
from pipeline.commands import parts
from pipeline.commands.model import model
from pipeline.errors import ConfigurationError
from pipeline.settings import Settings

POSTS = 120


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own that holds the base as the machine's cache has it, and a corpus of few posts to compare on."""
    few = choose(read_corpus(), POSTS)

    def corpus() -> list[Example]:
        return few

    monkeypatch.setattr(models.examples, "read_corpus", corpus)
    monkeypatch.setattr(models.build, "_TIMED", 16)
    monkeypatch.setattr(models.build, "_ROUNDS", 1)
    monkeypatch.setattr(models.build, "_BUDGETS", (512,))
    (tmp_path / "cache").mkdir()
    parts.base(Settings.read())
    (tmp_path / "cache" / "models").mkdir()
    for folder in DEFAULT_CACHE.expanduser().iterdir():
        if folder.is_dir() and not folder.name.startswith("build-"):
            (tmp_path / "cache" / "models" / folder.name).symlink_to(folder)
    monkeypatch.setenv("FANAL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def run(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(model, [*arguments, "--json"], catch_exceptions=False)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return done.exit_code, found


@pytest.mark.weights
def test_what_a_build_keeps_is_what_runs_and_verifies(cache: Path) -> None:
    native = [F32, BF16] if runs_natively(BF16, cpu_flags()) else [F32]
    code, line = run("build", *(word for engine in native for word in ("--engine", engine)))
    assert code == 0
    assert [one["engine"] for one in line["engines"]] == native
    assert all(one["golden"]["examples"] == 500 and not one["why_not"] for one in line["engines"])
    assert all(one["agreement"]["examples"] == POSTS for one in line["engines"])
    assert line["kept"] == max(line["engines"], key=lambda one: one["posts_per_s"])["engine"]
    (report,) = cache.glob("models/build-*/report.md")
    assert f"Kept: **{line['kept']}**" in report.read_text(encoding="utf-8")
    code, found = run("verify")
    assert (code, found["holds"], found["posts"]) == (0, True, 500)
    assert found["model"].endswith(f"+{line['kept']}")


@pytest.mark.weights
def test_a_build_that_was_damaged_is_said_in_one_line(cache: Path) -> None:
    run("build", "--engine", F32)
    (stamp,) = cache.glob("models/build-*/build.json")
    stamp.write_text("{", encoding="utf-8")
    done = CliRunner().invoke(model, ["verify"])
    assert done.exit_code != 0
    assert "is damaged" in str(done.exception)


@pytest.mark.weights
@pytest.mark.skipif(not runs_natively(INT8, cpu_flags()), reason="the processor has no VNNI")
def test_an_engine_that_was_not_built_is_not_replaced(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANAL_ENGINE", INT8_STATIC)
    with pytest.raises(
        ConfigurationError, match=r"openvino-int8-static has not been built here: run `fanal model build`"
    ):
        parts.classifier(Settings.read())


@pytest.mark.torch
def test_torch_is_an_engine_like_another_once_it_is_built(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANAL_ENGINE", TORCH_F32)
    with pytest.raises(ConfigurationError, match=r"not calibrated for the engine torch-f32.* model build"):
        parts.classifier(Settings.read())
    code, line = run("build", "--engine", TORCH_F32)
    assert code == 0
    assert [one["why_not"] for one in line["engines"]] == [None, None]
    posts = choose(read_corpus(), POSTS)
    texts, langs = [post.text for post in posts], [post.lang for post in posts]
    classifier = parts.classifier(Settings.read())
    assert classifier.model.endswith("+torch-f32")
    ours = classifier.assess(texts, langs)
    monkeypatch.setenv("FANAL_ENGINE", F32)
    theirs = parts.classifier(Settings.read()).assess(texts, langs)
    assert [(one.lane, one.level) for one in ours] == [(one.lane, one.level) for one in theirs]
    assert sum(one.flagged for one in ours) > 5


@pytest.mark.torch
@pytest.mark.skipif(not runs_natively(INT8, cpu_flags()), reason="the processor has no VNNI")
def test_static_int8_is_made_from_real_posts_and_kept_only_if_it_agrees(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models.quantise, "POSTS", 40)
    monkeypatch.setattr(models.quantise, "SMOOTHINGS", (0.95,))
    background = tmp_path / "background.jsonl.gz"
    with gzip.open(background, "wt", encoding="utf-8") as lines:
        for post in read_corpus()[::20]:
            lines.write(json.dumps({"text": post.text, "lang": post.lang, "source": "corpus"}) + "\n")
    code, line = run("build", "--background", str(background), "--posts", "300", "--engine", INT8_STATIC)
    assert code == 0
    tried = next(one for one in line["engines"] if one["engine"] == INT8_STATIC)
    assert 0 < tried["agreement"]["p99"] < 2
    agrees = all(tried[one]["p99"] <= 0.1 for one in ("agreement", "golden"))
    assert tried["why_not"] is None or tried["why_not"].startswith("refused: ")
    assert agrees or tried["why_not"]
    if tried["why_not"]:
        assert line["kept"] == F32
        monkeypatch.setenv("FANAL_ENGINE", INT8_STATIC)
        with pytest.raises(ConfigurationError, match="not calibrated for the engine openvino-int8-static"):
            parts.classifier(Settings.read())
