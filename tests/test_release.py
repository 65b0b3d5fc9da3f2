"""What is published: built as a release is, installed in an environment of its own, and run from there."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from pipeline.local.jars import locked
from tests.conftest import CACHE
from tests.connected.pipelines import ROOT

pytestmark = pytest.mark.slow
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a release."""
    made = tmp_path_factory.mktemp("release") / "dist"
    subprocess.run([ROOT / "requirements" / "release", BIN, made], cwd=ROOT, check=True, capture_output=True)
    return made


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment that holds the wheel and what it needs."""
    home = tmp_path_factory.mktemp("installed")
    uv, python = BIN / "uv", home / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, home], check=True)
    into: list[str | Path] = [uv, "pip", "install", "--quiet", "--python", python]
    subprocess.run([*into, "--require-hashes", "-r", ROOT / "requirements" / "run.txt"], check=True)
    subprocess.run([*into, "--no-deps", *dist.glob("*.whl")], check=True)
    return home


def fanal(home: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """The command of an installation, from a folder that holds nothing of the project."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("FANAL_", "PYTHON"))}
    command: list[str | Path] = [home / "bin" / "fanal", *arguments]
    return subprocess.run(
        command,
        cwd=home,
        env=clean | {"FANAL_CACHE": str(CACHE)},
        input=given,
        text=True,
        capture_output=True,
        check=False,
    )


def tracked(*folders: str) -> set[str]:
    """The files of the repository under some folders."""
    found = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return set(found.split())


def test_the_wheel_holds_every_file_of_the_packages_and_of_the_configuration(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = tracked("pipeline", "models") | {f"pipeline/_{name}" for name in tracked("config")}
    assert wanted - held == set()


def test_the_source_distribution_holds_every_file_of_the_repository(dist: Path) -> None:
    (source,) = dist.glob("*.tar.gz")
    with tarfile.open(source) as opened:
        held = {name.partition("/")[2] for name in opened.getnames()}
    assert tracked() - held == set()


def test_an_installation_scores_a_post_and_finds_its_cues_without_the_repository(installed: Path) -> None:
    assert re.fullmatch(r"fanal \d+\.\d+\.\d+\n", fanal(installed, "version").stdout)
    scored = fanal(installed, "score", given='{"id": "a", "text": "good morning to all of you"}\n')
    assert scored.returncode == 0, scored.stderr
    assert json.loads(scored.stdout)["kind"] == "benign"
    cues = fanal(installed, "cues", "explain", "--json", "2500 euro, Istanbul to Athens")
    assert {"price", "route"} <= {cue["kind"] for cue in json.loads(cues.stdout)["cues"]}


def test_an_installation_starts_the_embedded_servers_from_its_own_files(installed: Path) -> None:
    try:
        up = fanal(installed, "local", "up", "--detach")
        assert up.returncode == 0, up.stderr
        assert fanal(installed, "setup").returncode == 0
    finally:
        down = fanal(installed, "local", "down")
    assert down.returncode == 0, down.stderr


def test_the_bill_of_materials_names_packages_jars_and_weights_and_no_place_of_this_machine(dist: Path) -> None:
    (file,) = dist.glob("*.cdx.json")
    text = file.read_text(encoding="utf-8")
    bill = json.loads(text)
    assert bill["bomFormat"] == "CycloneDX"
    names = {one["name"] for one in bill["components"]}
    pinned = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / "run.txt").read_text(), re.MULTILINE))
    here = {name.replace("_", "-").lower() for name in names}
    assert {jar.artifact for jar in locked()} | {"multilingual-e5-small"} <= names
    assert len(pinned - here) <= 5, pinned - here  # those for other systems
    assert str(dist.parent) not in text
    assert "file:" not in text


def test_the_checksums_are_those_of_the_files(dist: Path) -> None:
    lines = (dist / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert set(sums) == {file.name for file in dist.iterdir()} - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((dist / name).read_bytes()).hexdigest() == digest


def test_the_notices_name_the_licence_of_every_package_that_is_installed(dist: Path) -> None:
    notices = (dist / "THIRD-PARTY-NOTICES.txt").read_text(encoding="utf-8")
    for package in ("elasticsearch", "faust-streaming", "openvino", "phonenumbers"):
        assert package in notices
