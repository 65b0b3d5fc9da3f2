"""What both Helms say of the chart, and what the schemas of Kubernetes and of its operators say of what they render."""

import warnings
from copy import deepcopy
from functools import cache
from typing import Any

import jsonschema
import pytest
import yaml

from tests.chart.rendering import CASES, CHART, HELMS, call, objects, template, value_files
from tests.tools import modules
from tests.tools.debian import Unobtainable

pytestmark = pytest.mark.slow

VERSIONS = ("1.30", "1.34", "1.37")
OPERATORS = {
    "keda.sh": (modules.KEDA, "config/crd/bases"),
    "monitoring.coreos.com": (modules.PROMETHEUS_OPERATOR, "example/prometheus-operator-crd"),
}


@cache
def definition(group: str, kind: str) -> Any:
    """The schema of an operator's resource, closed: what it does not name is refused, as the API server would drop it."""
    module, below = OPERATORS[group]
    try:
        folder = modules.folder_of(module) / below
    except Unobtainable as why:
        pytest.skip(f"no definitions of {group}: {why}")
    [path] = folder.glob(f"*_{kind.lower()}s.yaml")
    found = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return closed(found["spec"]["versions"][0]["schema"]["openAPIV3Schema"])


def closed(schema: Any) -> Any:
    """The schema with every object that has properties closed."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if isinstance(made.get("properties"), dict) and "additionalProperties" not in made and "type" in made:
        if made["properties"].keys() >= {"apiVersion", "kind", "metadata"}:
            made["properties"]["metadata"] = {"type": "object"}
        made["additionalProperties"] = bool(made.get("x-kubernetes-preserve-unknown-fields"))
    return made


def of_operators(case: str) -> list[Any]:
    return [one for one in objects(case) if one["apiVersion"].split("/")[0] in OPERATORS]


def complaints(one: Any) -> list[str]:
    group = one["apiVersion"].split("/")[0]
    found = jsonschema.Draft4Validator(definition(group, one["kind"])).iter_errors(one)
    return [f"{one['kind']} {'.'.join(map(str, fault.absolute_path))}: {fault.message}" for fault in found]


@pytest.mark.parametrize("which", HELMS)
@pytest.mark.parametrize("case", CASES)
def test_no_helm_finds_fault_with_the_chart(which: str, case: str) -> None:
    files = [word for path in value_files(case) for word in ("--values", str(path))]
    done = call(which, "lint", "--strict", str(CHART), *files)
    assert done.code == 0, done.out + done.err
    assert "WARNING" not in done.out + done.err


@pytest.mark.parametrize("case", CASES)
def test_both_helms_render_the_same(case: str) -> None:
    assert objects(case, "helm3") == objects(case, "helm4")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", CASES)
def test_kubernetes_knows_every_field(case: str, version: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its own imports
        import kubernetes_validate
    seen = [one for one in objects(case) if one["apiVersion"].split("/")[0] not in OPERATORS]
    assert seen
    for one in seen:
        kubernetes_validate.validate(one, version, strict=True)


def test_a_field_that_kubernetes_does_not_know_would_be_noticed() -> None:
    import kubernetes_validate

    wrong = deepcopy(next(one for one in objects("minimal") if one["kind"] == "Deployment"))
    wrong["spec"]["template"]["spec"]["containers"][0]["portz"] = []
    with pytest.raises(kubernetes_validate.ValidationError, match="portz"):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


@pytest.mark.parametrize("case", [case for case in CASES if case not in {"monitoring", "large"}])
def test_operators_know_every_field_of_their_own(case: str) -> None:
    assert [fault for one in of_operators(case) for fault in complaints(one)] == []


@pytest.mark.parametrize("case", ["monitoring", "large"])
def test_operators_know_every_field_of_monitors_and_rules(case: str) -> None:
    found = of_operators(case)
    assert {"PodMonitor"} <= {one["kind"] for one in found}
    assert [fault for one in found for fault in complaints(one)] == []


def test_a_field_that_an_operator_does_not_know_would_be_noticed() -> None:
    good = next(one for one in of_operators("keda") if one["kind"] == "ScaledObject")
    for path, wrong in (("maxReplicaCount", "six"), ("pollingIntervall", 5)):
        bad = deepcopy(good)
        bad["spec"][path] = wrong
        assert any(path in fault or "six" in fault for fault in complaints(bad))


def test_an_older_kubernetes_is_refused() -> None:
    done = template("helm4", "minimal", "--kube-version", "1.29.4")
    assert done.code != 0
    assert "incompatible with Kubernetes v1.29.4" in done.err


def test_another_kubernetes_is_taken() -> None:
    assert template("helm4", "minimal", "--kube-version", "v1.31.5-eks-ffffff").code == 0
