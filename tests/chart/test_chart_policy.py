"""Checkov's policies over what the chart renders; each exception has a reason in checkov.yaml."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.chart.rendering import CASES, text
from tests.tools import wheels
from tests.tools.debian import Unobtainable

pytestmark = pytest.mark.slow

SKIPS = Path(__file__).with_name("checkov.yaml")


def failed(folder: Path, *words: str) -> set[str]:
    """The checks that fail for any file of a folder."""
    try:
        program = wheels.checkov()
    except Unobtainable as why:
        pytest.skip(f"no checkov: {why}")
    command = [str(program), "-d", str(folder), "--framework", "kubernetes", "--skip-download", "--compact", "--quiet"]
    environment = {**os.environ, "BC_SKIP_MAPPING": "TRUE"}
    done = subprocess.run(
        [*command, "-o", "json", *words], env=environment, capture_output=True, text=True, timeout=280, check=False
    )
    report = json.loads(done.stdout)
    assert report["summary"]["passed"] > 0, done.stderr
    return {f"{one['check_id']} {one['resource']}" for one in report["results"]["failed_checks"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every case, rendered."""
    made = tmp_path_factory.mktemp("rendered")
    for case in CASES:
        (made / f"{case}.yaml").write_text(text(case), encoding="utf-8")
    return made


def test_every_finding_is_mended_or_reasoned(folder: Path) -> None:
    skipped = ",".join(yaml.safe_load(SKIPS.read_text(encoding="utf-8"))["skip-check"])
    assert failed(folder, "--skip-check", skipped) == set()


def test_every_exception_has_a_reason_and_is_needed(folder: Path) -> None:
    lines = [line for line in SKIPS.read_text(encoding="utf-8").splitlines() if line.strip().startswith("- ")]
    assert all(re.fullmatch(r"  - CKV_K8S_\d+ # .{20,}", line) for line in lines)
    found = {one.split()[0] for one in failed(folder)}
    assert set(yaml.safe_load(SKIPS.read_text(encoding="utf-8"))["skip-check"]) <= found
