"""Whether somebody takes a topic: the live members of a consumer group."""

import time

from kafka.errors import GroupAuthorizationFailedError, KafkaError

from pipeline.broker.admin import admin
from pipeline.broker.connection import Connection
from pipeline.broker.topics import Topics
from pipeline.errors import BrokerUnavailable, ConfigurationError

ERASING = "erasing"
LOOK_AGAIN_S = 0.5
COORDINATOR_S = 15.0


def members(connection: Connection, group: str) -> int:
    """How many live members a consumer group has: one that died counts until the broker's session timeout.

    Raises:
        BrokerUnavailable: the broker does not say.
        ConfigurationError: this login may not know.
    """
    deadline = time.monotonic() + COORDINATOR_S
    with admin(connection) as client:
        while True:
            try:
                return len(client.describe_groups([group])[group]["members"])
            except GroupAuthorizationFailedError:
                raise ConfigurationError(f"this login may not see group {group}: it lacks the ACL Describe") from None
            except (KafkaError, LookupError) as error:
                # a broker that has just started, or never had a group, needs a moment to find who keeps its groups
                if not getattr(error, "retriable", False) or time.monotonic() >= deadline:
                    why = type(error).__name__
                    raise BrokerUnavailable(f"the broker does not say who is in {group} ({why})") from None
            time.sleep(LOOK_AGAIN_S)


def require_erasing(connection: Connection, topics: Topics, patience_s: float = 0.0) -> None:
    """Refuse to take posts from a live platform where its deletions would not be carried out. Blocks for `patience_s` at most.

    Raises:
        ConfigurationError: no worker takes `erasures`.
        BrokerUnavailable: the broker does not say.
    """
    deadline = time.monotonic() + patience_s
    while not members(connection, topics.group(ERASING)):
        if time.monotonic() >= deadline:
            raise ConfigurationError(
                "no worker carries out deletions, so no live source may start: start `fanal work erasing`"
            )
        time.sleep(LOOK_AGAIN_S)
