"""The configuration that ships, read and pointed at loopback: targets, receivers and, for tests in haste, intervals."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "config" / "prometheus" / "prometheus.yml"
RULES = sorted((ROOT / "config" / "prometheus" / "rules").glob("*.yml"))
ALERTMANAGER = ROOT / "config" / "alertmanager" / "alertmanager.yml"
UNIT_TESTS = sorted((ROOT / "tests" / "alerts").glob("*.yml"))
RUNBOOKS = ROOT / "docs" / "runbooks"
HASTE = "1s"


def read(path: Path) -> Any:
    """A file of YAML."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@cache
def rules() -> list[dict[str, Any]]:
    """Every rule that ships, in the order of the files."""
    return [rule for path in RULES for group in read(path)["groups"] for rule in group["rules"]]


@cache
def alerts() -> dict[str, dict[str, Any]]:
    """The alerts among them by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def write_prometheus(folder: Path, targets: Mapping[str, str], alertmanager: str, *, haste: bool) -> Path:
    """Write the shipped configuration for these targets by job, all else as it ships; `haste` asks each second."""
    found = read(PROMETHEUS)
    found["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    found["scrape_configs"] = [
        job | {"static_configs": [{"targets": [targets[job["job_name"]]]}]}
        for job in found["scrape_configs"]
        if job["job_name"] in targets
    ]
    if haste:
        for asked in [found["global"], *found["scrape_configs"]]:
            asked |= {"scrape_interval": HASTE, "scrape_timeout": HASTE}
        found["global"]["evaluation_interval"] = HASTE
    (folder / "rules").mkdir()
    for path in RULES:
        _write(folder / "rules" / path.name, _hastened(read(path)) if haste else read(path))
    return _write(folder / PROMETHEUS.name, found)


def write_alertmanager(folder: Path, hook: str, *, haste: bool) -> Path:
    """Write the shipped configuration with each receiver as a path below one webhook, all else as it ships; `haste` groups for
    two seconds everywhere."""
    found = read(ALERTMANAGER)
    if haste:
        for route in [found["route"], *found["route"]["routes"]]:
            route |= {"group_wait": "2s", "group_interval": HASTE}
    del found["global"]
    found["receivers"] = [
        {"name": receiver["name"], "webhook_configs": [{"url": f"{hook}/{receiver['name']}"}]}
        for receiver in found["receivers"]
    ]
    return _write(folder / ALERTMANAGER.name, found)


def _hastened(found: Any) -> Any:
    for group in found["groups"]:
        group["interval"] = HASTE
    return found


def _write(path: Path, content: Any) -> Path:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path
