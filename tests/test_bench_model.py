"""`fanal bench model`: what is read, what is counted, and the line that it ends with."""

import gzip
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from models.base import Base
from models.engines import F32, cpu_flags, native_engines
from models.errors import EngineError
from models.packed import Shape
from models.peak import gemm_peak, useful_flops
from pipeline.benchmarks import model as measured
from pipeline.benchmarks.load import sample_posts
from pipeline.benchmarks.model import Contender, Rate, rows_to_read
from pipeline.commands.bench import bench

FIELDS = {
    "bench",
    "machine",
    "engine",
    "posts_per_s",
    "posts_per_cpu_s",
    "baseline_posts_per_s",
    "speedup",
    "of_peak",
    "agreement",
}


SHAPE = Shape(hidden=4, layers=1, heads=1, inner=1, positions=9, epsilon=1e-5)


class Counting:
    """A reader that keeps how many posts it was given each time."""

    def __init__(self) -> None:
        self.given: list[int] = []

    def __call__(self, texts: Sequence[str]) -> None:
        self.given.append(len(texts))
        sum(range(20_000))


def test_the_samples_are_read_and_so_many_background_posts(tmp_path: Path) -> None:
    background = tmp_path / "background.jsonl.gz"
    with gzip.open(background, "wt", encoding="utf-8") as lines:
        for number in range(50):
            lines.write(json.dumps({"text": f"good morning {number}", "lang": "en", "source": "s"}) + "\n")
    assert [row.origin for row in rows_to_read(None, 0)] == ["samples"] * len(sample_posts())
    rows = rows_to_read(background, 20)
    assert sum(row.is_background and row.measured for row in rows) == len(rows) == 20


def test_every_round_gives_a_contender_all_its_posts() -> None:
    reads = {"one": Counting(), "other": Counting()}
    contenders = [Contender(name, read, ["x"] * 7) for name, read in reads.items()]
    said: list[str] = []
    rates = measured._rates(contenders, 3, said.append)
    assert {name: read.given for name, read in reads.items()} == {"one": [7, 7, 7], "other": [7, 7, 7]}
    assert rates.keys() == reads.keys()
    assert all(rate.posts_per_s > 0 and rate.posts_per_cpu_s > 0 for rate in rates.values())
    assert len(said) == 6


def test_without_a_baseline_the_speedup_is_null() -> None:
    found = measured._speed(Rate(120.04, 70.0), None)
    assert (found["baseline_posts_per_s"], found["speedup"]) == (None, None)
    assert measured._speed(Rate(120.0, 70.0), 20.0)["speedup"] == 6.0


def test_useful_work_counts_matrices_by_token_and_attention_by_square() -> None:
    weights = {"l0.q.w": np.zeros((4, 4)), "l0.q.b": np.zeros(4), "emb.pos": np.zeros((9, 4)), "l0.aln.w": np.zeros(4)}
    tensors = {name: one.astype(np.float32) for name, one in weights.items()}
    base = Base(Path(), "", SHAPE, tensors, np.zeros((1, 1), np.uint8))
    assert useful_flops(base, [3, 5]) == 2 * 16 * 8 + 4 * 4 * (9 + 25)


def test_the_peak_of_an_engine_that_is_not_there_is_refused() -> None:
    with pytest.raises(EngineError):
        gemm_peak("openvino-f64")


def test_without_the_extra_one_line_says_how_to_get_the_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    said: list[str] = []
    base = Base(Path(), "", SHAPE, {}, np.zeros((1, 1), np.uint8))
    assert measured._baselines(base, ["x"], said.append) == []
    assert len(said) == 1
    assert "requirements/torch.txt" in said[0]
    assert "\n" not in said[0]


@pytest.mark.weights
def test_the_last_line_holds_every_engine_that_runs_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "sample_posts", lambda: sample_posts()[:60])
    done = CliRunner().invoke(bench, ["model", "--rounds", "1", "--json"], catch_exceptions=False)
    line = json.loads(done.output.splitlines()[-1])
    native = native_engines(cpu_flags())
    assert line.keys() >= FIELDS
    assert [row["engine"] for row in line["engines"]][: len(native)] == native
    assert all(row["posts_per_s"] > 0 and 0 < row["of_peak"] < 1.5 for row in line["engines"])
    assert line["engines"][0]["engine"] == F32
    assert all(row["agreement"]["examples"] == 60 for row in line["engines"][1:])
