"""Spreads measured on one's own posts: robust, shrunk, of one artefact and engine, and never without a look at the hits."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.calibration import Array, Calibration, Spread
from models.classifier import Classifier
from models.errors import ModelError
from models.examples import KINDS, LANES
from models.heads import Heads
from models.linear import Linear
from models.measured import LocalStatistics, Measured, load_statistics, save_statistics
from models.refresh import Refreshed, read, refreshed, robust_moments, shrunk

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
PLAIN = Spread((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
SHIPPED = Calibration(
    spreads={"fr": Spread((0.5, 0.5, 0.5), (1.0, 1.0, 1.0))},
    other=PLAIN,
    thresholds=dict.fromkeys(LANES, (5.0, 6.0)),
    margins=dict.fromkeys(LANES, -99.0),
    penalty=0.5,
)
WIDTH = len(LANES) + len(KINDS)
HEADS = Heads(
    "test",
    KINDS,
    LANES,
    "0" * 64,
    stream=Linear(np.eye(len(LANES), WIDTH, dtype=np.float32), np.zeros(len(LANES), np.float32)),
    near=Linear(np.eye(len(KINDS), WIDTH, len(LANES), dtype=np.float32), np.zeros(len(KINDS), np.float32)),
    calibrations={"openvino-f32": SHIPPED},
    digest="d" * 64,
)


class Engine:
    """Gives features whose first three numbers are the log-odds of the lanes, for the text says them."""

    engine = "openvino-f32"
    base_sha256 = "0" * 64

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        found = np.zeros((len(texts), WIDTH), np.float32)
        for row, text in enumerate(texts):
            found[row, : len(LANES)] = [float(word) for word in text.split()]
        return found

    def lengths(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


def texts_of(odds: Array) -> list[str]:
    return [" ".join(f"{one:.6f}" for one in row) for row in odds]


def normal(count: int, mean: float = 0.0, seed: int = 1) -> Array:
    return np.random.default_rng(seed).normal(mean, 1.0, size=(count, len(LANES)))


def refresh(odds: Array, langs: Sequence[str], classifier: Classifier | None = None) -> Refreshed:
    used = classifier or Classifier(HEADS, Engine())
    return refreshed(used, read(used, texts_of(odds)), langs, AT)


def test_the_moments_of_a_normal_sample_are_its_own() -> None:
    mean, variance = robust_moments(3.0 + 2.0 * normal(50_000))
    np.testing.assert_allclose(mean, 3.0, atol=0.05)
    np.testing.assert_allclose(np.sqrt(variance), 2.0, atol=0.05)


def test_hits_in_the_sample_hardly_move_the_moments() -> None:
    clean, hits = normal(10_000), normal(50, mean=12.0)
    mean, variance = robust_moments(np.vstack([clean, hits]))
    np.testing.assert_allclose(mean, 0.0, atol=0.05)
    np.testing.assert_allclose(np.sqrt(variance), 1.0, atol=0.05)
    assert np.vstack([clean, hits]).std() > 1.25


def test_a_measured_language_is_drawn_towards_all_others() -> None:
    odds = normal(400, mean=2.0)
    found = refresh(odds, ["fr"] * 400).statistics.languages["fr"]
    assert found.posts == 400
    assert found.spread.mean == pytest.approx([2.0 * 0.5 * 400 / 500] * 3, abs=0.1)
    assert found.spread == shrunk(
        *robust_moments(odds.round(6).astype(np.float32).astype(float)), 0.5 * 400 / 500, PLAIN
    )


def test_a_language_with_few_posts_keeps_what_the_artefact_has_for_it() -> None:
    found = refresh(normal(399, mean=9.0), ["fr"] * 199 + ["de"] * 200)
    assert list(found.statistics.languages) == ["de"]
    assert not found.changes["fr"].measured
    assert found.changes["fr"].new == SHIPPED.spreads["fr"]
    assert found.statistics.refine(SHIPPED).spreads["fr"] == SHIPPED.spreads["fr"]


def test_a_language_that_is_measured_here_is_calibrated_from_then_on() -> None:
    found = refresh(normal(200), ["ps"] * 200)
    classifier = Classifier(HEADS, Engine())
    assert not classifier.is_calibrated("ps")
    assert classifier.with_statistics(found.statistics).is_calibrated("ps")


def test_an_unknown_language_is_never_measured() -> None:
    assert refresh(normal(300), ["und"] * 300).statistics.languages == {}


def test_posts_in_latin_letters_count_for_their_language_and_for_themselves_where_there_are_enough() -> None:
    langs = ["hi"] * 150 + ["hi-Latn"] * 100 + ["ar-Latn"] * 250
    found = refresh(normal(500), langs).statistics.languages
    assert {lang: one.posts for lang, one in found.items()} == {"ar": 250, "ar-Latn": 250, "hi": 250}


def test_the_change_says_who_is_flagged_before_and_after() -> None:
    odds = normal(1_000, mean=-2.0).clip(-9, 0)
    odds[0, 0] = 4.9
    found = refresh(odds, ["en"] * 1_000)
    assert (found.changes["en"].flagged_before, found.changes["en"].flagged_after) == (0, 1)
    assert found.hits == {"offers": (0, 1), "exploitation": (0, 0), "protection": (0, 0)}
    assert found.risen is not None
    assert "1 of these 1000 posts would reach the lane offers" in found.risen
    assert "0.05%" in found.risen


def test_a_share_of_hits_that_does_not_rise_is_no_reason_to_refuse() -> None:
    odds = normal(1_000).clip(-3, 3)
    odds[:5, 0] = 30.0
    found = refresh(odds, ["en"] * 1_000)
    assert found.hits["offers"] == (5, 5)
    assert found.risen is None


def test_earlier_statistics_are_what_the_new_ones_are_compared_with_and_nothing_more() -> None:
    first = refresh(normal(600, mean=3.0), ["en"] * 300 + ["fr"] * 300)
    classifier = Classifier(HEADS, Engine()).with_statistics(first.statistics)
    second = refresh(normal(400, mean=1.0), ["en"] * 300 + ["fr"] * 100, classifier)
    assert second.changes["en"].old == first.changes["en"].new
    assert second.changes["fr"].old == first.changes["fr"].new
    assert second.changes["fr"].new == SHIPPED.spreads["fr"]


def test_a_classifier_with_statistics_decides_by_them() -> None:
    spread = Spread((-4.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    statistics = LocalStatistics("d" * 64, "openvino-f32", tuple(LANES), 300, AT, {"fr": Measured(300, spread)})
    classifier = Classifier(HEADS, Engine())
    local = classifier.with_statistics(statistics)
    assert [one.assess(["2 -9 -9"], ["fr"])[0].flagged for one in (classifier, local)] == [False, True]
    assert local.shipped == classifier.shipped == SHIPPED
    assert (local.statistics, classifier.statistics) == (statistics, None)


STATISTICS = LocalStatistics("d" * 64, "openvino-f32", tuple(LANES), 1_000, AT, {"fr": Measured(300, PLAIN)})


def test_statistics_survive_their_file(tmp_path: Path) -> None:
    path = tmp_path / "model" / "statistics.json"
    assert load_statistics(path) is None
    save_statistics(STATISTICS, path)
    assert load_statistics(path) == STATISTICS
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (replace(STATISTICS, digest="e" * 64), "another classifier (eeeeeeeeeeee…) than runs here (dddddddddddd…)"),
        (replace(STATISTICS, lanes=("offers",)), "another classifier"),
        (replace(STATISTICS, engine="openvino-int8"), "on the engine openvino-int8, and openvino-f32 runs here"),
    ],
)
def test_statistics_of_another_artefact_or_engine_are_refused_in_a_line(other: LocalStatistics, said: str) -> None:
    with pytest.raises(ModelError) as refused:
        Classifier(HEADS, Engine()).with_statistics(other)
    assert said in str(refused.value)
    assert "run `fanal model refresh` again" in str(refused.value)
    assert "\n" not in str(refused.value)


def changed(**fields: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda data: data | fields


def language(**fields: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda data: data | {"languages": {"fr": data["languages"]["fr"] | fields}}


DAMAGES: list[Callable[[dict[str, Any]], Any]] = [
    lambda data: [data],
    lambda data: "text",
    lambda data: {},
    changed(form=2),
    changed(languages=[1]),
    changed(at="yesterday"),
    changed(posts="many"),
    language(mean=[0.0, 0.0]),
    language(mean=[0.0, 0.0, float("nan")]),
    language(deviation=[1.0, 1.0, 0.0]),
    language(deviation=[1.0, 1.0, float("inf")]),
    language(deviation=[1.0, 1.0]),
    language(mean="abc"),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_statistics_are_refused_in_a_line(damage: Callable[[dict[str, Any]], Any], tmp_path: Path) -> None:
    path = tmp_path / "statistics.json"
    save_statistics(STATISTICS, path)
    path.write_text(json.dumps(damage(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")
    with pytest.raises(ModelError, match=r"^the local statistics in .* are damaged .*remove the file$"):
        load_statistics(path)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused_in_a_line(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "statistics.json").write_bytes(raw)
    with pytest.raises(ModelError, match=r"^the local statistics in .* are damaged .*remove the file$"):
        load_statistics(tmp_path / "statistics.json")


def test_a_file_that_cannot_be_read_or_written_is_said_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        load_statistics(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ModelError, match="cannot be written"):
        save_statistics(STATISTICS, tmp_path / "file" / "statistics.json")
