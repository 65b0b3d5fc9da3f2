"""`fanal evidence open`: written down first, opened then, and never a word of the post in what is written down."""

import asyncio
import json
import stat
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet

from pipeline.__main__ import cli
from pipeline.commands import evidence as command
from pipeline.commands import parts
from pipeline.errors import ConfigurationError, UsageError
from pipeline.posts import Evidence
from pipeline.screen.evidence import Seal
from pipeline.settings import Settings
from tests.connected.pipelines import environment
from tests.test_documents import hit

RAW = b'{"platform":"push","native_id":"secret-1","text":"a secret\\u009b offer"}'
NEW, OLD = Fernet.generate_key(), Fernet.generate_key()


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A data folder, keys of which one is of before, and an index with the evidence of one hit."""
    held = {"a": Seal(OLD, "k1").seal(RAW), "lost": Seal(OLD, "k0").seal(RAW)}

    async def sealed(_: Settings, id_: str) -> Evidence | None:
        return held.get(id_)

    for name, value in {
        "FANAL_DATA": str(tmp_path),
        "FANAL_PRIVACY_PSEUDONYM_KEY": "only for tests, long",
        "FANAL_PRIVACY_EVIDENCE_KEY": NEW.decode(),
        "FANAL_PRIVACY_KEY_ID": "k2",
        "FANAL_PRIVACY_EARLIER_KEYS": f"k1 evidence {OLD.decode()}",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(command, "_sealed", sealed)
    return tmp_path


def opened(*words: str) -> Result:
    return CliRunner().invoke(cli, ["evidence", "open", *words])


def audit(data: Path) -> list[dict[str, str]]:
    file = data / "logs" / "evidence.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def test_the_post_is_printed_as_it_came_and_the_opening_is_written_down_without_it(data: Path) -> None:
    done = opened("a", "--reason", "case 7")
    assert (done.exit_code, done.stdout_bytes) == (0, RAW + b"\n")
    assert opened("a", "--reason", "case 8").exit_code == 0
    first, second = audit(data)
    assert (first["id"], first["key_id"], first["reason"], second["reason"]) == ("a", "k1", "case 7", "case 8")
    assert first["by"]
    assert first["time"]
    assert "secret" not in json.dumps(audit(data))
    assert stat.S_IMODE((data / "logs" / "evidence.jsonl").stat().st_mode) == 0o600


def test_a_lost_key_gives_one_line_and_the_attempt_is_written_down(data: Path) -> None:
    done = opened("lost", "--reason", "case 7")
    assert isinstance(done.exception, ConfigurationError)
    assert "sealed with key 'k0', which is not held (held: k1, k2)" in str(done.exception)
    assert [one["id"] for one in audit(data)] == ["lost"]
    assert done.stdout == ""


def test_without_a_reason_or_a_place_to_write_it_nothing_is_opened(data: Path) -> None:
    assert opened("a").exit_code != 0
    assert isinstance(opened("a", "--reason", " ").exception, UsageError)
    assert isinstance(opened("a", "--reason", "x" * 201).exception, UsageError)
    (data / "logs").write_text("a file where the folder should be")
    done = opened("a", "--reason", "case 7")
    assert "nothing is opened" in str(done.exception)
    assert "secret" not in done.output


def test_an_id_that_is_none_is_said(data: Path) -> None:
    assert "no evidence has this id" in str(opened("none", "--reason", "case 7").exception)
    assert audit(data) == []


@pytest.mark.connected
async def test_the_evidence_of_a_hit_is_opened_from_the_index(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = parts.store(settings)
    await store.set_up()
    sealed = parts.seal(settings).seal(RAW)
    await store.write([msgspec.structs.replace(hit("a"), evidence=sealed)])
    await store._client.indices.refresh(index=store._names.evidence)
    await store.close()
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    done = await asyncio.to_thread(opened, "a", "--reason", "case 7")
    assert done.stdout_bytes == RAW + b"\n", done.exception
    missing = await asyncio.to_thread(opened, "b", "--reason", "case 7")
    assert "no evidence has this id" in str(missing.exception)
