"""What a login may do on topics and groups, asked of the broker without doing any of it (KIP-430), against what roles need."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kafka.errors import GroupAuthorizationFailedError, KafkaError

from pipeline.broker.admin import FORBIDDEN, admin
from pipeline.broker.connection import Connection
from pipeline.broker.groups import COORDINATOR_S, LOOK_AGAIN_S
from pipeline.broker.topics import Topics
from pipeline.errors import BrokerUnavailable, ConfigurationError

Operation = Literal["Read", "Write", "Create", "Describe", "DescribeConfigs", "AlterConfigs"]

_NAMES: dict[str, Operation] = {
    "READ": "Read",
    "WRITE": "Write",
    "CREATE": "Create",
    "DESCRIBE": "Describe",
    "DESCRIBE_CONFIGS": "DescribeConfigs",
    "ALTER_CONFIGS": "AlterConfigs",
}
"""kafka-python's names of `org.apache.kafka.common.acl.AclOperation`, and those of Kafka's own tools."""
LAYING_OUT: tuple[Operation, ...] = ("DescribeConfigs", "AlterConfigs")
MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Needs:
    """What a role reads and writes, as attributes of `Topics`, and which roles' consumer groups it uses."""

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    lays_out: bool = False


WORKERS = ("screening", "indexing", "erasing", "trends")
ROLES = {
    "screening": Needs(("posts", "screened", "erasures"), ("hits", "screened", "rejected"), ("screening",)),
    "indexing": Needs(("hits",), ("rejected",), ("indexing",)),
    "erasing": Needs(("erasures",), ("erasures", "rejected"), ("erasing",)),
    "trends": Needs(("hits", "screened", "sightings", "trends"), ("sightings", "trends", "alerts"), ("trends",)),
    "collecting": Needs(("cursors",), ("posts", "erasures", "rejected", "cursors"), ("erasing",)),
    "replay": Needs(writes=("posts",)),
    "account": Needs(reads=("posts", "screened", "rejected")),
    "setup": Needs(lays_out=True),
}
"""Every role sees all topics (`Describe`) besides, which `Read` and `Write` imply. No role uses transactions: producers are
idempotent, which `Write` on a topic allows."""

ALL_TOPICS = ("posts", "rejected", "hits", "screened", "sightings", "trends", "alerts", "erasures", "cursors")


def missing(connection: Connection, topics: Topics, roles: Sequence[str]) -> list[str]:
    """What the login lacks for these roles, a phrase a topic or group: `Read, Write on topic hits (for screening, indexing)`.

    Raises:
        BrokerUnavailable: the broker does not say.
    """
    wanted = _wanted(topics, roles)
    groups = {group: [role for role in roles if group in ROLES[role].groups] for group in WORKERS}
    with admin(connection) as client:
        try:
            lacking = [line for topic, rights in wanted.items() if (line := _lacking(client, topic, rights))]
            return lacking + [
                f"Read on group {topics.group(group)} (for {', '.join(users)})"
                for group, users in groups.items()
                if users and not _open(client, topics.group(group))
            ]
        except KafkaError as error:
            raise BrokerUnavailable(
                f"the broker does not say what this login may do ({type(error).__name__})"
            ) from None


def _lacking(client: Any, topic: str, rights: Mapping[Operation, list[str]]) -> str:
    held = _operations(client, topic)
    lacked = {} if held is None else {right: users for right, users in rights.items() if right not in held}
    if lacked.keys() & {"Read", "Write"}:
        lacked.pop("Describe", None)  # it comes with them
    users = sorted({user for of in lacked.values() for user in of})
    return f"{', '.join(sorted(lacked))} on topic {topic} (for {', '.join(users)})" if lacked else ""


def require(connection: Connection, topics: Topics, roles: Sequence[str]) -> None:
    """Refuse a login that may not do what roles need.

    Raises:
        ConfigurationError: an ACL is missing; the message names each, ten at most.
        BrokerUnavailable: the broker does not say.
    """
    if lacking := missing(connection, topics, roles):
        more = f"; and {len(lacking) - MOST_NAMED} more" if len(lacking) > MOST_NAMED else ""
        named = "; ".join(lacking[:MOST_NAMED])
        raise ConfigurationError(f"this login lacks an ACL: {named}{more}: add it on the broker (docs/secured.md)")


def _wanted(topics: Topics, roles: Iterable[str]) -> dict[str, dict[Operation, list[str]]]:
    """Topics to operations to the roles that need them."""
    found: dict[str, dict[Operation, list[str]]] = {}
    for role in roles:
        needs = ROLES[role]
        pairs: list[tuple[str, Operation]] = [(name, "Read") for name in needs.reads]
        pairs += [(name, "Write") for name in needs.writes] + [(name, "Describe") for name in ALL_TOPICS]
        if needs.lays_out:
            pairs += [(name, right) for name in ALL_TOPICS for right in LAYING_OUT]
        for name, right in pairs:
            found.setdefault(getattr(topics, name), {}).setdefault(right, []).append(role)
    return found


def _operations(client: Any, topic: str) -> set[Operation] | None:
    """What we may do on a topic; None where it is not there, or the broker is too old to say."""
    [described] = client.describe_topics([topic])
    if described["error_code"] == FORBIDDEN:
        return set()
    said = described.get("authorized_operations")  # what is there may be described: an empty answer is none
    return {_NAMES[name] for name in said if name in _NAMES} if said and not described["error_code"] else None


def _open(client: Any, group: str) -> bool:
    """Whether we may use a group. `Describe` on it follows from `Read`, which is what is granted in practice."""
    deadline = time.monotonic() + COORDINATOR_S
    while True:
        try:
            said = client.describe_groups([group])[group].get("authorized_operations")
        except GroupAuthorizationFailedError:
            return False
        except KafkaError as error:
            # a broker that has just started needs a moment to find who keeps its groups
            if not getattr(error, "retriable", False) or time.monotonic() >= deadline:
                raise
            time.sleep(LOOK_AGAIN_S)
        else:
            return not said or "READ" in said
