"""What no schema compares: names that must meet, numbers that must fit, and settings and commands that must exist."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.broker.topics import Topics
from pipeline.settings import Settings
from tests.chart.rendering import CASES, ROOT, Object, objects, of_kind, pods, selects, values_of
from tests.test_docs import complaint
from tests.tools import modules
from tests.tools.debian import Unobtainable

every_case = pytest.mark.parametrize("case", CASES)
ROLES = {"screening": "posts", "indexing": "hits"}


def strings(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for value in tree.values():
            yield from strings(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from strings(value)
    elif isinstance(tree, str):
        yield tree


def found(tree: Any, key: str) -> Iterator[Any]:
    """Every value of this key, wherever in a tree."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name == key:
                yield value
            yield from found(value, key)
    elif isinstance(tree, list):
        for value in tree:
            yield from found(value, key)


def containers(case: str) -> Iterator[tuple[str, Object]]:
    for name, _, spec in pods(case):
        for one in spec["containers"]:
            yield name, one


@every_case
def test_a_deployment_selects_its_own_pods_and_no_others(case: str) -> None:
    deployments = of_kind(case, "Deployment")
    assert deployments
    for one in deployments:
        chosen = [name for name, labels, _ in pods(case) if selects(one["spec"]["selector"], labels)]
        assert chosen == [one["metadata"]["name"]]


@every_case
def test_what_points_at_pods_finds_some(case: str) -> None:
    labels = [each for _, each, _ in pods(case)]
    for one in of_kind(case, "PodDisruptionBudget", "NetworkPolicy", "Service", "PodMonitor"):
        spec = one["spec"]
        selector = spec.get("podSelector") or spec["selector"]
        plain = {"matchLabels": selector} if one["kind"] == "Service" else selector
        assert any(selects(plain, each) for each in labels), one["metadata"]["name"]


@every_case
def test_a_service_monitor_finds_its_service(case: str) -> None:
    services = of_kind(case, "Service")
    for one in of_kind(case, "ServiceMonitor"):
        matching = [each for each in services if selects(one["spec"]["selector"], each["metadata"]["labels"])]
        assert [each["metadata"]["name"] for each in matching] == ["live-fanal-metrics"]


@every_case
def test_ports_that_are_named_are_there(case: str) -> None:
    named = {port["name"] for _, one in containers(case) for port in one.get("ports", [])}
    for name, one in containers(case):
        own = {port["name"] for port in one.get("ports", [])}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert probe not in one or one[probe]["httpGet"]["port"] in own, f"{name}: {probe}"
    aimed = {port["targetPort"] for one in of_kind(case, "Service") for port in one["spec"]["ports"]}
    doors = {
        port["port"]
        for one in of_kind(case, "NetworkPolicy")
        for port in found(one["spec"].get("ingress"), "ports")
        for port in port
    }
    monitored = {end["port"] for one in of_kind(case, "PodMonitor") for end in one["spec"]["podMetricsEndpoints"]}
    assert aimed | doors | monitored <= named


@every_case
def test_every_port_says_its_protocol(case: str) -> None:
    ports = [port for one in objects(case) for group in found(one.get("spec"), "ports") for port in group]
    assert [port for port in ports if "protocol" not in port] == []


@every_case
def test_workers_are_probed_and_one_off_pods_are_not(case: str) -> None:
    for name, one in containers(case):
        probed = {key for key in one if key.endswith("Probe")}
        once = name.endswith(("-setup", "-check"))
        assert probed == (set() if once else {"startupProbe", "readinessProbe", "livenessProbe"}), name
        if not once and not name.endswith("-desk"):
            assert one["livenessProbe"]["httpGet"]["path"] == "/healthz"
            assert one["readinessProbe"]["httpGet"]["path"] == "/readyz"
            assert one["livenessProbe"]["failureThreshold"] > one["readinessProbe"]["failureThreshold"]


@every_case
def test_volumes_are_those_that_are_mounted(case: str) -> None:
    for name, _, spec in pods(case):
        held = [one["name"] for one in spec["volumes"]]
        mounts = [mount for one in spec["containers"] for mount in one["volumeMounts"]]
        assert sorted(held) == sorted({mount["name"] for mount in mounts}), name
        assert len({mount["mountPath"] for mount in mounts}) == len(mounts)


