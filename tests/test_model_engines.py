"""Which engine runs: by what the processor has, what the artefact is calibrated for, and what is asked for."""

from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from models.agreement import Agreement
from models.base import load_base
from models.calibration import Calibration, Spread
from models.classifier import Classifier
from models.comparing import Reading, compare
from models.dataset import Row
from models.encoder import Encoder
from models.engines import (
    AUTO,
    BF16,
    ENGINES,
    F32,
    INT8,
    Running,
    choose_engine,
    cpu_flags,
    native_engines,
    runs_natively,
)
from models.errors import EngineError
from models.examples import KINDS
from models.heads import Logits, load_heads, save_heads
from pipeline.commands import parts
from pipeline.errors import ConfigurationError
from pipeline.settings import EngineName, ModelSettings, Settings

CAN_BF16 = runs_natively(BF16, cpu_flags())
AGREES = Agreement(background=1000, top=20, examples=80, flips=1, p99=0.05)
CALIBRATION = Calibration(
    spreads={},
    other=Spread((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    thresholds={"offers": (3.0, 5.0), "exploitation": (3.0, 5.0), "protection": (3.0, 5.0)},
    margins={"offers": -1.0, "exploitation": -1.0, "protection": -1.0},
)


@pytest.mark.parametrize(
    ("flags", "trusted", "expected"),
    [
        ({"avx2", "amx_bf16"}, [BF16], BF16),
        ({"avx512f", "avx512_bf16"}, [F32, BF16], BF16),
        ({"avx512f", "avx512_vnni"}, [F32, BF16], F32),
        ({"amx_bf16", "avx512_bf16"}, [F32], F32),
        ({"amx_int8"}, [BF16], F32),
        (set(), [], F32),
    ],
)
def test_auto_takes_bf16_only_where_it_is_native_and_trusted(
    flags: set[str], trusted: list[str], expected: str
) -> None:
    assert choose_engine(AUTO, flags, trusted) == expected


@pytest.mark.parametrize(
    ("flags", "trusted", "kept", "expected"),
    [
        ({"avx512_vnni", "avx512_bf16"}, [INT8, BF16], INT8, INT8),
        ({"avx512_bf16"}, [INT8, BF16], INT8, BF16),  # built on another processor
        ({"avx512_vnni"}, [BF16], INT8, F32),  # the artefact has changed since: no calibration, no engine
        ({"avx512_vnni", "avx512_bf16"}, [INT8, BF16], F32, INT8),
        ({"avx512_vnni", "amx_bf16"}, [INT8, BF16], None, BF16),
        ({"avx2"}, [], "openvino-f64", F32),
    ],
)
def test_auto_takes_what_the_build_kept_if_it_may(
    flags: set[str], trusted: list[str], kept: str | None, expected: str
) -> None:
    assert choose_engine(AUTO, flags, trusted, kept) == expected


def test_an_engine_that_is_asked_for_is_taken_calibrated_or_not() -> None:
    assert choose_engine(F32, {"amx_bf16"}, [BF16]) == F32
    assert choose_engine(BF16, {"amx_bf16"}, []) == BF16


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        (BF16, r"cannot run the engine openvino-bf16, it lacks amx_bf16 or avx512_bf16: choose auto or openvino-f32"),
        ("openvino-f64", r"there is no engine openvino-f64: choose auto, openvino-f32, openvino-bf16, openvino-int8, "),
    ],
)
def test_an_engine_that_cannot_run_here_is_refused_in_one_line(engine: str, message: str) -> None:
    with pytest.raises(EngineError, match=message) as refused:
        choose_engine(engine, {"avx2"}, [F32, BF16])
    assert "\n" not in str(refused.value)


