"""Who is asked whether a post still stands follows from the configuration of the sources."""

from pathlib import Path

import pytest

from pipeline.errors import ConfigurationError
from pipeline.sources.askers import askers


def file(folder: Path, text: str) -> Path:
    path = folder / "sources.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_instances_that_are_read_are_asked(tmp_path: Path) -> None:
    text = '[sources.a]\nkind = "mastodon"\nbase_url = "https://social.example.org"\n[sources.b]\nkind = "bluesky"\n'
    assert list(askers(file(tmp_path, text))) == ["mastodon"]


@pytest.mark.parametrize("text", ['[sources.b]\nkind = "bluesky"\n', None])
def test_without_an_instance_nobody_is_asked(tmp_path: Path, text: str | None) -> None:
    assert askers(file(tmp_path, text) if text else tmp_path / "none.toml") == {}


def test_a_token_that_is_not_there_is_said(tmp_path: Path) -> None:
    text = '[sources.a]\nkind = "mastodon"\nbase_url = "https://social.example.org"\ntoken_file = "/nowhere/token"\n'
    with pytest.raises(ConfigurationError, match="the secret cannot be read"):
        askers(file(tmp_path, text))
