"""`fanal model refresh`: posts of a file or of the topic, what it prints and writes, and what it refuses."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from models.base import load_base
from models.calibration import Calibration, Spread
from models.classifier import Classifier
from models.encoder import Encoder
from models.engines import F32, Sizing
from models.examples import LANES, read_corpus
from models.heads import load_heads, save_heads
from models.measured import load_statistics
from pipeline.commands import parts
from pipeline.commands.model import model
from pipeline.errors import ConfigurationError, ModelUnavailable, UsageError
from pipeline.settings import Settings
from pipeline.sources.lines import SourceLine
from pipeline.sources.unlabelled import draw, last_posts
from tests.fakes import Broker, packed, post
from tests.saved_models import save_tiny
from tests.test_model_refresh import HEADS, WIDTH
from tests.test_model_settings import heads_for

SECRET = "hunter"
OFTEN = "nous cherchons encore du monde"
"""On a text with these words the fake engine gives what only new statistics would flag."""


class Engine:
    """Log-odds that depend on the text alone: far below every threshold, or under it by a little for `OFTEN`."""

    engine = "openvino-f32"
    base_sha256 = "0" * 64

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        found = np.zeros((len(texts), WIDTH), np.float32)
        for row, text in enumerate(texts):
            rng = np.random.default_rng(zlib.crc32(text.encode("utf-8", "replace")))
            found[row, : len(LANES)] = np.clip(rng.normal(-2.0, 1.0, len(LANES)), -4.0, 0.0)
            found[row, 0] = 4.5 if OFTEN in text else found[row, 0]
        return found

    def lengths(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


@pytest.fixture(autouse=True)
def classifier(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Classifier:
    """The classifier that ships, as the settings find it, in a folder without data."""
    found = Classifier(HEADS, Engine())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(parts, "shipped_classifier", lambda *_: found)
    return found


def french(number: int) -> str:
    return f"Bonjour à tous, la bibliothèque {SECRET} est ouverte demain matin, page {number}"


def written(path: Path, *texts: str) -> Path:
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    return path


def posts(path: Path, count: int = 300, often: int = 0) -> Path:
    texts = [french(number) for number in range(count)]
    return written(path, *texts, *(f"Bonjour, {OFTEN}, page {number}" for number in range(often)))


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(model, ["refresh", *arguments])


FILE = Path(".fanal/model/statistics.json")


def test_what_was_measured_is_written_and_taken_at_the_next_start(tmp_path: Path, classifier: Classifier) -> None:
    done = invoke(str(posts(tmp_path / "posts.ndjson")), "--json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["written"], found["file"]) == (0, True, str(FILE))
    statistics = load_statistics(FILE)
    assert statistics is not None
    assert {lang: one.posts for lang, one in statistics.languages.items()} == {"fr": 300}
    after = parts.any_classifier(Settings.read())
    assert after.statistics == statistics
    assert after.calibration.spread_of("fr") == statistics.languages["fr"].spread
    assert found["languages"]["fr"]["new"]["offers"]["mean"] == statistics.languages["fr"].spread.mean[0]
    assert FILE.parent.parent.stat().st_mode & 0o777 == 0o700


def test_a_dry_run_prints_the_change_and_writes_nothing(tmp_path: Path) -> None:
    done = invoke(str(posts(tmp_path / "posts.ndjson", often=1)), "--dry-run")
    assert done.exit_code == 0
    [row] = [line for line in done.stdout.splitlines() if line.startswith("fr ")]
    assert row.split()[:4] == ["fr", "301", "offers", "0.500"]
    assert row.endswith("0 -> 1")
    assert "offers: 0 -> 1 of these posts are hits" in done.stdout
    assert "would be refused: 1 of these 301 posts" in done.stderr
    assert not FILE.exists()


def test_many_more_hits_are_refused_in_a_line_unless_forced(tmp_path: Path) -> None:
    path = str(posts(tmp_path / "posts.ndjson", often=2))
    done = invoke(path)
    assert isinstance(done.exception, UsageError)
    told = str(done.exception)
    assert "2 of these 302 posts would reach the lane offers (0.66%; before 0), more than 0.05%" in told
    assert "give --force" in told
    assert "\n" not in told
    assert not FILE.exists()
    assert invoke(path, "--force").exit_code == 0
    assert FILE.exists()


def test_too_few_posts_of_every_language_are_refused_in_a_line(tmp_path: Path) -> None:
    done = invoke(str(posts(tmp_path / "posts.ndjson", 199)), "--force")
    assert isinstance(done.exception, UsageError)
    assert "no language has 200 different posts among these 199 (the most: fr 199)" in str(done.exception)
    assert not FILE.exists()


def test_copies_of_a_text_count_once_and_lines_that_are_no_posts_not_at_all(tmp_path: Path) -> None:
    path = written(tmp_path / "posts.ndjson", *[french(number % 250) for number in range(400)])
    path.write_text(path.read_text(encoding="utf-8") + "no post\n[]\n", encoding="utf-8")
    found = json.loads(invoke(str(path), "--json").stdout)
    assert (found["posts"], found["copies"], found["unread"]) == (250, 150, 2)


@pytest.mark.parametrize("options", [[], ["--json"], ["--dry-run"]])
def test_no_text_is_printed_or_kept(tmp_path: Path, options: list[str]) -> None:
    done = invoke(str(posts(tmp_path / "posts.ndjson")), *options)
    kept = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    assert SECRET not in done.stdout + done.stderr + kept


def test_a_file_without_posts_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "posts.ndjson").write_bytes(b"\n")
    assert "there are no posts to measure" in str(invoke(str(tmp_path / "posts.ndjson")).exception)
    assert "no such file" in str(invoke(str(tmp_path / "none.ndjson")).exception)


def test_without_a_file_and_without_servers_the_line_says_what_to_start() -> None:
    done = invoke()
    assert isinstance(done.exception, ConfigurationError)
    assert "fanal local up" in str(done.exception)


def test_statistics_that_do_not_fit_stop_a_worker_and_can_be_measured_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(posts(tmp_path / "posts.ndjson"))
    invoke(path)
    other = Classifier(replace(HEADS, digest="e" * 64), Engine())
    monkeypatch.setattr(parts, "shipped_classifier", lambda *_: other)
    with pytest.raises(ModelUnavailable, match=r"statistics\.json: .*another classifier.*fanal model refresh") as told:
        parts.classifier(Settings.read())
    assert "\n" not in str(told.value)
    assert invoke(path).exit_code == 0
    assert parts.classifier(Settings.read()).statistics is not None


def test_a_setting_names_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANAL_MODEL_STATISTICS", str(tmp_path / "own.json"))
    invoke(str(posts(tmp_path / "posts.ndjson")))
    assert (tmp_path / "own.json").is_file()
    assert parts.classifier(Settings.read()).statistics is not None
    assert not FILE.exists()


def test_posts_are_drawn_from_all_of_a_file_and_always_the_same() -> None:
    lines = [SourceLine(number, json.dumps({"text": str(number)}).encode()) for number in range(1, 2_001)]
    found = draw(lines, 500)
    numbers = [int(one.text) for one in found.posts]
    assert (len(set(numbers)), found.of) == (500, 2_000)
    assert 900 < sum(numbers) / len(numbers) < 1_100
    assert draw(lines, 500) == found
    assert {int(one.text) for one in draw(lines, 5_000).posts} == set(range(1, 2_001))


@pytest.mark.parametrize("raw", [b"x", b"[]", b"{}", b'{"text": 5}', b'{"text": "\\ud800"}', b"\xff", b"[" * 100_000])
def test_a_line_that_is_no_post_is_counted_and_passed_over(raw: bytes) -> None:
    found = draw([SourceLine(1, raw), SourceLine(2, b'{"text": "a", "lang": "fr"}'), SourceLine(3, b"{}", cut=True)], 9)
    assert (found.unread, [(one.text, one.hints) for one in found.posts]) == (2, [("a", ("fr",))])


async def test_the_last_posts_of_the_topic_are_read_however_they_are_packed() -> None:
    broker = Broker(partitions=2)
    for number in range(700):
        broker.put("posts", 0, packed(post(number, f"single {number}", lang_hint=("fr",))))
    for number in range(10):
        broker.put("posts", 1, packed(*(post(100 * number + n, f"packed {100 * number + n}") for n in range(100))))
    broker.put("posts", 1, b"no post")
    found = await last_posts(broker, "posts", 1_200)
    assert [one.text for one in found.posts[:600]] == [f"single {number}" for number in range(100, 700)]
    assert [one.text for one in found.posts[600:]] == [f"packed {number}" for number in range(400, 1_000)]
    assert found.posts[0].hints == ("fr",)
    assert found.unread == 1


async def test_a_topic_that_holds_fewer_posts_gives_them_all() -> None:
    broker = Broker(partitions=3)
    broker.put("posts", 1, packed(post(1, "one"), post(2, "two")))
    assert [one.text for one in (await last_posts(broker, "posts", 500)).posts] == ["one", "two"]


def test_info_says_what_was_measured_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = load_base(tmp_path / "cache" / "models", save_tiny(tmp_path / "base", "bert"))
    plain = Spread((0.0,) * 3, (1.0,) * 3)
    never = Calibration({}, plain, dict.fromkeys(LANES, (1000.0, 10000.0)), dict.fromkeys(LANES, 0.0))
    save_heads(replace(heads_for(base), calibrations={F32: never}), tmp_path / "heads", {})
    real = Classifier(load_heads(tmp_path / "heads"), Encoder(base, sizing=Sizing(1)))
    monkeypatch.setattr(parts, "shipped_classifier", lambda *_: real)
    for name, value in (("ARTEFACT", "heads"), ("BASE", "base")):
        monkeypatch.setenv(f"FANAL_MODEL_{name}", str(tmp_path / value))
    monkeypatch.setenv("FANAL_CACHE", str(tmp_path / "cache"))
    assert info()["statistics"] == "of the artefact: none were measured here"
    assert "fr" in info()["uncalibrated"]["languages"]
    assert invoke(str(posts(tmp_path / "posts.ndjson"))).exit_code == 0
    found = info()
    assert found["statistics"].items() >= {"file": str(FILE), "posts": 300, "languages": {"fr": 300}}.items()
    assert found["statistics"]["at"].startswith("20")
    assert "fr" not in found["uncalibrated"]["languages"]


def info() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(CliRunner().invoke(model, ["info", "--json"], catch_exceptions=False).stdout)
    return found


@pytest.mark.weights
def test_the_classifier_that_ships_is_refreshed_and_judges_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    lines = [json.dumps({"text": one.text, "lang": one.lang}) for one in read_corpus() if one.lang == "fr"]
    (tmp_path / "posts.ndjson").write_text("\n".join(lines), encoding="utf-8")
    found = json.loads(invoke(str(tmp_path / "posts.ndjson"), "--json", "--force").stdout)
    assert [lang for lang, one in found["languages"].items() if one["measured"]] == ["fr"]
    assert found["languages"]["fr"]["old"] != found["languages"]["fr"]["new"]
    assert found["written"] is True
    classifier = parts.classifier(Settings.read())
    assert classifier.statistics is not None
    [assessed] = classifier.assess(["Bonjour, la bibliothèque est ouverte demain"], ["fr"])
    assert assessed.kind == "benign"
