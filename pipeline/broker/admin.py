"""What `fanal setup` and the checks ask of the broker, through kafka-python's admin client."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import AuthorizationError, KafkaError, TopicAlreadyExistsError

from pipeline.broker.connection import Connection
from pipeline.broker.probing import explain, settled
from pipeline.broker.topics import TopicSpec
from pipeline.errors import ConfigurationError

TIMEOUT_MS = 15_000
LAYING_OUT = "DescribeConfigs and AlterConfigs"
FORBIDDEN = 29
"""Kafka's error TOPIC_AUTHORIZATION_FAILED."""


@contextmanager
def admin(connection: Connection) -> Iterator[Any]:
    """An admin client, closed afterwards.

    Raises:
        BrokerUnavailable: no broker answers at the address.
        ConfigurationError: one does, and the login or the certificates do not fit.
    """
    if connection.security_protocol != "PLAINTEXT":
        settled(connection)  # the client would try a wrong password for 15 s
    try:
        client = KafkaAdminClient(
            request_timeout_ms=TIMEOUT_MS, bootstrap_timeout_ms=TIMEOUT_MS, **connection.kafka_python()
        )
    except (KafkaError, OSError, ValueError) as error:
        raise explain(connection, error) from None
    try:
        yield client
    finally:
        client.close()


def set_up(connection: Connection, wanted: Sequence[TopicSpec]) -> list[str]:
    """Create the topics that are missing and give all of them their settings. Returns a line per change.

    Raises:
        ConfigurationError: a topic exists with another number of partitions (raising it would break the order by key).
        BrokerUnavailable: no broker answers.
    """
    with admin(connection) as client:
        existing = _partitions(client)
        _refuse_hidden(client, existing, wanted)
        _refuse_other_layout(existing, wanted)
        changes = [_create(client, spec) for spec in wanted if spec.name not in existing]
        client.wait_for_topics([spec.name for spec in wanted], timeout_ms=TIMEOUT_MS)
        for spec in wanted:
            if spec.name in existing:
                changes += _alter(client, spec)
        return changes


def check_layout(connection: Connection, wanted: Sequence[TopicSpec]) -> None:
    """Refuse to work on topics that are missing or laid out otherwise.

    Raises:
        ConfigurationError: what is missing or different, and what to do.
    """
    with admin(connection) as client:
        existing = _partitions(client)
        _refuse_hidden(client, existing, wanted)
    missing = [spec.name for spec in wanted if spec.name not in existing]
    if missing:
        raise ConfigurationError(f"topic {missing[0]} does not exist; run `fanal setup` first")
    _refuse_other_layout(existing, wanted)


def _partitions(client: Any) -> dict[str, int]:
    return {str(topic["name"]): len(topic["partitions"]) for topic in client.describe_topics()}


def _refuse_hidden(client: Any, existing: dict[str, int], wanted: Sequence[TopicSpec]) -> None:
    """A topic that the login may not see is left out of a list of all, as if it were not there."""
    for spec in wanted:
        if spec.name not in existing and client.describe_topics([spec.name])[0]["error_code"] == FORBIDDEN:
            raise ConfigurationError(
                f"this login may not see topic {spec.name}: it lacks an ACL (Describe on it, or what the role needs); "
                "`fanal check` says which"
            )


def _refuse_other_layout(existing: dict[str, int], wanted: Sequence[TopicSpec]) -> None:
    for spec in wanted:
        found = existing.get(spec.name)
        if found is not None and found != spec.partitions:
            raise ConfigurationError(
                f"topic {spec.name} has {found} partitions, the settings say {spec.partitions}; set "
                f"FANAL_KAFKA_PARTITIONS={found}, or choose another FANAL_KAFKA_PREFIX (posts and screened must match)"
            )


def _create(client: Any, spec: TopicSpec) -> str:
    try:
        client.create_topics(
            [NewTopic(spec.name, spec.partitions, spec.replication, topic_configs=dict(spec.settings))],
            timeout_ms=TIMEOUT_MS,
        )
    except TopicAlreadyExistsError:
        return f"topic {spec.name}: was there already"
    except AuthorizationError:
        raise ConfigurationError(f"this login may not create topic {spec.name}: it lacks the ACL Create") from None
    except KafkaError as error:
        raise ConfigurationError(f"topic {spec.name} could not be created: {type(error).__name__}: {error}") from None
    return f"topic {spec.name}: created with {spec.partitions} partitions"


def _alter(client: Any, spec: TopicSpec) -> list[str]:
    found = _settings(client, spec.name)
    if not found:  # what may not be described is empty, without an error
        raise ConfigurationError(f"this login may not lay out topic {spec.name}: it lacks the ACLs {LAYING_OUT}")
    different = {key: value for key, value in spec.settings.items() if found.get(key) != value}
    if not different:
        return []
    said = client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, spec.name, configs=different)])
    if "AuthorizationFailed" in said["topic"][spec.name]:
        raise ConfigurationError(f"this login may not lay out topic {spec.name}: it lacks the ACLs {LAYING_OUT}")
    return [f"topic {spec.name}: {key} set to {value}" for key, value in sorted(different.items())]


def _settings(client: Any, topic: str) -> dict[str, str]:
    described = client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")
    return {key: str(entry["value"]) for key, entry in described["topic"][topic].items()}
