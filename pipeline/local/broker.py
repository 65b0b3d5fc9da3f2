"""Apache Kafka as an embedded server: one node that is broker and controller, its settings, and when it is ready."""

import base64
import json
import uuid
from pathlib import Path

from pipeline.local import jars
from pipeline.local.build import Built
from pipeline.local.java import command
from pipeline.local.ports import HOST, Ports, listens
from pipeline.local.server import Recipe, empty

_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners=PLAINTEXT://{host}:{kafka},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{kafka}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={storage}
num.partitions=1
auto.create.topics.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
offsets.retention.minutes=10080
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=2
group.initial.rebalance.delay.ms=0
message.max.bytes=20971520
replica.fetch.max.bytes=20971520
log.retention.check.interval.ms=60000
log.cleaner.dedupe.buffer.size=16777216
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
num.network.threads=2
num.io.threads=4
"""
# broker.session.timeout.ms: by default a restart after a kill waits 9 s and more for the dead broker's session to end.


def settings(storage: Path, ports: Ports) -> str:
    """The text of `server.properties`. That format is Latin-1 with escapes for the rest, which are JSON's as well."""
    escaped = json.dumps(str(storage))[1:-1]
    return _SETTINGS.format(host=HOST, kafka=ports.kafka, controller=ports.controller, storage=escaped)


def cluster_id() -> str:
    """A random cluster id in Kafka's form. One that starts with `-` would be read as an option by its formatter."""
    while True:
        drawn = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not drawn.startswith("-"):
            return drawn


def is_new(data: Path) -> bool:
    """Whether Kafka's storage is still to be formatted."""
    return not (data / "kafka" / "storage" / "meta.properties").exists()


def recipe(data: Path, cache: Path, built: Built, java: Path, ports: Ports) -> Recipe:
    """Write the settings under `data/kafka` and say how to run the broker; new storage is formatted by the start."""
    folder = data / "kafka"
    empty(folder / "tmp")
    written = folder / "server.properties"
    written.write_text(settings(folder / "storage", ports), encoding="utf-8")
    options = [
        *("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
        f"-Djava.io.tmpdir={folder / 'tmp'}",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss",
    ]
    arguments = [str(written), *([cluster_id()] if is_new(data) else [])]
    class_path = [built.classes, *jars.paths(cache, "kafka")]
    return Recipe(
        name="kafka",
        command=command(java, "fanal.server.Broker", class_path, options, arguments),
        log=data / "logs" / "kafka.log",
        ready=lambda: listens(ports.kafka) and answers(ports.kafka),
    )


def answers(port: int) -> bool:
    """Whether the broker says, when asked for the cluster, that it is a live member and that there is a controller."""
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    try:
        admin = KafkaAdminClient(bootstrap_servers=f"{HOST}:{port}", request_timeout_ms=5000, bootstrap_timeout_ms=5000)
        try:
            cluster = admin.describe_cluster()
        finally:
            admin.close()
    except (KafkaError, OSError):
        return False
    live = [broker for broker in cluster["brokers"] if not broker.get("is_fenced")]
    return bool(live) and int(cluster["controller_id"]) >= 0
