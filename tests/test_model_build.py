"""What a build makes, keeps and refuses: calibrations carried over, golden scores, the store in the cache."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.agreement import Agreement
from models.background import sample_background
from models.build import candidates
from models.built import Build, Built, build_folder, load_build, save_build
from models.calibration import Calibration, Spread
from models.comparing import Reading, compare
from models.dataset import Row
from models.engines import BF16, ENGINES, F32, INT8, INT8_STATIC, Sizing
from models.errors import CorpusError, ModelError
from models.examples import KINDS, Example, read_corpus
from models.golden import COUNT, Golden, choose, load_golden, save_golden
from models.heads import Logits, load_heads
from models.transfer import transfer

CALIBRATION = Calibration(
    spreads={"en": Spread((1.0, 0.5, 0.0), (2.0, 1.0, 1.5))},
    other=Spread((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    thresholds={"offers": (1.0, 2.0), "exploitation": (1.0, 2.0), "protection": (1.0, 2.0)},
    margins={"offers": -1.0, "exploitation": -1.0, "protection": -1.0},
)
AGREES = Agreement(background=1000, top=20, examples=80, flips=0, p99=0.01)


def logits(count: int, seed: int = 0) -> Logits:
    random = np.random.default_rng(seed)
    return Logits(random.normal(size=(count, 3)) * 2, random.normal(size=(count, len(KINDS))))


def rows(count: int) -> list[Row]:
    return [Row("x", "en" if place % 2 else "so", "benign", 0, "corpus", "a", False, True) for place in range(count)]


def test_a_calibration_follows_an_engine_that_shifts_and_stretches() -> None:
    reference = logits(400)
    stretch, shift = np.array([1.2, 0.9, 1.0]), np.array([0.3, -0.2, 0.0])
    other = Logits(reference.stream * stretch + shift, reference.near)
    carried = transfer(CALIBRATION, reference, other)
    langs = [row.lang for row in rows(400)]
    one, same = CALIBRATION.standardise(reference.stream, langs), carried.standardise(other.stream, langs)
    np.testing.assert_allclose(same, one, atol=1e-3)
    assert carried.thresholds == CALIBRATION.thresholds
    assert carried.penalty == CALIBRATION.penalty
    assert carried.margins == pytest.approx(CALIBRATION.margins, abs=1e-3)
    found = compare(Reading(reference, CALIBRATION), Reading(other, carried), rows(400))
    assert found.flips == 0
    moved = compare(Reading(reference, CALIBRATION), Reading(other, CALIBRATION), rows(400))
    assert moved.flips > 10


def test_noise_does_not_stretch_a_calibration() -> None:
    reference = logits(5000)
    other = Logits(reference.stream + np.random.default_rng(1).normal(scale=0.5, size=(5000, 3)), reference.near)
    carried = transfer(CALIBRATION, reference, other)
    assert carried.other.deviation == pytest.approx((1.0, 1.0, 1.0), abs=0.02)


def test_a_calibration_is_carried_from_a_single_post() -> None:
    carried = transfer(CALIBRATION, logits(1), logits(1, seed=2))
    assert np.isfinite(carried.other.mean).all()
    assert carried.other.deviation == (1.0, 1.0, 1.0)


def test_golden_posts_are_those_of_the_corpus_in_every_language() -> None:
    golden = load_golden()
    assert len(golden.posts) == len(golden.logits.stream) == len(golden.logits.near) == COUNT
    corpus = read_corpus()
    assert {post.lang for post in golden.posts} == {post.lang for post in corpus}
    assert {post.kind for post in golden.posts} == set(KINDS)
    assert choose(corpus[::-1]) == choose(corpus)


def test_golden_scores_know_their_posts_by_their_texts(tmp_path: Path) -> None:
    posts = [Example(text, "en", "benign", False, "en-a1", "corpus") for text in ("one", "two", "three")]
    save_golden(Golden(posts, logits(3)), tmp_path)
    assert list(load_golden(tmp_path, posts[::-1]).posts) == posts
    with pytest.raises(ModelError, match=r"1 golden posts are no longer in the corpus: run `python -m models.golden`"):
        load_golden(tmp_path, posts[:2])
    (tmp_path / "golden.safetensors").write_bytes(b"cut")
    with pytest.raises(ModelError, match="cannot be read"):
        load_golden(tmp_path, posts)


def made(folder: Path, kept: str = INT8) -> Build:
    folder.mkdir(parents=True)
    (folder / f"{INT8}.xml").write_text("<net/>")
    engines = {INT8: Built(CALIBRATION, AGREES, Sizing(2, None, 512), 300.0)}
    return Build(folder, kept, "a machine", engines, (f"{INT8}.xml",))


def test_a_build_comes_back_as_it_was_written(tmp_path: Path) -> None:
    heads = load_heads()
    assert load_build(tmp_path, "ab" * 32, heads) is None
    build = made(build_folder(tmp_path, "ab" * 32, heads))
    assert load_build(tmp_path, "ab" * 32, heads) is None  # without its stamp it is not there
    save_build(build)
    assert load_build(tmp_path, "ab" * 32, heads) == build
    assert load_build(tmp_path, "cd" * 32, heads) is None
    assert load_build(tmp_path, "ab" * 32, replace(heads, digest="0" * 64)) is None


@pytest.mark.parametrize("damage", ["", "{}", '{"form": 1}', "[]"])
def test_a_damaged_build_is_refused_in_one_line(tmp_path: Path, damage: str) -> None:
    heads = load_heads()
    build = made(build_folder(tmp_path, "ab" * 32, heads))
    save_build(build)
    (build.folder / "build.json").write_text(damage)
    with pytest.raises(ModelError, match=r"is damaged") as refused:
        load_build(tmp_path, "ab" * 32, heads)
    assert "\n" not in str(refused.value)


def test_a_build_whose_file_was_cut_is_refused(tmp_path: Path) -> None:
    heads = load_heads()
    build = made(build_folder(tmp_path, "ab" * 32, heads))
    save_build(build)
    (build.folder / f"{INT8}.xml").write_text("<n")
    with pytest.raises(ModelError, match=r"fanal model build"):
        load_build(tmp_path, "ab" * 32, heads)
    (build.folder / f"{INT8}.xml").unlink()
    with pytest.raises(ModelError, match="is damaged"):
        load_build(tmp_path, "ab" * 32, heads)


def test_candidates_are_what_the_processor_runs_natively() -> None:
    assert candidates(True, {"avx2"})[0] == F32
    assert BF16 not in candidates(True, {"avx2"})
    assert INT8 in candidates(True, {"avx512_vnni"})
    assert INT8_STATIC in candidates(True, {"avx512_vnni"})
    assert INT8_STATIC not in candidates(False, {"avx512_vnni"})
    assert not [one for one in candidates(True, {"amx_bf16"}) if ENGINES[one].runner == "torch"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not json\n", r":1: not a JSON object with text, lang and source"),
        (b'{"text": "a", "lang": "en", "source": "s"}\n{"text": "b", "lang": "en"}\n', r":2: not a JSON object"),
        (b"\x1f\x8bcut", r"cannot be read after line 0"),
    ],
)
def test_a_file_that_holds_no_background_is_refused_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "posts").write_bytes(content)
    with pytest.raises(CorpusError, match=message) as refused:
        sample_background(tmp_path / "posts", 10, 7)
    assert "\n" not in str(refused.value)


def test_background_is_read_plain_as_well(tmp_path: Path) -> None:
    (tmp_path / "posts").write_text('{"text": "a", "lang": "en", "source": "s"}\n', encoding="utf-8")
    assert [post.text for post in sample_background(tmp_path / "posts", 10, 7)] == ["a"]
