"""Who may push: a source's name, its secrets, and the platforms that it may speak of."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.errors import ConfigurationError
from pipeline.posts import Post, Rejected
from pipeline.sources.connector import Event
from pipeline.sources.events import Provenance, placed, read_event
from pipeline.sources.signatures import LEAST_SECRET

PARSER = "push-1"


@dataclass(frozen=True, slots=True)
class PushSource:
    """One that pushes.

    Of two secrets either is taken (while one replaces the other). A line of another platform than these is rejected: else
    one source could erase another's posts. `topics` are the WebSub topics whose subscription is confirmed; `crc_secret` is
    X's consumer secret, and signs nothing but its challenge.
    """

    name: str
    secrets: tuple[bytes, ...] = field(repr=False)
    platforms: frozenset[str]
    topics: frozenset[str] = frozenset()
    crc_secret: bytes | None = field(default=None, repr=False)

    @classmethod
    def nobody(cls) -> "PushSource":
        """A source that nobody can be."""
        return cls("", (), frozenset())

    def read(self, raw: bytes, where: str) -> Event:
        """One line as an event of this source."""
        event = read_event(raw, where)
        if isinstance(event, Rejected):
            return event
        if event.platform not in self.platforms:
            detail = "platform is none of those that this source may send"
            return placed(Rejected(raw=raw, reason="wrong_type", detail=detail), where)
        return Provenance(self.name, "push", PARSER).of(event, raw) if isinstance(event, Post) else event


def checked(sources: Sequence[PushSource]) -> Sequence[PushSource]:
    """The sources, where their secrets are long enough and each signs for one source and one purpose.

    Raises:
        ConfigurationError: one does not; the message names the source, never a secret.
    """
    owners: dict[bytes, str] = {}
    for source in sources:
        if not source.secrets or not source.platforms:
            raise ConfigurationError(f"source {source.name}: push needs a secret and the platforms that it may send")
        for secret in (*source.secrets, *([source.crc_secret] if source.crc_secret else [])):
            if len(secret) < LEAST_SECRET and secret != source.crc_secret:
                raise ConfigurationError(
                    f"source {source.name}: its secret is shorter than {LEAST_SECRET} bytes; `openssl rand -hex 32` makes one"
                )
            if secret in owners:
                raise ConfigurationError(
                    f"source {source.name}: its secret is also in use at {owners[secret]}; give each its own"
                )
            owners[secret] = f"source {source.name}"
    return sources
