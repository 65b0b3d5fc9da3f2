"""Events to bytes: provenance on every post, texts cut at their limit, and a letter for whatever cannot be written as it is."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Literal, assert_never

import msgspec

from pipeline.broker.erasures import erasure_key
from pipeline.broker.topics import post_key
from pipeline.codec import MAX_LINE, MAX_TEXT, encode
from pipeline.posts import Erasure, Post, Rejected, Transport
from pipeline.sources.connector import Connector, Event
from pipeline.version import VERSION

MAX_RAW = 16 << 20
KEPT_OF_OVERLONG = 1 << 20
_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Ready:
    """An event as it goes to the broker: to `posts`, to `erasures`, or to `posts.rejected` with its headers."""

    sort: Literal["post", "erasure", "rejected"]
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]] = ()


class Stamp:
    """Puts on the events of one source what its connector did not.

    `ingest_id` is unique: the run of the collector, and a number. A text of more than 20,000 characters is cut and the post
    marked `truncated`.
    """

    def __init__(self, of: Connector) -> None:
        self._source = of.name
        self._transport: Transport = "live" if of.live else "replay"
        self._parser = f"{of.platform}-{VERSION}"
        self._run = secrets.token_hex(4)
        self._numbers = count(1)

    def __call__(self, event: Event, now: datetime) -> Ready:
        """The event, ready. Never raises for what it holds."""
        try:
            match event:
                case Post():
                    return self._post(event, now)
                case Erasure():
                    return Ready("erasure", erasure_key(event), encode(event))
                case Rejected():
                    return self._letter(event)
                case _:
                    assert_never(event)
        except (AssertionError, TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
            return self._letter(_unwritable(event, error))

    def _post(self, post: Post, now: datetime) -> Ready:
        if len(post.text) > MAX_TEXT:
            post = msgspec.structs.replace(post, text=post.text[:MAX_TEXT], text_html=None, truncated=True)
        stamped = msgspec.structs.replace(
            post,
            source_id=post.source_id or self._source,
            transport=post.transport or self._transport,
            observed_at=post.observed_at or now,
            ingest_id=post.ingest_id or f"{self._run}-{next(self._numbers)}",
            parser_version=post.parser_version or self._parser,
        )
        line = encode(stamped)
        if len(line) > MAX_LINE:
            return self._letter(Rejected(raw=line, reason="too_large", detail=f"the post has {len(line)} bytes"))
        return Ready("post", post_key(post.platform, post.native_id), line)

    def _letter(self, rejected: Rejected) -> Ready:
        """A record of `posts.rejected`. It does not pass by `posts`: refused bytes may well read as a post, or as several."""
        raw, detail = rejected.raw, rejected.detail
        if len(raw) > MAX_RAW:
            raw, detail = raw[:KEPT_OF_OVERLONG], f"{detail}; cut: it has {len(raw)} bytes"
        headers = {
            "reason": rejected.reason,
            "detail": detail[:_SHOWN],
            "stage": "collecting",
            "whence": self._source,
        }
        encoded = [(name, value.encode("utf-8", "replace")) for name, value in headers.items()]
        return Ready("rejected", self._source.encode(), raw, encoded)


def _unwritable(event: object, error: Exception) -> Rejected:
    """Half a surrogate pair, a number beyond 64 bits, a type that JSON has not: the text is kept, as far as it goes."""
    text = getattr(event, "text", None)
    raw = text[:MAX_TEXT].encode("utf-8", "surrogatepass") if isinstance(text, str) else b""
    reason: Literal["bad_text", "wrong_type"] = "bad_text" if isinstance(error, UnicodeError) else "wrong_type"
    return Rejected(raw=raw, reason=reason, detail=f"the post cannot be written as JSON ({type(error).__name__})")