def test_flags_are_those_of_the_first_processor_and_none_where_no_file_lists_them(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(
        "processor\t: 0\nflags\t\t: fpu avx2 avx512_bf16\n\nprocessor\t: 1\nflags\t: fpu\n", encoding="utf-8"
    )
    assert cpu_flags(info) == {"fpu", "avx2", "avx512_bf16"}
    assert cpu_flags(tmp_path / "missing") == frozenset()
    assert native_engines(cpu_flags(info)) == [F32, BF16]
    assert native_engines([]) == [F32]


def test_the_setting_takes_the_engines_that_there_are() -> None:
    assert get_args(EngineName) == (AUTO, *ENGINES)


def test_the_setting_reaches_the_classifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.classifier.cpu_flags", lambda: frozenset({"avx2"}))
    with pytest.raises(ConfigurationError, match="cannot run the engine openvino-bf16"):
        parts.classifier(Settings(cache=tmp_path, model=ModelSettings(engine="openvino-bf16")))


def test_an_engine_that_moves_flags_or_logits_is_not_trusted(tmp_path: Path) -> None:
    heads = load_heads()
    calibrations = {F32: heads.calibrations[F32], BF16: heads.calibrations[F32]}
    for agreement, trusted in [
        (AGREES, [BF16]),
        (replace(AGREES, flips=2), []),
        (replace(AGREES, p99=0.11), []),
    ]:
        made = replace(heads, calibrations=calibrations, agreements={BF16: agreement})
        save_heads(made, tmp_path, {})
        assert load_heads(tmp_path).agreements == {BF16: agreement}
        assert load_heads(tmp_path).trusted == trusted
    save_heads(replace(made, calibrations={F32: heads.calibrations[F32]}, agreements={BF16: AGREES}), tmp_path, {})
    assert load_heads(tmp_path).trusted == []


def test_engines_are_compared_on_the_examples_and_the_top_of_the_background() -> None:
    rows = [Row("x", "en", "benign", 0, "background", "s", False, True) for _ in range(100)]
    rows += [Row("x", "en", "benign", 0, "background", "films", False, False) for _ in range(10)]
    rows += [Row("x", "en", "smuggling", 0, "corpus", "a", False, True) for _ in range(3)]
    offers = np.r_[np.linspace(-5, 4, 100), np.full(10, 9.0), [6.0, 3.001, -9.0]]
    found = compare(reading(offers), reading(offers), rows)
    assert (found.background, found.top, found.examples, found.flips, found.p99) == (100, 2, 3, 0, 0.0)
    moved = offers.copy()
    moved[[0, 105]] = 8.0  # neither the bottom of the background nor film lines count
    moved[-2] -= 0.01
    found = compare(reading(offers), reading(moved), rows)
    assert found.flips == 1
    assert found.share == pytest.approx(0.2)
    assert 0 < found.p99 <= 0.01
    assert not found.holds


def test_a_comparison_of_nothing_agrees() -> None:
    assert compare(reading(np.zeros(0)), reading(np.zeros(0)), []).holds


@pytest.mark.weights
@pytest.mark.skipif(CAN_BF16, reason="the processor has bf16")
def test_the_encoder_refuses_what_would_be_emulated() -> None:
    with pytest.raises(EngineError, match="lacks amx_bf16"):
        Encoder.load(engine=BF16)


@pytest.mark.weights
@pytest.mark.skipif(not CAN_BF16, reason="the processor has no bf16")
def test_bf16_stays_near_f32() -> None:
    texts = ["boat tonight to italy 4000 per head write me", "Good morning everyone", "ไปทำงานต่างประเทศ รายได้ดี"]
    one, other = Encoder.load().encode(texts), Encoder.load(engine=BF16).encode(texts)
    assert not np.array_equal(one, other)
    cosines = (one * other).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    assert cosines.min() > 0.999


@pytest.mark.weights
def test_auto_takes_an_engine_that_is_trusted_and_needs_no_build(tmp_path: Path) -> None:
    base = load_base()
    (tmp_path / base.folder.name).symlink_to(base.folder)  # a cache in which nothing was built
    heads = load_heads()
    classifier = Classifier.load(cache=tmp_path)
    assert classifier.engine == choose_engine(AUTO, cpu_flags(), heads.trusted)
    assert classifier.engine in {F32, *heads.trusted}
    assert classifier.can_flag


@pytest.mark.weights
@pytest.mark.skipif(not CAN_BF16, reason="the processor has no bf16")
def test_bf16_flags_by_its_own_calibration() -> None:
    classifier = Classifier.load(running=Running(BF16))
    found = classifier.assess(["boat tonight to italy 4000 per head write me", "Good morning everyone"], ["en", "en"])
    assert classifier.can_flag
    assert [one.lane for one in found] == ["offers", None]


def reading(offers: NDArray[np.float64]) -> Reading:
    """Logits whose offers stand as given, the rest out of the way."""
    stream = np.full((len(offers), 3), -9.0)
    stream[:, 0] = offers
    near = np.zeros((len(offers), len(KINDS)))
    near[:, KINDS.index("smuggling")] = 4.0
    return Reading(Logits(stream, near), CALIBRATION)
