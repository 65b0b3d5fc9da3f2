"""What is asked of a Mastodon instance: plain values, checked once."""

from dataclasses import dataclass, field
from datetime import timedelta

import httpx

from pipeline.sources.connector import SourceRefused
from pipeline.sources.reach import REFUSALS, Reach

_TIMELINE = "its public timeline wants a token or is closed: set a token of an account there, or remove the source"
_REFUSALS = {
    **REFUSALS,
    401: _TIMELINE,
    403: _TIMELINE,
    404: "it has no such timeline: base_url must be an instance that speaks Mastodon's API",
    422: _TIMELINE,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One timeline of one instance: all public posts, or those with a hashtag; of all servers, or (`local`) of its own people.

    `streaming_url` where the instance streams from another host. `stall_s` without a byte (the instance sends a heartbeat every
    15 s) ends the connection; `rewind_s` is read again after each: posts of other servers arrive late under early ids.
    """

    name: str
    base_url: str
    tag: str | None = None
    local: bool = False
    token: str | None = field(default=None, repr=False)
    streaming_url: str | None = None
    private: bool = False
    skip_noindex: bool = True
    stall_s: float = 60.0
    rewind_s: float = 300.0
    recheck_after: timedelta = timedelta(hours=24)

    def __post_init__(self) -> None:
        if self.tag is not None and not self.tag.removeprefix("#").isidentifier():
            raise SourceRefused(f'{self.name}: tag must be one hashtag of letters, digits and _, as in tag = "jobs"')
        if self.token and not self.private and not self.base_url.startswith("https://"):
            raise SourceRefused(f"{self.name}: a token goes only over https: change base_url")

    @property
    def host(self) -> str:
        """The instance's host, and its port where it is not the usual one."""
        return httpx.URL(self.base_url).netloc.decode("ascii")

    @property
    def rule(self) -> str:
        """What collected a post: `public`, `local`, `#tag`."""
        return f"#{self._tag}" if self._tag else ("local" if self.local else "public")

    @property
    def _tag(self) -> str:
        return (self.tag or "").removeprefix("#")

    def reach(self, streaming: bool = False) -> Reach:
        """What the client may do."""
        return Reach(
            base_url=(self.streaming_url if streaming else None) or self.base_url,
            headers={"authorization": f"Bearer {self.token}"} if self.token else {},
            max_bytes=32 << 20,
            timeout_s=self.stall_s,
            private=self.private,
            refusals=_REFUSALS,
        )

    def stream(self) -> tuple[str, dict[str, str]]:
        """Path and parameters of the stream."""
        path = f"/api/v1/streaming/{'hashtag' if self._tag else 'public'}{'/local' if self.local else ''}"
        return path, {"tag": self._tag} if self._tag else {}

    def timeline(self) -> tuple[str, dict[str, str]]:
        """Path and parameters of the same timeline over REST."""
        path = f"/api/v1/timelines/tag/{self._tag}" if self._tag else "/api/v1/timelines/public"
        return path, {"local": "true"} if self.local else {}
