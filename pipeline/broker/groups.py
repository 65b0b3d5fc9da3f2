"""Whether somebody takes a topic: the live members of a consumer group."""

import time

from kafka.errors import KafkaError

from pipeline.broker.admin import admin
from pipeline.broker.connection import Connection
from pipeline.broker.topics import Topics
from pipeline.errors import BrokerUnavailable, ConfigurationError

ERASING = "erasing"
LOOK_AGAIN_S = 0.5


def members(connection: Connection, group: str) -> int:
    """How many live members a consumer group has: one that died counts until the broker's session timeout.

    Raises:
        BrokerUnavailable: the broker does not say.
    """
    with admin(connection) as client:
        try:
            return len(client.describe_groups([group])[group]["members"])
        except (KafkaError, LookupError) as error:
            raise BrokerUnavailable(f"the broker does not say who is in {group} ({type(error).__name__})") from None


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
