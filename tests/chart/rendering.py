"""Renders the chart with Helm, once for each set of values, and walks what came out."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools import wheels
from tests.tools.debian import Unobtainable

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "fanal"
HELMS = {"helm3": wheels.HELM_3, "helm4": wheels.HELM_4}
SIZES = ("small", "large")
CASES = [*sorted(path.name.removesuffix("-values.yaml") for path in (CHART / "ci").glob("*-values.yaml")), *SIZES]
NAMESPACE = "watch"

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """How a call of Helm ended."""

    code: int
    out: str
    err: str


def value_files(case: str) -> list[Path]:
    """The files of a case; a size comes with the least that can be said."""
    if case in SIZES:
        return [*value_files("minimal"), CHART / f"values-{case}.yaml"]
    return [CHART / "ci" / f"{case}-values.yaml"]


def call(which: str, *words: str) -> Done:
    """Run Helm, or skip the test visibly where it cannot be had."""
    try:
        program = wheels.helm(HELMS[which])
    except Unobtainable as why:
        pytest.skip(f"no {which}: {why}")
    done = subprocess.run([str(program), *words], capture_output=True, text=True, timeout=120, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def template(which: str, case: str, *words: str) -> Done:
    """`helm template` over the files of a case."""
    files = [word for path in value_files(case) for word in ("--values", str(path))]
    return call(which, "template", "live", str(CHART), "--namespace", NAMESPACE, *files, *words)


@cache
def text(case: str, which: str = "helm4") -> str:
    """What a case renders to."""
    done = template(which, case)
    assert done.code == 0, done.err
    return done.out


@cache
def objects(case: str, which: str = "helm4") -> list[Object]:
    """The objects of a case, hooks among them; not to be changed."""
    return [one for one in yaml.load_all(text(case, which), yaml.CSafeLoader) if one]


def of_kind(case: str, *kinds: str) -> list[Object]:
    """The objects of these kinds."""
    return [one for one in objects(case) if one["kind"] in kinds]


def pods(case: str) -> Iterator[tuple[str, Object, Object]]:
    """Each pod that a case would run: its object's name, its labels, its specification."""
    for one in objects(case):
        if one["kind"] in {"Deployment", "Job"}:
            made = one["spec"]["template"]
            yield one["metadata"]["name"], made["metadata"]["labels"], made["spec"]
        elif one["kind"] == "Pod":
            yield one["metadata"]["name"], one["metadata"]["labels"], one["spec"]


@cache
def values_of(case: str) -> Object:
    """The values of a case over the chart's own."""
    merged: Object = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    for path in value_files(case):
        merged = _over(merged, yaml.safe_load(path.read_text(encoding="utf-8")))
    return merged


def _over(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        return {key: _over(below.get(key), above[key]) if key in above else below[key] for key in below | above}
    return above


def selects(selector: Object, labels: Object) -> bool:
    """Whether a label selector (matchLabels, `In`) takes these labels."""
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    inside = all(
        labels.get(term["key"]) in term["values"]
        for term in selector.get("matchExpressions", [])
        if term["operator"] == "In"
    )
    return wanted and inside
