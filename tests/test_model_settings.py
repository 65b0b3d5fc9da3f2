"""The settings reach the base: what the commands say of it, and what heads of another base say."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from models.base import Base, Progress, load_base
from models.classifier import Classifier
from models.encoder import Encoder
from models.engines import Sizing
from models.errors import ModelError
from models.heads import Heads, load_heads, save_heads
from models.linear import Linear
from pipeline.commands import parts
from pipeline.commands.model import model
from pipeline.errors import ModelUnavailable
from pipeline.settings import ModelSettings, Settings
from tests.saved_models import HIDDEN, save_tiny


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Base:
    """A tiny base that the settings name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FANAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FANAL_MODEL_BASE", str(save_tiny(tmp_path / "model", "bert")))
    return load_base(tmp_path / "cache" / "models", tmp_path / "model")


def test_heads_of_another_base_say_what_to_do(base: Base) -> None:
    heads = load_heads()
    with pytest.raises(ModelError) as refused:
        Classifier(heads, Encoder(base, sizing=Sizing(1)))
    told = str(refused.value)
    assert "\n" not in told
    assert heads.base_sha256[:12] in told
    assert base.sha256[:12] in told
    assert "python -m models.train --base" in told


def test_info_describes_the_base_that_the_settings_name(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_heads(heads_for(base), tmp_path / "heads", {})
    monkeypatch.setenv("FANAL_MODEL_ARTEFACT", str(tmp_path / "heads"))
    monkeypatch.setenv("FANAL_MODEL_BASE_SHA256", base.sha256)
    found = json.loads(CliRunner().invoke(model, ["info", "--json"], catch_exceptions=False).output)
    named = {"base": "model", "source": str(tmp_path / "model"), "licence": "not stated", "sha256": base.sha256}
    sizes = {"layers": 3, "pooled": [1, 2, 3], "hidden": HIDDEN, "vocabulary": len(base.words)}
    assert found.items() >= (named | sizes | {"architecture": "BertModel"}).items()
    assert found["model"].endswith("+openvino-f32")


def test_another_checksum_than_the_settings_say_is_refused(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANAL_MODEL_BASE_SHA256", "0" * 64)
    for command in ("info", "fetch"):
        with pytest.raises(ModelUnavailable, match=f"{base.sha256[:12]}.*{'0' * 12}"):
            CliRunner().invoke(model, [command], catch_exceptions=False)


def test_fetch_says_what_it_did_and_only_once(base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANAL_CACHE", str(tmp_path / "other"))
    first = CliRunner().invoke(model, ["fetch"], catch_exceptions=False)
    assert f"model, sha256 {base.sha256}" in first.stdout
    assert f"Base model: {tmp_path / 'model'}, into" in first.stderr
    assert "base encoder ready" in first.stderr
    second = CliRunner().invoke(model, ["fetch"], catch_exceptions=False)
    assert (second.stdout, second.stderr) == (first.stdout, "")


def heads_for(base: Base) -> Heads:
    """Heads that know nothing, of the width of the base's features."""
    heads = load_heads()
    width = len(base.layers) * base.shape.hidden
    stream, near = (Linear(one.weight[:, :width], one.bias) for one in (heads.stream, heads.near))
    return replace(
        heads,
        base_sha256=base.sha256,
        stream=stream,
        near=near,
        calibrations={},
        agreements={},
        tuned={},
        subtypes=None,
    )


def test_a_fetch_from_a_hub_is_told_in_tenths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    settings = Settings(cache=tmp_path, model=ModelSettings(base="hub:a/b@main", base_sha256="0" * 64))

    def load(_: Settings, progress: Progress) -> None:
        for percent in range(100):
            progress("fetching model.safetensors", percent / 100)

    monkeypatch.setattr(parts, "base", load)
    parts.prepare_base(settings, said.append)
    assert said[0] == f"Base model: hub:a/b@main, in full precision, into {tmp_path} (once)"
    fetching = "  fetching model.safetensors"
    assert said[1:] == [fetching, *(f"{fetching} ({percent} %)" for percent in range(10, 100, 10))]
