"""ONNX Runtime beside OpenVINO: the same features from the same base, and near ones in int8."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.base import Base, load_base
from models.batching import Batch, batches
from models.encoder import Encoder
from models.engines import AS_MEASURED, F32, ORT_F32, ORT_INT8, Sizing
from models.errors import EngineError, ModelError
from models.packed import Shape
from models.runners import Features, Runner, open_runner
from models.runners.onnx_graph import quantise

SHAPE = Shape(hidden=32, layers=12, heads=4, inner=64, positions=64, epsilon=1e-5)
VOCABULARY = 50
LENGTHS = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 40, 40, 5, 64]
BUDGET = 96
TEXTS = [
    "Bateau ce soir, deux places",
    "Пишите в личку, работа за границей без опыта",
    "هەر هەفتە دەڕۆین، پارە دوای گەیشتن",
    "ไปทำงานต่างประเทศ รายได้ดี",
    "ድንበር ለመሻገር ደውሉልን",
    "招聘海外客服,包吃包住",
    "I'm fine, thanks 🙂 see you at 10:30",
    "x",
    "Une phrase nettement plus longue, pour que les lots ne soient pas tous de la même longueur et que l'ordre compte.",
]


@pytest.fixture(scope="module")
def base() -> Base:
    """A base of random weights, as wide as one block of its embedding table."""
    random = np.random.default_rng(11)
    width = SHAPE.hidden
    weights = {name: random.normal(size=(count, width)) for name, count in (("emb.pos", 64), ("emb.type", 1))}
    norms = ["emb.ln"]
    for layer in range(SHAPE.layers):
        norms += [f"l{layer}.aln", f"l{layer}.oln"]
        for part in ("q", "k", "v", "ao", "fi", "fo"):
            out, into = {"fi": (SHAPE.inner, width), "fo": (width, SHAPE.inner)}.get(part, (width, width))
            weights[f"l{layer}.{part}.w"] = random.normal(scale=into**-0.5, size=(out, into))
            weights[f"l{layer}.{part}.b"] = random.normal(scale=0.1, size=out)
    for name in norms:
        weights[f"{name}.w"] = random.normal(1.0, 0.1, width)
        weights[f"{name}.b"] = random.normal(0.0, 0.1, width)
    scales = np.full((VOCABULARY, 1), 0.1, np.float16).view(np.uint8)
    words = np.hstack([scales, random.integers(0, 256, (VOCABULARY, width // 2), np.uint8)])
    return Base(Path(), "a base", SHAPE, {name: one.astype(np.float32) for name, one in weights.items()}, words)


@pytest.fixture
def native(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor that has what the engines need: without, they compute the same and slowly."""
    monkeypatch.setattr("models.runners.cpu_flags", lambda: frozenset({"avx512_vnni"}))


@pytest.fixture(scope="module")
def built(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    assert quantise(base, folder) == folder / "onnxruntime-int8.onnx"
    assert [path.name for path in folder.iterdir()] == ["onnxruntime-int8.onnx"]
    return folder


def mixed() -> list[Batch]:
    random = np.random.default_rng(5)
    return batches([random.integers(4, VOCABULARY, length).tolist() for length in LENGTHS], BUDGET, 2)


def features(runner: Runner, threads: int = 1) -> Features:
    """The features of posts of mixed lengths, in the order of their batches, computed from so many threads at once."""
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(runner.run, mixed()))
    return np.concatenate([rows[: len(batch.places)] for rows, batch in zip(found, mixed(), strict=True)])


def cosines(one: Features, other: Features) -> Features:
    """The cosine of each layer of each post."""
    one, other = (features.reshape(len(features), len(SHAPE.pooled), -1) for features in (one, other))
    found: Features = (one * other).sum(axis=2) / np.linalg.norm(one, axis=2) / np.linalg.norm(other, axis=2)
    return found


