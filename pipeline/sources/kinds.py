"""The kinds of source: what `kind = "..."` in `config/sources.toml` may be, the settings of each, and how it is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from pipeline.broker.connection import Connection
from pipeline.errors import ConfigurationError
from pipeline.sources.connector import Connector
from pipeline.sources.push_sources import PushSource
from pipeline.sources.pushed import Pushed
from pipeline.sources.source_settings import EnvironmentName, SourceSettings, TokenSettings, read_secret

if TYPE_CHECKING:
    from pipeline.sources.mastodon_settings import Asked

Platforms = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=64)], ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind: the model of its table, and the connector that follows from a name, such settings and the broker."""

    settings: type[SourceSettings]
    make: Callable[[str, Any, Connection], Connector]


class ReplaySettings(SourceSettings):
    """A file of posts, a line each (plain, `.gz` or `.zst`), at a pace of `rate` lines a second, or as fast as they are taken."""

    path: Path
    rate: Annotated[float, Field(ge=0.01)] | None = None


class BlueskySettings(SourceSettings):
    """Bluesky's Jetstream on one of its wires; `hosts` as `wss://host`, tried in turn."""

    wire: Literal["v1", "v2"] = "v2"
    hosts: tuple[str, ...] = ()


class MastodonSettings(TokenSettings):
    """One timeline of an instance: all of it, that of its own people (`local`), or one hashtag."""

    base_url: str
    streaming_url: str | None = None
    tag: str | None = None
    local: bool = False
    private: bool = False
    skip_noindex: bool = True


class FeedSettings(SourceSettings):
    """RSS and Atom feeds, each asked every `every_s` seconds, less often where it says so."""

    urls: Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]
    every_s: Annotated[float, Field(ge=60, le=86_400)] = 900.0
    elsewhere: bool = False
    private: bool = False


class PushSettings(SourceSettings):
    """Others send posts of these platforms, signed under the secret; under the former one too while it is replaced."""

    platforms: Platforms
    secret_env: EnvironmentName | None = None
    secret_file: Path | None = None
    former_secret_env: EnvironmentName | None = None
    former_secret_file: Path | None = None
    topics: tuple[str, ...] = ()
    crc_secret_env: EnvironmentName | None = None
    crc_secret_file: Path | None = None

    def source(self, name: str) -> PushSource:
        """Who pushes.

        Raises:
            ConfigurationError: a secret is not where it should be.
        """
        for place in ("secret", "former_secret", "crc_secret"):
            if getattr(self, f"{place}_env") and getattr(self, f"{place}_file"):
                raise ConfigurationError(f"source {name}: give {place}_env or {place}_file, not both")
        places = ((self.secret_env, self.secret_file), (self.former_secret_env, self.former_secret_file))
        secrets = tuple(found for place in places if (found := _bytes(*place)))
        crc = _bytes(self.crc_secret_env, self.crc_secret_file)
        return PushSource(name, secrets, frozenset(self.platforms), frozenset(self.topics), crc)


class ConnectSettings(SourceSettings):
    """A topic that a source of Kafka Connect writes, and where a post's fields stand in its records."""

    topic: Annotated[str, Field(min_length=1, max_length=249)]
    platform: Annotated[str, Field(min_length=1, max_length=64)]
    fields: dict[str, str]
    key: str | None = None


def _replay(name: str, settings: ReplaySettings, _: Connection) -> Connector:
    from pipeline.sources.files import Replay

    return Replay(name, settings.path, rate=settings.rate)


def _bluesky(name: str, settings: BlueskySettings, _: Connection) -> Connector:
    from pipeline.sources.jetstream import Jetstream

    return Jetstream(name, settings.wire, settings.hosts)


def _mastodon(name: str, settings: MastodonSettings, _: Connection) -> Connector:
    from pipeline.sources.mastodon import Mastodon

    return Mastodon(asked_of_mastodon(name, settings))


def asked_of_mastodon(name: str, settings: MastodonSettings) -> "Asked":
    """What is asked of an instance.

    Raises:
        ConfigurationError: its token is not where it should be, or a value does not fit.
    """
    from pipeline.sources.mastodon_settings import Asked

    token = settings.token()
    return Asked(
        name,
        settings.base_url,
        tag=settings.tag,
        local=settings.local,
        token=token.get_secret_value() if token else None,
        streaming_url=settings.streaming_url,
        private=settings.private,
        skip_noindex=settings.skip_noindex,
    )


def _feeds(name: str, settings: FeedSettings, _: Connection) -> Connector:
    from pipeline.sources.feeds import Asked, Feeds

    every = timedelta(seconds=settings.every_s)
    return Feeds(Asked(name, settings.urls, every, elsewhere=settings.elsewhere, private=settings.private))


def _push(name: str, settings: PushSettings, _: Connection) -> Connector:
    return Pushed(settings.source(name))


def _connect(name: str, settings: ConnectSettings, connection: Connection) -> Connector:
    from pipeline.sources.connect import ConnectTopic, kafka_topics
    from pipeline.sources.connect_mapping import mapping

    read = mapping(settings.platform, settings.fields, settings.key)
    return ConnectTopic(name, settings.topic, read, kafka_topics(connection))


def _bytes(variable: str | None, file: Path | None) -> bytes | None:
    found = read_secret(variable, file)
    return found.get_secret_value().encode() if found else None


KINDS: Mapping[str, Kind] = {
    "replay": Kind(ReplaySettings, _replay),
    "bluesky": Kind(BlueskySettings, _bluesky),
    "mastodon": Kind(MastodonSettings, _mastodon),
    "rss": Kind(FeedSettings, _feeds),
    "push": Kind(PushSettings, _push),
    "connect": Kind(ConnectSettings, _connect),
}
