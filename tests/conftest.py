"""What the connected tests share: one embedded Kafka and Elasticsearch for the session, started at the first need."""

import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from pipeline.local.fetch import DEFAULT_CACHE
from pipeline.local.report import to_nobody
from pipeline.local.stack import LocalStack
from pipeline.settings import ElasticsearchSettings, KafkaSettings, PrivacySettings, ServeSettings, Settings

with warnings.catch_warnings():
    # kafka-python 3.0.12 reads its own files by a deprecated function when it is imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    import kafka  # noqa: F401

CACHE = Path(os.environ.get("FANAL_CACHE", str(DEFAULT_CACHE))).expanduser()
PARTITIONS = 3

NewSettings = Callable[[Path], Settings]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The real servers, with data of their own and the programs of the user's cache."""
    with LocalStack(tmp_path_factory.mktemp("stack"), CACHE, to_nobody) as running:
        yield running


@pytest.fixture(scope="session")
def kafka_bootstrap(stack: LocalStack) -> str:
    return stack.endpoints.kafka


@pytest.fixture(scope="session")
def search_url(stack: LocalStack) -> str:
    return stack.endpoints.elasticsearch


@pytest.fixture(scope="session")
def new_settings(kafka_bootstrap: str, search_url: str) -> NewSettings:
    """Makes settings for a pipeline of its own on the session's servers, with its own topics, indices and keys."""

    def make(data: Path) -> Settings:
        own = f"t{uuid4().hex[:10]}"
        return Settings(
            data=data,
            cache=CACHE,
            kafka=KafkaSettings(
                bootstrap=kafka_bootstrap, prefix=f"{own}.", partitions=PARTITIONS, session_timeout_s=6
            ),
            elasticsearch=ElasticsearchSettings(url=search_url, prefix=own),
            privacy=PrivacySettings(
                pseudonym_key=SecretStr(f"only for tests {own}"),
                evidence_key=SecretStr(Fernet.generate_key().decode()),
            ),
            serve=ServeSettings(metrics_port=0),
        )

    return make


@pytest.fixture
def settings(new_settings: NewSettings, tmp_path: Path) -> Settings:
    return new_settings(tmp_path)
