"""A base on a model hub: fetched once, pinned, checked; a hub that is away or wrong is said in one line."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.base import Base, Wanted, load_base
from models.encoder import Encoder
from models.engines import Sizing
from models.errors import HubError, ModelError
from models.hub_client import Bar
from tests.hub import COMMIT, REPOSITORY, Hub
from tests.saved_models import save_tiny

PINNED = f"hub:{REPOSITORY}@{COMMIT}"

Serve = Callable[..., Hub]


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Serve a folder's model until the test ends; its address is where the library looks."""
    with ExitStack() as running:

        def start(folder: Path, **behaviour: Any) -> Hub:
            hub = running.enter_context(Hub.of(folder, **behaviour).serving())
            monkeypatch.setenv("HF_ENDPOINT", hub.url)
            monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
            return hub

        yield start


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return save_tiny(tmp_path / "tiny")


def refusal(cache: Path, wanted: Wanted | str, kind: type[ModelError] = ModelError) -> str:
    with pytest.raises(kind) as refused:
        load_base(cache, wanted)
    told = str(refused.value)
    assert "\n" not in told
    assert len(told) < 500
    return told


def left(cache: Path) -> list[str]:
    """What is in the cache but its lock."""
    return sorted(path.name for path in cache.iterdir() if path.name != "lock") if cache.exists() else []


def same(one: Base, other: Base) -> bool:
    texts = ["boat work", "the a, b!"]
    return np.array_equal(Encoder(one, sizing=Sizing(1)).encode(texts), Encoder(other, sizing=Sizing(1)).encode(texts))


def test_a_model_is_fetched_once_and_then_needs_no_hub(serve: Serve, tiny: Path, tmp_path: Path) -> None:
    hub = serve(tiny)
    stages: dict[str, float] = {}
    base = load_base(tmp_path / "cache", PINNED, stages.__setitem__)
    assert (base.name, base.licence) == (f"{REPOSITORY}@{COMMIT}", "mit, as stated")
    assert (base.about.source, base.about.architecture) == (PINNED, "XLMRobertaModel")
    assert same(base, load_base(tmp_path / "local", tiny))
    assert stages["fetching model.safetensors"] == 0.99
    assert left(tmp_path / "cache") == [base.folder.name]
    asked = len(hub.asked)
    hub.broken = True
    assert load_base(tmp_path / "cache", PINNED).folder == base.folder
    assert len(hub.asked) == asked


def test_only_what_is_read_is_asked_for_and_nothing_is_told(serve: Serve, tiny: Path, tmp_path: Path) -> None:
    hub = serve(tiny)
    load_base(tmp_path / "cache", PINNED)
    files = {line.rpartition("/")[2] for line in hub.asked if "/api/" not in line}
    assert files == {"config.json", "tokenizer.json", "model.safetensors"}
    assert {part.strip().partition("/")[0] for one in hub.agents for part in one.split(";")} == {
        "unknown",
        "hf_hub",
        "python",
    }
    assert not (tmp_path / "home").exists()


def test_shards_are_fetched_by_their_index(serve: Serve, tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "shards", "bert", "BF16", shards=3)
    hub = serve(folder, licence=None)
    base = load_base(tmp_path / "cache", PINNED)
    assert same(base, load_base(tmp_path / "local", folder))
    assert base.sha256 == load_base(tmp_path / "local", folder).sha256
    assert base.licence == "see its page"
    assert sum("GET /cdn/model-" in line for line in hub.asked) == 3


@pytest.mark.parametrize("revision", ["", "@main", "@v1", f"@{COMMIT[:12]}"])
def test_a_name_that_may_move_needs_a_checksum(revision: str, tmp_path: Path) -> None:
    told = refusal(tmp_path / "cache", f"hub:{REPOSITORY}{revision}")
    assert "name a full commit hash" in told
    assert "model.base_sha256" in told


def test_with_a_checksum_a_tag_will_do_and_says_the_commit_it_was(serve: Serve, tiny: Path, tmp_path: Path) -> None:
    sha256 = load_base(tmp_path / "local", tiny).sha256
    hub = serve(tiny)
    base = load_base(tmp_path / "cache", Wanted(f"hub:{REPOSITORY}@v1", sha256))
    assert base.name == f"{REPOSITORY}@{COMMIT}"
    hub.broken = True
    assert load_base(tmp_path / "cache", Wanted(f"hub:{REPOSITORY}@v1", sha256.upper())).folder == base.folder
    refusal(tmp_path / "cache", Wanted(f"hub:{REPOSITORY}@v1", "0" * 64), HubError)


@pytest.mark.parametrize("text", ["hub:", "hub:alone", "hub:a/b/c", "hub:a/b@", "hub:../b@x y", f"hub:a/b@../{COMMIT}"])
def test_what_names_no_model_is_refused_before_anything_is_asked(text: str, tmp_path: Path) -> None:
    assert "hub" in refusal(tmp_path / "cache", text)
    assert left(tmp_path / "cache") == []


def test_a_hub_that_is_away_is_said_in_one_line(serve: Serve, tiny: Path, tmp_path: Path) -> None:
    hub = Hub.of(tiny)
    with hub.serving():
        pass
    serve(tiny)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HF_ENDPOINT", hub.url)
        told = refusal(tmp_path / "cache", PINNED, HubError)
    assert "cannot be fetched (ConnectError" in told
    assert PINNED in told
    assert left(tmp_path / "cache") == []


