"""Settings: the environment over the file over the defaults; what does not fit is said in a line; secrets are stars."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.errors import ConfigurationError
from pipeline.settings import Settings

SECRET = "hunter2-hunter2"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting from outside."""
    import os

    for name in [name for name in os.environ if name.startswith("FANAL_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def complaint(path: Path | None = None) -> str:
    """The one line that says what is wrong."""
    with pytest.raises(ConfigurationError) as caught:
        Settings.read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_file_and_environment_there_are_defaults() -> None:
    found = Settings.read()
    assert (found.kafka.bootstrap, found.kafka.partitions, found.serve.host) == (None, 12, "127.0.0.1")
    assert found.cache.is_absolute()


def test_the_file_wins_over_the_defaults_and_the_environment_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, 'log_level = "debug"\n[kafka]\nbootstrap = "file:1"\npartitions = 3\n')
    monkeypatch.setenv("FANAL_KAFKA_BOOTSTRAP", "environment:1")
    found = Settings.read(path)
    assert (found.kafka.bootstrap, found.kafka.partitions, found.log_level) == ("environment:1", 3, "debug")
    monkeypatch.setenv("FANAL_LOG_LEVEL", "error")
    assert Settings.read(path).log_level == "error"


def test_the_file_is_the_one_that_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANAL_CONFIG", str(written(tmp_path, "[kafka]\npartitions = 5\n")))
    assert Settings.read().kafka.partitions == 5


def test_a_named_file_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FANAL_CONFIG", str(tmp_path / "none.toml"))
    assert "no such file" in complaint()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[kafka]\nbootstrop = 'x'\n", "kafka.bootstrop"),
        ("[kafak]\nbootstrap = 'x'\n", "kafak"),
        ("colour = 'red'\n", "colour"),
        ("[kafka]\npartitions = 0\n", "kafka.partitions"),
        ("[kafka]\npartitions = 'many'\n", "kafka.partitions"),
        ("[elasticsearch]\nprefix = '_Bad'\n", "elasticsearch.prefix"),
        ("[privacy]\nkey_id = 'a b'\n", "privacy.key_id"),
        ("log_level = 'loud'\n", "log_level"),
        ("kafka = 'localhost:9092'\n", "kafka"),
        ("kafka = 3\n", "kafka"),
    ],
)
def test_a_setting_that_does_not_fit_is_named_in_a_line(tmp_path: Path, text: str, named: str) -> None:
    assert f"setting {named}:" in complaint(written(tmp_path, text))


def test_a_value_of_the_environment_that_does_not_fit_is_named_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANAL_SERVE_METRICS_PORT", "99999")
    assert "setting serve.metrics_port:" in complaint()


def test_a_table_set_as_one_variable_is_refused_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANAL_KAFKA", "localhost:9092")
    assert "FANAL_KAFKA_BOOTSTRAP" in complaint()


@pytest.mark.parametrize("data", [b"[kafka\n", b"\xff\xfe", b"a = 1\na = 2\n"])
def test_a_file_that_is_no_toml_is_refused_in_a_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(data)
    assert "not valid TOML" in complaint(path)


def test_secrets_never_show(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "KAFKA_SASL_PASSWORD",
        "ELASTICSEARCH_API_KEY",
        "ELASTICSEARCH_PASSWORD",
        "PRIVACY_PSEUDONYM_KEY",
        "PRIVACY_EVIDENCE_KEY",
    ):
        monkeypatch.setenv(f"FANAL_{name}", SECRET)
    found = Settings.read()
    assert found.kafka.sasl_password is not None
    assert found.kafka.sasl_password.get_secret_value() == SECRET
    assert SECRET not in f"{found!r} {found} {found.model_dump()} {found.model_dump_json()}"


def test_a_complaint_never_shows_what_was_set(tmp_path: Path) -> None:
    assert SECRET not in complaint(written(tmp_path, f"[privacy]\npseudonym_key = ['{SECRET}']\n"))


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings.read().kafka.partitions = 3