@every_case
def test_files_that_settings_name_are_mounted(case: str) -> None:
    for name, _, spec in pods(case):
        files = {
            f"/etc/fanal/secrets/{item['path']}"
            for volume in spec["volumes"]
            for source in volume.get("projected", {}).get("sources", [])
            for item in source["secret"]["items"]
        }
        named = {env["value"] for one in spec["containers"] for env in one["env"] if env["name"].endswith("_FILE")}
        assert named == files, name


@every_case
def test_secrets_are_those_that_the_values_name_and_none_is_made(case: str) -> None:
    assert of_kind(case, "Secret") == []
    given = set(strings(values_of(case)))
    for one in objects(case):
        asked = [
            each.get("name") or each["secretName"] for key in ("secretKeyRef", "secret") for each in found(one, key)
        ]
        asked += [each["name"] for group in found(one, "secretTargetRef") for each in group]
        assert set(asked) <= given, one["metadata"]["name"]


@every_case
def test_configmaps_are_made_here_or_named_by_the_values(case: str) -> None:
    made = {one["metadata"]["name"] for one in of_kind(case, "ConfigMap")} | set(strings(values_of(case)))
    for one in objects(case):
        asked = {each["name"] for key in ("configMap",) for each in found(one.get("spec"), key)}
        asked |= {each["name"] for group in found(one.get("spec"), "configMapTargetRef") for each in group}
        assert asked <= made, one["metadata"]["name"]