def test_a_hub_in_trouble_or_no_hub_at_all_is_said_in_one_line(serve: Serve, tiny: Path, tmp_path: Path) -> None:
    hub = serve(tiny, broken=True)
    assert "503" in refusal(tmp_path / "cache", PINNED, HubError)
    hub.broken = False
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tests.hub.json.dumps", lambda _: "<html>")
        assert "cannot be fetched" in refusal(tmp_path / "cache", PINNED, HubError)
        patched.setattr("tests.hub.json.dumps", lambda _: "{}")
        assert "cannot be fetched" in refusal(tmp_path / "cache", PINNED, HubError)


def test_offline_is_said_in_one_line(serve: Serve, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(tiny)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "OfflineModeIsEnabled" in refusal(tmp_path / "cache", PINNED, HubError)


def test_an_interrupted_fetch_is_said_and_goes_on_the_next_time(serve: Serve, tiny: Path, tmp_path: Path) -> None:
    hub = serve(tiny, cut=1)
    told = refusal(tmp_path / "cache", PINNED, HubError)
    assert "cannot be fetched" in told
    assert "try again" in told
    kept = left(tmp_path / "cache")
    assert len(kept) == 1
    assert kept[0].startswith("fetched-")
    before = len(hub.asked)
    base = load_base(tmp_path / "cache", PINNED)
    assert not any("config.json" in line for line in hub.asked[before:])
    assert left(tmp_path / "cache") == [base.folder.name]
    assert same(base, load_base(tmp_path / "local", tiny))


def test_weights_damaged_on_the_way_are_refused_and_fetched_anew(serve: Serve, tiny: Path, tmp_path: Path) -> None:
    hub = serve(tiny, damaged=True)
    hub.files["tokenizer.json"] += b" "  # whose last byte is damaged too: it is read before the weights come
    assert "tokenizer.json is of no use" in refusal(tmp_path / "cache", PINNED)
    hub.files["tokenizer.json"] = (tiny / "tokenizer.json").read_bytes()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tests.hub._LARGE", (".safetensors",))
        assert "model.safetensors has sha256" in refusal(tmp_path / "cache", PINNED)
    assert left(tmp_path / "cache") == []
    hub.damaged = False
    assert same(load_base(tmp_path / "cache", PINNED), load_base(tmp_path / "local", tiny))


def test_another_checksum_is_refused_with_both_and_nothing_is_kept(serve: Serve, tiny: Path, tmp_path: Path) -> None:
    sha256 = load_base(tmp_path / "local", tiny).sha256
    serve(tiny)
    told = refusal(tmp_path / "cache", Wanted(PINNED, "0" * 64))
    assert sha256[:12] in told
    assert "0" * 12 in told
    assert left(tmp_path / "cache") == []
    load_base(tmp_path / "cache", PINNED)
    assert refusal(tmp_path / "cache", Wanted(PINNED, "0" * 64)) == told


@pytest.mark.parametrize(
    ("behaviour", "wanted", "what"),
    [
        ({"gated": True}, PINNED, "it is gated: accept its terms"),
        ({"private": True}, PINNED, "no such repository, or it is private"),
        ({}, f"hub:someone/else@{COMMIT}", "no such repository, or it is private"),
        ({}, f"hub:{REPOSITORY}@{'f' * 40}", "no such revision"),
        ({"refs": {"f" * 40: COMMIT}}, f"hub:{REPOSITORY}@{'f' * 40}", f"the hub gives commit {COMMIT} instead"),
    ],
)
def test_what_the_hub_does_not_give_is_said(
    behaviour: dict[str, Any], wanted: str, what: str, serve: Serve, tmp_path: Path
) -> None:
    serve(save_tiny(tmp_path / "tiny"), **behaviour)
    assert what in refusal(tmp_path / "cache", wanted, HubError)


def test_an_encoder_that_is_not_supported_is_refused_before_its_weights_come(
    serve: Serve, tiny: Path, tmp_path: Path
) -> None:
    hub = serve(tiny)
    config = json.loads(hub.files["config.json"])
    hub.files["config.json"] = json.dumps(config | {"model_type": "mpnet"}).encode()
    told = refusal(tmp_path / "cache", PINNED)
    assert "model_type is 'mpnet': supported are" in told
    assert not any("safetensors" in line for line in hub.asked)
    assert left(tmp_path / "cache") == []


def test_a_repository_without_safetensors_is_refused(serve: Serve, tiny: Path, tmp_path: Path) -> None:
    hub = serve(tiny)
    del hub.files["model.safetensors"]
    assert "holds no model.safetensors: only models saved as safetensors" in refusal(tmp_path / "cache", PINNED)


def test_a_cut_cache_is_fetched_again_or_said(serve: Serve, tiny: Path, tmp_path: Path) -> None:
    hub = serve(tiny)
    base = load_base(tmp_path / "cache", PINNED)
    (base.folder / "base.json").unlink()
    hub.broken = True
    assert "the cache holds no whole copy" in refusal(tmp_path / "cache", PINNED, HubError)
    hub.broken = False
    assert load_base(tmp_path / "cache", PINNED).sha256 == base.sha256


def test_without_the_extra_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert "needs the extra `hub`, and huggingface_hub is not installed" in refusal(tmp_path / "cache", PINNED)


def test_a_fetch_that_goes_on_counts_what_is_there() -> None:
    told: list[float] = []
    with Bar(told.append, total=200, initial=100, desc="x") as bar:
        bar.update(50)
        bar.update(50)
    assert told == [0.75, 0.99]


def test_the_hubs_library_is_imported_only_where_a_hub_is_asked() -> None:
    code = "import sys, models.base; raise SystemExit('huggingface_hub' in sys.modules or 'httpx' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent, timeout=60)