def test_f32_gives_the_features_of_openvino(base: Base) -> None:
    ours = features(open_runner(base, ORT_F32, AS_MEASURED))
    assert ours.shape == (len(LENGTHS), len(SHAPE.pooled) * SHAPE.hidden)
    np.testing.assert_allclose(ours, features(open_runner(base, F32, AS_MEASURED)), atol=2e-5)


@pytest.mark.usefixtures("native")
def test_int8_differs_and_points_where_f32_does(base: Base, built: Path) -> None:
    whole = features(open_runner(base, ORT_F32, AS_MEASURED))
    rounded = features(open_runner(base, ORT_INT8, AS_MEASURED, built))
    assert not np.allclose(rounded, whole, atol=1e-3)
    assert cosines(rounded, whole).min() > 0.98


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize("engine", [ORT_F32, ORT_INT8])
def test_streams_beside_each_other_give_what_one_gives(engine: str, base: Base, built: Path) -> None:
    two = open_runner(base, engine, Sizing(threads=2, streams=2), built)
    assert two.streams == 2
    np.testing.assert_array_equal(features(two, threads=2), features(two))
    one = open_runner(base, engine, Sizing(threads=3, streams=1), built)
    np.testing.assert_allclose(features(one), features(two), atol=2e-5)


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize("engine", [ORT_F32, ORT_INT8])
@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_without_the_extra_the_engines_say_what_to_install(
    engine: str, missing: str, base: Base, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ModelError, match=rf"need the extra `onnx`, and {missing} is not .*-r requirements/") as refused:
        open_runner(base, engine, AS_MEASURED, built)
    assert "\n" not in str(refused.value)
    with pytest.raises(ModelError, match="need the extra `onnx`"):
        quantise(base, built)


@pytest.mark.usefixtures("native")
def test_a_file_that_is_missing_damaged_or_anothers_is_refused_in_one_line(
    base: Base, built: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"{ORT_INT8}.onnx"
    for folder in (None, tmp_path):
        with pytest.raises(EngineError, match="has not been built here: run `fanal model build` first"):
            open_runner(base, ORT_INT8, AS_MEASURED, folder)
    whole = (built / path.name).read_bytes()
    for damaged in (b"", b"not a graph", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(EngineError, match="is damaged: run `fanal model build` again") as refused:
            open_runner(base, ORT_INT8, AS_MEASURED, tmp_path)
        assert "\n" not in str(refused.value)
    path.write_bytes(whole)
    with pytest.raises(EngineError, match="was built from another base"):
        open_runner(replace(base, sha256="another"), ORT_INT8, AS_MEASURED, tmp_path)
    assert capfd.readouterr().err == ""


def test_int8_is_refused_where_the_processor_would_emulate_it(
    base: Base, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.runners.cpu_flags", lambda: frozenset({"avx2"}))
    with pytest.raises(EngineError, match="cannot run the engine onnxruntime-int8, it lacks amx_int8 or avx512_vnni"):
        open_runner(base, ORT_INT8, AS_MEASURED, built)


def test_a_folder_that_cannot_be_written_is_one_line(base: Base, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match=r"cannot be written to .*: File exists") as refused:
        quantise(base, tmp_path / "file")
    assert "\n" not in str(refused.value)


@pytest.mark.weights
def test_the_real_base_gives_the_features_of_openvino() -> None:
    np.testing.assert_allclose(Encoder.load(engine=ORT_F32).encode(TEXTS), Encoder.load().encode(TEXTS), atol=2e-4)


@pytest.mark.weights
@pytest.mark.usefixtures("native")
def test_the_real_base_keeps_its_direction_in_int8(tmp_path: Path) -> None:
    base = load_base()
    quantise(base, tmp_path)
    rounded = Encoder(base, ORT_INT8, built=tmp_path).encode(TEXTS)
    assert cosines(rounded, Encoder(base).encode(TEXTS)).min() > 0.997
