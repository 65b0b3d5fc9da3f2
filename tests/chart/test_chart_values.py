"""The values: each explained, each bounded by the schema, the written parts current, and what does not fit refused in words."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from helm import write
from tests.chart.rendering import CHART, HELMS, ROOT, template

VALUES = (CHART / "values.yaml").read_text(encoding="utf-8")
SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))


def leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(tree, dict) and tree:
        for name, value in tree.items():
            yield from leaves(value, (*path, name))
    else:
        yield path


def resolved(schema: Any) -> Any:
    return SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def property_at(path: tuple[str, ...]) -> Any:
    """What the schema says of a value; None if it names none."""
    schema = SCHEMA
    for step in path:
        schema = resolved(schema)
        if step not in schema.get("properties", {}):
            return schema.get("additionalProperties") or None
        schema = schema["properties"][step]
    return resolved(schema)


def test_every_value_is_explained() -> None:
    explained = {tuple(one.path.split(".")) for one in write.values(VALUES)}
    silent = [
        ".".join(path)
        for path in leaves(yaml.safe_load(VALUES))
        if not any(path[:depth] in explained for depth in range(1, len(path) + 1))
    ]
    assert silent == []


def test_there_are_not_too_many_values() -> None:
    assert 100 <= len(list(write.values(VALUES))) <= 150


def test_a_comment_that_explains_no_value_would_be_noticed() -> None:
    with pytest.raises(ValueError, match="explains no value"):
        list(write.values("# -- lost\n- item\n"))


def test_the_schema_names_every_value() -> None:
    assert [".".join(path) for path in leaves(yaml.safe_load(VALUES)) if not property_at(path)] == []


def test_the_schema_names_no_value_that_is_not_there() -> None:
    there = yaml.safe_load(VALUES)

    def missing(schema: Any, tree: Any, path: str) -> Iterator[str]:
        for name, inner in schema.get("properties", {}).items():
            if name not in tree:
                yield f"{path}{name}"
            elif isinstance(tree[name], dict) and tree[name] and "$ref" not in inner:
                yield from missing(inner, tree[name], f"{path}{name}.")

    assert list(missing(SCHEMA, there, "")) == ["global"]


def test_the_schema_is_closed() -> None:
    def opened(schema: Any, path: str) -> Iterator[str]:
        if (
            "properties" in schema
            and schema.get("type") == "object"
            and schema.get("additionalProperties") is not False
        ):
            yield path
        for name, inner in schema.get("properties", {}).items():
            yield from opened(inner, f"{path}.{name}")

    assert SCHEMA["additionalProperties"] is False
    assert [path for name, one in SCHEMA["definitions"].items() for path in opened(one, name)] == []
    assert list(opened(SCHEMA, "values")) == []


def test_the_table_of_values_is_current() -> None:
    paper = (CHART / "README.md").read_text(encoding="utf-8")
    assert paper == write.readme(paper, VALUES), "run `make chart`"


def test_rules_and_dashboards_in_the_chart_are_those_of_the_project() -> None:
    assert write.kept() == write.copies(), "run `make chart`"


def test_the_chart_has_the_version_of_the_project() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert f'version = "{chart["appVersion"]}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


REFUSED = {
    "screening.keda.enabled=true,screening.hpa.enabled=true": "screening.hpa.enabled",
    "imagee.tag=1": "imagee",
    "image.tagg=1": "tagg",
    "metricsPort=foo": "metricsPort",
    "screening.keda.minReplicas=0": "screening.keda.minReplicas",
    "kafka.securityProtocol=TLS": "kafka.securityProtocol",
    "kafka.bootstrap=broker": "kafka.bootstrap",
    "kafka.sasl.existingSecret=": "kafka.sasl.existingSecret",
    "kafka.sasl.mechanism=OAUTHBEARER": "kafka.oauth.existingSecret",
    "elasticsearch.url=search:9200": "elasticsearch.url",
    "privacy.existingSecret=": "privacy.existingSecret",
    "pod.runAsUser=0": "pod.runAsUser",
    "pod.terminationGracePeriodSeconds=1": "pod.terminationGracePeriodSeconds",
    "image.digest=latest": "image.digest",
    "model.cache.type=claim": "model.cache.claim",
    "collector.enabled=true": "collector",
    "kafka.securityProtocol=PLAINTEXT,kafka.tls.caSecret=ca": "kafka.tls.caSecret",
    "scaling.cooldownSeconds=5": "scaling.cooldownSeconds",
}


@pytest.mark.parametrize("which", HELMS)
@pytest.mark.parametrize("wrong", REFUSED)
def test_a_value_that_does_not_fit_is_refused_by_its_name(wrong: str, which: str) -> None:
    done = template(which, "minimal", "--set", wrong)
    assert done.code != 0
    assert done.out == ""
    assert "schema" in done.err
    assert REFUSED[wrong] in done.err.replace("/", "."), done.err


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            "screening.keda.enabled=true,screening.keda.maxReplicas=13",
            "maxReplicas 13 is more than kafka.partitions 12",
        ),
        ("screening.hpa.enabled=true,screening.hpa.minReplicas=9,screening.hpa.maxReplicas=8", "minReplicas 9 is more"),
        ("erasing.replicas=13", "erasing: replicas 13 is more than kafka.partitions 12"),
        ("collector.enabled=true,collector.sources=x,erasing.enabled=false", "erasing.enabled must be true"),
    ],
)
def test_numbers_that_do_not_fit_each_other_are_refused_in_a_line(wrong: str, says: str) -> None:
    done = template("helm4", "minimal", "--set", wrong)
    assert done.code != 0
    assert done.out == ""
    assert says in done.err


@pytest.mark.parametrize("missing", ["kafka.bootstrap", "elasticsearch.url", "privacy.existingSecret"])
def test_what_must_be_said_is_asked_for(missing: str) -> None:
    done = template("helm4", "minimal", "--set", f"{missing}=")
    assert missing in done.err.replace("/", ".")
