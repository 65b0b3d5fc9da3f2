"""What the embedded servers are told."""

import json
from pathlib import Path

import pytest
import yaml

from pipeline.errors import ConfigurationError
from pipeline.local import broker, java, search
from pipeline.local.ports import Ports

PORTS = Ports(kafka=21001, controller=21002, search=21003, transport=21004)


def properties(text: str) -> dict[str, str]:
    lines = (line.partition("=") for line in text.splitlines())
    return {name: value for name, _, value in lines}


def test_kafka_listens_on_loopback_only() -> None:
    told = properties(broker.settings(Path("/data/kafka"), PORTS))
    assert told["listeners"] == "PLAINTEXT://127.0.0.1:21001,CONTROLLER://127.0.0.1:21002"
    assert told["advertised.listeners"] == "PLAINTEXT://127.0.0.1:21001"


def test_kafka_takes_large_records_and_makes_no_topic_by_itself() -> None:
    told = properties(broker.settings(Path("/data/kafka"), PORTS))
    assert told["message.max.bytes"] == told["replica.fetch.max.bytes"] == "20971520"
    assert told["auto.create.topics.enable"] == "false"
    assert told["broker.session.timeout.ms"] == "2000"


def test_a_path_beyond_latin_is_escaped_for_java() -> None:
    told = properties(broker.settings(Path("/données/ب"), PORTS))
    assert told["log.dirs"] == "/donn\\u00e9es/\\u0628"


def test_a_cluster_id_never_looks_like_an_option() -> None:
    drawn = {broker.cluster_id() for _ in range(500)}
    assert len(drawn) == 500
    assert not any(one.startswith("-") for one in drawn)
    assert {len(one) for one in drawn} == {22}


def test_elasticsearch_is_told_in_yaml() -> None:
    told = yaml.safe_load(search.settings(Path('/da"ta/é'), PORTS))
    assert told["network.host"] == "127.0.0.1"
    assert (told["http.port"], told["transport.port"]) == (21003, 21004)
    assert told["path.data"] == '/da"ta/é/storage'
    assert told["action.auto_create_index"] is False


def test_the_disk_marks_are_sizes_and_fall() -> None:
    told = yaml.safe_load(search.settings(Path("/data"), PORTS))
    marks = [told[f"cluster.routing.allocation.disk.watermark.{name}"] for name in ("low", "high", "flood_stage")]
    assert marks == ["1gb", "500mb", "250mb"]


def test_the_servers_do_not_see_secrets_or_java_options_of_the_environment() -> None:
    outer = {"PATH": "/bin", "HOME": "/h", "FANAL_KEY": "secret", "JAVA_TOOL_OPTIONS": "-x", "https_proxy": "p"}
    assert json.dumps(java.environment(outer)) == json.dumps({"PATH": "/bin", "HOME": "/h", "LC_ALL": "C.UTF-8"})


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_the_packaged_java_is_used_where_none_is_named() -> None:
    assert java.find({}).name in ("java", "java.exe")


def test_a_named_java_is_used_when_it_is_recent(tmp_path: Path) -> None:
    named = script(tmp_path / "java", "echo 'openjdk version \"21.0.2\" 2024' >&2")
    assert java.find({"FANAL_JAVA": named}) == Path(named)


@pytest.mark.parametrize(
    ("said", "reason"),
    [("echo 'openjdk version \"17.0.15\"' >&2", "version 17"), ("exit 3", "does not run"), ("true", "does not say")],
)
def test_a_named_java_that_will_not_do_is_refused_in_one_line(tmp_path: Path, said: str, reason: str) -> None:
    named = script(tmp_path / "java", said)
    with pytest.raises(ConfigurationError, match=reason) as refusal:
        java.find({"FANAL_JAVA": named})
    assert "\n" not in str(refusal.value)
