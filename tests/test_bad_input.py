"""Bad input: whatever a text holds there is a score and a language, and a damaged model is one line and no classifier."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file, save_file

from models.background import sample_background
from models.base import load_base
from models.classifier import Classifier
from models.encoder import Encoder
from models.engines import Sizing
from models.errors import CorpusError, ModelError
from models.heads import ARTEFACT, load_heads
from pipeline.commands import parts
from pipeline.commands.score import rows, score
from pipeline.errors import ModelUnavailable
from pipeline.screen.clean import clean
from pipeline.screen.language import Languages
from pipeline.screen.screening import Judge
from pipeline.settings import ModelSettings, Settings
from pipeline.sources.lines import SourceLine
from tests import fakes
from tests.saved_models import save_tiny
from tests.test_model_settings import heads_for

LANGUAGES = Languages()
TEXTS = {
    "empty": "",
    "white space": " \t\n\u00a0\u2028",
    "nothing that shows": "\u200b\u2060\ufeff",
    "1 MB": "работа за границей без опыта " * 20_000,
    "1 MB without a space": "x" * 1_000_000,
    "one emoji": "😀",
    "an emoji of many parts": "👩🏽\u200d🚒",
    "only addresses": "https://example.org/a?b=c https://example.com/ www.example.org",
    "only numbers": "12 345 6.78 0012",
    "an unknown language": "zxqv blorpf gnarkl wibbet fnoo",
    "unassigned": "\ufdd0 \U0010ffff \ue000",
    "mixed right to left": "سفر to اروپا \u202eeporue ot\u202c без опыта مع السكن 2026",
    "combining marks": "a" + "\u0301" * 5_000,
    "NUL": "\0\0\0",
}
HALVES = ["\ud83d", "work abroad \ud83d", "\udc00\ud800", "\ude00 سفر \ud83d"]


def line(text: str) -> SourceLine:
    return SourceLine(1, json.dumps({"text": text}, ensure_ascii=False).encode())


def check_row(text: str, judge: Judge) -> dict[str, Any]:
    """Score one text: a row with a language and scores that are numbers."""
    [row] = rows([line(text)], judge, LANGUAGES)
    assert row["lang"] == "und" or 2 <= len(row["lang"].partition("-")[0]) <= 3
    assert all(0 <= one <= 1 for one in row["scores"].values())
    return row


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """A real encoder of random weights, and heads that know nothing."""
    folder = tmp_path_factory.mktemp("small")
    base = load_base(folder / "cache", save_tiny(folder / "base", "bert"))
    return Classifier(heads_for(base), Encoder(base, sizing=Sizing(1)))


@pytest.fixture(scope="module")
def shipped() -> Classifier:
    return parts.classifier(Settings())


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_has_a_score_and_a_language(text: str, small: Classifier) -> None:
    assert sum(check_row(text, small)["scores"].values()) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("name", ["empty", "nothing that shows", "one emoji", "only addresses", "only numbers"])
def test_a_text_without_words_has_no_language(name: str) -> None:
    assert check_row(TEXTS[name], fakes.Judge())["lang"] == "und"


@pytest.mark.parametrize("text", HALVES)
def test_half_characters_have_a_score_and_a_language(text: str, small: Classifier) -> None:
    """JSON with them is refused as a line (see `tests/test_score.py`), so the classifier is asked itself."""
    cleaned = clean(text)
    [found] = small.assess([cleaned], [LANGUAGES.identify(cleaned)[0]])
    assert sum(found.scores.values()) == pytest.approx(1.0)


def test_a_line_with_half_a_character_is_an_error_and_no_exception() -> None:
    [row] = rows([SourceLine(1, b'{"text": "work abroad \\ud83d"}')], fakes.Judge(), LANGUAGES)
    assert set(row) == {"line", "error"}


@pytest.mark.weights
@pytest.mark.parametrize("name", TEXTS)
def test_the_classifier_that_ships_takes_no_text_that_says_nothing_for_a_hit(name: str, shipped: Classifier) -> None:
    row = check_row(TEXTS[name], shipped)
    assert row["lane"] is None or name in ("1 MB", "mixed right to left")


@pytest.mark.weights
def test_the_classifier_that_ships_reads_past_half_characters(shipped: Classifier) -> None:
    whole = "Hostess wanted in Dubai, no experience, visa and ticket paid by us"
    plain, halved = shipped.score([whole, whole + "\ud83d"], ["en", "en"])
    np.testing.assert_allclose(halved, plain, atol=0.01)


def truncated(folder: Path) -> None:
    weights = folder / "heads.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def replaced(name: str, raw: bytes) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / name).write_bytes(raw)

    return damage


def weight(name: str, value: float) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        tensors = load_file(folder / "heads.safetensors")
        tensors[name] = tensors[name].copy()
        tensors[name].flat[-1] = value
        save_file(tensors, folder / "heads.safetensors")

    return damage


def reshaped(name: str, outputs: int) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        tensors = load_file(folder / "heads.safetensors")
        tensors[name] = np.ascontiguousarray(tensors[name][:outputs])
        save_file(tensors, folder / "heads.safetensors")

    return damage


def card(change: Callable[[Any], Any]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = folder / "artefact.json"
        read = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(change(read)), encoding="utf-8")

    return damage


def calibration(**fields: Any) -> Callable[[Path], None]:
    def change(read: Any) -> Any:
        read["calibrations"]["openvino-f32"] |= fields
        return read

    return card(change)


DAMAGES = {
    "weights cut short": truncated,
    "empty weights": replaced("heads.safetensors", b""),
    "weights that are none": replaced("heads.safetensors", b"no weights" * 100),
    "an empty card": replaced("artefact.json", b""),
    "broken JSON": replaced("artefact.json", b'{"form": 1,'),
    "no UTF-8": replaced("artefact.json", b"\xff\xfe"),
    "nested without end": replaced("artefact.json", b"[" * 100_000),
    "a list": card(lambda read: [read]),
    "another form": card(lambda read: read | {"form": 99}),
    "no labels": card(lambda read: {name: one for name, one in read.items() if name != "labels"}),
    "lanes that are none": card(lambda read: read | {"lanes": ["offers"]}),
    "calibrations that are none": card(lambda read: read | {"calibrations": ["openvino-f32"]}),
    "a label too many": card(lambda read: read | {"labels": [*read["labels"], "another"]}),
    "a lane too few": card(lambda read: read | {"lanes": dict(list(read["lanes"].items())[:2])}),
    "NaN in the stream": weight("stream.weight", float("nan")),
    "infinity in the near map": weight("near.weight", float("inf")),
    "NaN in a bias": weight("near.bias", float("nan")),
    "a bias too few": reshaped("stream.bias", 2),
    "an output too few": reshaped("near.weight", 4),
    "a threshold that is no number": calibration(
        thresholds={"offers": [float("nan"), 5.0], "exploitation": [3.0, 5.0], "protection": [3.0, 5.0]}
    ),
    "a lane without thresholds": calibration(thresholds={"offers": [3.0, 5.0]}),
    "an infinite margin": calibration(margins={"offers": float("inf"), "exploitation": 0.0, "protection": 0.0}),
    "a penalty that is no number": calibration(penalty=float("nan")),
    "a deviation of zero": calibration(other={"mean": [0.0] * 3, "deviation": [1.0, 0.0, 1.0]}),
    "a mean too few": calibration(spreads={"fr": {"mean": [0.0] * 2, "deviation": [1.0] * 2}}),
    "a mean that is no number": calibration(spreads={"fr": {"mean": ["x"] * 3, "deviation": [1.0] * 3}}),
}


@pytest.fixture
def artefact(tmp_path: Path) -> Path:
    return shutil.copytree(ARTEFACT, tmp_path / "artefact")


def test_a_copy_of_the_artefact_loads(artefact: Path) -> None:
    assert load_heads(artefact).digest == load_heads().digest


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_artefact_is_one_line_and_no_classifier(damage: Callable[[Path], None], artefact: Path) -> None:
    damage(artefact)
    with pytest.raises(ModelError) as refused:
        load_heads(artefact)
    told = str(refused.value)
    assert str(artefact) in told
    assert "\n" not in told
    assert len(told) < 500


def test_with_a_damaged_artefact_nothing_is_scored(
    artefact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weight("stream.weight", float("nan"))(artefact)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FANAL_MODEL_ARTEFACT", str(artefact))
    done = CliRunner().invoke(score, input=line("good morning").raw)
    assert done.stdout == ""
    assert isinstance(done.exception, ModelUnavailable)
    assert "stream.weight holds what is no number" in str(done.exception)


def test_heads_of_another_base_and_a_wrong_checksum_score_nothing(tmp_path: Path) -> None:
    save_tiny(tmp_path / "base", "bert")
    for model, said in (
        (ModelSettings(base=str(tmp_path / "base")), "trained on other base weights"),
        (ModelSettings(base=str(tmp_path / "base"), base_sha256="0" * 64), "000000000000"),
    ):
        with pytest.raises(ModelUnavailable, match=said) as refused:
            parts.classifier(Settings(data=tmp_path, cache=tmp_path / "cache", model=model))
        assert "\n" not in str(refused.value)


GOOD = b'{"text": "good morning", "lang": "en", "source": "posts"}\n'


@pytest.mark.parametrize(
    "bad",
    [
        b"no JSON\n",
        b"[]\n",
        b'{"text": "a", "source": "posts"}\n',
        b'{"text": "a", "lang": null, "source": "posts"}\n',
        b'{"text": "a", "lang": "", "source": "posts"}\n',
        b'{"text": 5, "lang": "en", "source": "posts"}\n',
        b'{"text": "a\n',
        b"\xff\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_a_line_of_background_that_is_no_post_or_lacks_its_language_is_named(bad: bytes, tmp_path: Path) -> None:
    (tmp_path / "background").write_bytes(GOOD + bad + GOOD)
    with pytest.raises(CorpusError, match=r"background:2: not a JSON object with text, lang and source$"):
        sample_background(tmp_path / "background", 10, 7)
