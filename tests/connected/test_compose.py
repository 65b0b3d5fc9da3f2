"""The real broker takes the settings that compose.yaml gives to its container, and lays out Fanal's topics under them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.broker.admin import admin, check_layout, set_up
from pipeline.broker.connection import Connection
from pipeline.broker.topics import Topics, specs
from pipeline.local import broker, folder, java, ports
from pipeline.local.build import build
from pipeline.local.claim import claim
from pipeline.local.report import to_nobody
from tests.conftest import CACHE
from tests.connected.own_broker import OwnBroker
from tests.connected.pipelines import ROOT

pytestmark = pytest.mark.connected

NOT_OF_THE_BROKER = {"KAFKA_HEAP_OPTS", "KAFKA_LOG_DIRS"}


def properties(environment: dict[str, Any], chosen: ports.Ports, host: int) -> dict[str, str]:
    """As the image's start makes `server.properties` of its environment, on loopback and free ports."""
    found = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): str(value)
        for name, value in environment.items()
        if name not in NOT_OF_THE_BROKER
    }
    numbers = {":9092": f":{chosen.kafka}", ":19092": f":{host}", ":9093": f":{chosen.controller}"}
    for name in ("listeners", "advertised.listeners", "controller.quorum.voters"):
        text = (
            found[name]
            .replace("${KAFKA_PORT:-19092}", "19092")
            .replace("kafka:", "127.0.0.1:")
            .replace("//:", "//127.0.0.1:")
        )
        for theirs, ours in numbers.items():
            text = text.replace(theirs, ours)
        found[name] = text
    return found


def test_the_real_broker_starts_with_the_settings_of_the_container(tmp_path: Path) -> None:
    environment = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["kafka"][
        "environment"
    ]
    folder.prepare(tmp_path)
    held, runtime = claim(tmp_path), java.find()
    chosen = ports.choose(tmp_path, to_nobody)
    recipe = broker.recipe(tmp_path, CACHE, build(CACHE, runtime, to_nobody), runtime, chosen)
    written = tmp_path / "kafka" / "server.properties"
    embedded = dict(line.split("=", 1) for line in written.read_text(encoding="utf-8").splitlines())
    host = ports.new_port([chosen.kafka, chosen.controller, chosen.search, chosen.transport])
    settings = properties(environment, chosen, host)
    lines = settings | {"log.dirs": embedded["log.dirs"]}
    written.write_text("".join(f"{name}={value}\n" for name, value in lines.items()), encoding="utf-8")
    made = OwnBroker(recipe, f"127.0.0.1:{chosen.kafka}", held.descriptor)
    try:
        made.start()
        for port in (chosen.kafka, host):
            with admin(Connection(f"127.0.0.1:{port}")) as client:
                assert [member["port"] for member in client.describe_cluster()["brokers"]] == [port]
        wanted = specs(Topics(), partitions=3, replication=1, retention_hours=1)
        set_up(Connection(f"127.0.0.1:{host}"), wanted)
        check_layout(Connection(f"127.0.0.1:{host}"), wanted)
    finally:
        made.kill()
        held.release()
    same = {name for name in settings.keys() & embedded.keys() if "listener" not in name and "quorum" not in name}
    assert {name: settings[name] for name in same} == {name: embedded[name] for name in same}
    assert {"message.max.bytes", "offsets.retention.minutes", "auto.create.topics.enable"} <= same
