"""The Dockerfile and what goes into it. It is built and started by `python -m tests.image`, which takes minutes."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from pipeline.settings import Settings
from tests.tools.debian import Unobtainable
from tests.tools.hadolint import hadolint

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.connected
def test_hadolint_has_nothing_to_say_and_would_say_it(tmp_path: Path) -> None:
    try:
        program = str(hadolint())
    except Unobtainable as why:
        pytest.skip(f"hadolint: {why}")
    done = subprocess.run([program, str(ROOT / "Dockerfile")], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM python:latest\nRUN cd /tmp && pip install faust\n", encoding="utf-8")
    found = subprocess.run([program, str(bad)], capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 1
    assert {"DL3007", "DL3013"} <= set(re.findall(r"DL\d{4}", found.stdout))


def test_the_base_has_no_default_and_is_the_same_in_every_stage() -> None:
    assert re.findall(r"^ARG PYTHON_IMAGE(.*)$", DOCKERFILE, re.MULTILINE) == [""]
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${PYTHON_IMAGE}"}


def test_the_lists_that_it_installs_are_there_and_locked() -> None:
    for name in ("run", "torch"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        assert text.count("--hash=sha256:") > text.count("==") > 50
    assert re.search(r"^torch==", (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8"), re.MULTILINE) is None


def test_what_is_copied_is_what_a_wheel_needs_and_is_not_ignored() -> None:
    copied = {
        word.rstrip("/")
        for line in re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        for word in line.split()
    }
    built = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = built["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {*wheel["packages"], *wheel["force-include"], "pyproject.toml", "README.md", "LICENSE", "NOTICE"} <= copied
    kept = {
        line[1:].split("/")[0] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    assert kept == copied
    assert all((ROOT / name).exists() for name in copied)


def test_it_runs_as_nobody_in_particular_and_what_it_sets_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", DOCKERFILE, re.MULTILINE)
    last = DOCKERFILE[DOCKERFILE.rindex("\nFROM") :]
    for name, value in re.findall(r"\b(FANAL_[A-Z_]+)=(\S+)", last):
        monkeypatch.setenv(name, value)
    read = Settings.read()
    assert (str(read.data), str(read.cache), read.serve.metrics_port) == ("/var/lib/fanal", "/opt/fanal/cache", 9100)