@every_case
def test_every_variable_is_a_setting_and_every_value_fits(
    case: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, one in containers(case):
        env = {each["name"]: each.get("value", "named-by-a-secret") for each in one["env"]}
        assert len(env) == len(one["env"]), f"{name} names a variable twice"
        for variable in [each for each in os.environ if each.startswith("FANAL_")]:
            monkeypatch.delenv(variable)
        for variable, value in env.items():
            monkeypatch.setenv(variable, value)
        settings = Settings.read()
        assert settings.serve.host == "0.0.0.0"  # noqa: S104 - the pod's own network
        assert settings.data == Path("/var/lib/fanal")


@every_case
def test_every_command_is_one_of_fanal(case: str) -> None:
    for name, one in containers(case):
        assert one["command"] == ["fanal"]
        assert complaint(one["args"]) is None, name


@every_case
def test_a_role_is_given_no_secret_that_it_has_no_use_for(case: str) -> None:
    holders = {
        name.rpartition("-")[2]
        for name, _, spec in pods(case)
        if "evidence.key" in {item["key"] for group in found(spec, "items") for item in group}
    }
    assert holders <= {"screening", "erasing", "check"}


@every_case
def test_scalers_own_the_number_of_workers(case: str) -> None:
    deployments = {one["metadata"]["name"]: one["spec"] for one in of_kind(case, "Deployment")}
    scalers = of_kind(case, "ScaledObject", "HorizontalPodAutoscaler")
    scaled = [one["spec"]["scaleTargetRef"]["name"] for one in scalers]
    assert len(scaled) == len(set(scaled))
    assert set(scaled) <= deployments.keys()
    assert {name for name, spec in deployments.items() if "replicas" not in spec} == set(scaled)
    partitions = values_of(case)["kafka"]["partitions"]
    for spec in (one["spec"] for one in scalers):
        least = spec.get("minReplicas") or spec["minReplicaCount"]
        most = spec.get("maxReplicas") or spec["maxReplicaCount"]
        assert 1 <= least <= most <= partitions


def test_keda_watches_the_group_and_the_topic_of_the_role() -> None:
    topics = Topics("live.")
    for one in of_kind("keda", "ScaledObject"):
        role = one["metadata"]["labels"]["app.kubernetes.io/component"]
        metadata = one["spec"]["triggers"][0]["metadata"]
        assert metadata["consumerGroup"] == topics.group(role)
        assert metadata["topic"] == f"live.{ROLES[role]}" == getattr(topics, ROLES[role])


@pytest.mark.parametrize("case", ["keda", "oauth", "mtls", "plaintext", "large"])
def test_keda_knows_every_key_of_its_trigger(case: str) -> None:
    try:
        source = modules.folder_of(modules.KEDA) / "pkg" / "scalers" / "kafka_scaler.go"
    except Unobtainable as why:
        pytest.skip(f"no source of KEDA: {why}")
    tags = re.findall(r'`keda:"name=(\w+),\s*order=([\w;]+)', source.read_text(encoding="utf-8"))
    known = {place: {name for name, order in tags if place in order} for place in ("triggerMetadata", "authParams")}
    for one in of_kind(case, "ScaledObject"):
        metadata = one["spec"]["triggers"][0]["metadata"]
        assert metadata.keys() <= known["triggerMetadata"]
        assert all(isinstance(value, str) for value in metadata.values())
    for one in of_kind(case, "TriggerAuthentication"):
        refs = [*one["spec"]["secretTargetRef"], *one["spec"].get("configMapTargetRef", [])]
        assert {ref["parameter"] for ref in refs} <= known["authParams"]


@pytest.mark.parametrize(
    ("case", "parameters"),
    [
        ("keda", {"username", "password", "ca"}),
        ("oauth", {"username", "password", "oauthTokenEndpointUri", "scopes"}),
        ("mtls", {"ca", "cert", "key"}),
    ],
)
def test_keda_logs_in_as_the_workers_do(case: str, parameters: set[str]) -> None:
    [one] = of_kind(case, "TriggerAuthentication")
    refs = [*one["spec"]["secretTargetRef"], *one["spec"].get("configMapTargetRef", [])]
    assert {ref["parameter"] for ref in refs} == parameters
    names = {each["spec"]["triggers"][0]["authenticationRef"]["name"] for each in of_kind(case, "ScaledObject")}
    assert names == {one["metadata"]["name"]}


def test_a_trial_without_a_login_needs_no_authentication() -> None:
    assert of_kind("plaintext", "TriggerAuthentication") == []
    [one] = of_kind("plaintext", "ScaledObject")
    assert "authenticationRef" not in one["spec"]["triggers"][0]


@every_case
def test_pods_are_locked_down(case: str) -> None:
    for name, _, spec in pods(case):
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["enableServiceLinks"] is False, "a Service's variables would be settings that do not exist"
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for one in spec["containers"]:
            assert one["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert one["resources"]["requests"].keys() >= {"cpu", "memory"}
            assert "memory" in one["resources"]["limits"]


@every_case
def test_a_pod_has_longer_to_end_than_workers_take_to_commit(case: str) -> None:
    app = (ROOT / "pipeline" / "app.py").read_text(encoding="utf-8")
    [interval] = re.findall(r"broker_commit_interval=([\d.]+)", app)
    assert all(spec["terminationGracePeriodSeconds"] >= 10 * float(interval) for _, _, spec in pods(case))


def test_calm_lasts_longer_than_a_rebalance() -> None:
    schema = json.loads((ROOT / "helm" / "fanal" / "values.schema.json").read_text(encoding="utf-8"))
    least = schema["properties"]["scaling"]["properties"]["cooldownSeconds"]["minimum"]
    assert least > 2 * values_of("minimal")["kafka"]["sessionTimeoutSeconds"]


@every_case
def test_nothing_comes_in_or_goes_out_but_what_is_named(case: str) -> None:
    policies = of_kind(case, "NetworkPolicy")
    if not values_of(case)["networkPolicy"]["enabled"]:
        assert policies == []
        return
    whole = [one["spec"] for one in policies if one["spec"]["policyTypes"] == ["Ingress", "Egress"]]
    assert [spec["ingress"] for spec in whole] == [[]]
    for _, labels, _ in pods(case):
        assert selects(whole[0]["podSelector"], labels)
    open_doors = [one for one in policies for rule in one["spec"].get("ingress", []) if not rule.get("from")]
    assert open_doors == []


def test_the_collector_is_one_and_its_successor_waits() -> None:
    [one] = [each for each in of_kind("collector", "Deployment") if each["metadata"]["name"].endswith("-collector")]
    assert one["spec"]["replicas"] == 1
    assert one["spec"]["strategy"] == {"type": "Recreate"}


def test_an_accelerator_is_a_limit_of_screening_alone() -> None:
    for name, one in containers("gpu"):
        asked = one["resources"]["limits"].get("nvidia.com/gpu")
        assert asked == (1 if name.endswith("-screening") else None)


def test_prometheus_sees_one_job_and_asks_the_trends_more_often() -> None:
    for case, kind, key in (
        ("monitoring", "PodMonitor", "podMetricsEndpoints"),
        ("service-monitor", "ServiceMonitor", "endpoints"),
    ):
        [one] = of_kind(case, kind)
        ends = one["spec"][key]
        assert [end["relabelings"][-1] for end in ends] == [{"targetLabel": "job", "replacement": "fanal"}] * 2
        asked = {role: end["interval"] for end in ends for role in end["relabelings"][0]["regex"].split("|")}
        assert asked.keys() == {"screening", "indexing", "erasing", "trends", "collector"}
        assert asked["trends"] == "5s"
