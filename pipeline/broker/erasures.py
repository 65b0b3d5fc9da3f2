"""Sending erasures outside an agent: on a person's request."""

from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from pipeline.broker.connection import Connection
from pipeline.broker.topics import Topics, author_key, post_key
from pipeline.codec import encode
from pipeline.errors import BrokerUnavailable
from pipeline.posts import Erasure


async def send_erasures(connection: Connection, topics: Topics, erasures: Sequence[Erasure]) -> None:
    """Send erasures; returns when the broker has acknowledged all of them.

    Raises:
        BrokerUnavailable: it does not answer, or did not acknowledge.
    """
    producer = AIOKafkaProducer(acks="all", enable_idempotence=True, **connection.aiokafka())
    try:
        await producer.start()
        for erasure in erasures:
            await producer.send_and_wait(topics.erasures, encode(erasure), key=erasure_key(erasure))
    except (KafkaError, OSError) as error:
        raise BrokerUnavailable(
            f"the broker at {connection.bootstrap} did not take the erasures ({type(error).__name__}); send them again"
        ) from None
    finally:
        await producer.stop()


def erasure_key(erasure: Erasure) -> bytes:
    """The key of its record: its post's own, or the account's."""
    if erasure.native_id is not None:
        return post_key(erasure.platform, erasure.native_id)
    return author_key(erasure.platform, erasure.author_id or "")
