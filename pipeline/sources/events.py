"""A line that was handed in, as an event: a post, an erasure (`{"erase": {...}}`), or neither.

{"platform": "forum", "native_id": "7", "text": "...", "created_at": "2026-11-24T12:00:00Z"}
{"erase": {"platform": "forum", "native_id": "7", "cause": "deleted", "erased_at": "2026-11-24T13:00:00Z"}}
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from pipeline.codec import CLOCK_SKEW, EARLIEST, MAX_LINE, decode_erasure, decode_post
from pipeline.posts import Erasure, Post, Reason, Rejected, Transport
from pipeline.sources.connector import Event
from pipeline.sources.nesting import is_too_deep

UNLINKED = frozenset({"reddit", "x"})
"""Platforms whose terms forbid linking an author to accounts elsewhere, whatever a line says."""


class _Erase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    erase: msgspec.Raw


class _Line(msgspec.Struct, frozen=True):
    erase: msgspec.Raw = msgspec.Raw()


_QUOTED = re.compile("^(Invalid enum value|Object contains unknown field) .*?(?= - at |$)", re.DOTALL)
"""What msgspec's messages quote of the content."""

_marked = msgspec.json.Decoder(_Line)
_alone = msgspec.json.Decoder(_Erase)


def read_event(raw: bytes, where: str, now: datetime | None = None) -> Event:
    """Read one line. What it is not able to be is a `Rejected` whose detail begins with `where` (`line 7`). Never raises."""
    now = now or datetime.now(UTC)
    if len(raw) <= MAX_LINE and is_too_deep(raw):
        return placed(_reject(raw, "too_deep", "the JSON is nested too deeply"), where)
    event = _erasure(raw, now) if _is_erasure(raw) else decode_post(raw, now)
    if isinstance(event, Rejected):
        return placed(event, where)
    return event


def placed(rejected: Rejected, where: str) -> Rejected:
    """The same, saying where it stood."""
    return msgspec.structs.replace(rejected, detail=f"{where}: {rejected.detail}"[:500])


@dataclass(frozen=True, slots=True)
class Provenance:
    """How events come in: the source's name, the way, and what read them."""

    source: str
    transport: Transport
    parser: str

    def of(self, post: Post, raw: bytes, now: datetime | None = None) -> Post:
        """The post with its provenance, and under what its platform's terms demand at the least.

        The time at which somebody saw it and the digest of what its platform sent stay where it has them.
        """
        linked = post.terms.may_link_actor and post.platform.lower() not in UNLINKED
        return msgspec.structs.replace(
            post,
            source_id=self.source,
            transport=self.transport,
            parser_version=post.parser_version or self.parser,
            observed_at=post.observed_at or now or datetime.now(UTC),
            raw_sha256=post.raw_sha256 or hashlib.sha256(raw).hexdigest(),
            terms=msgspec.structs.replace(post.terms, may_link_actor=linked),
        )


def _is_erasure(raw: bytes) -> bool:
    if b'"erase"' not in raw or len(raw) > MAX_LINE:
        return False
    try:
        return bool(bytes(_marked.decode(raw).erase))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _erasure(raw: bytes, now: datetime) -> Erasure | Rejected:
    """The erasure of a line that has one: it names a post or an account, and stands alone."""
    try:
        asked = msgspec.json.decode(bytes(_alone.decode(raw).erase))
        stamped = {"erased_at": now, **asked} if isinstance(asked, dict) else asked
        erasure = decode_erasure(msgspec.json.encode(stamped))
    except msgspec.ValidationError as error:
        reason: Reason = "missing_field" if "missing required" in str(error) else "wrong_type"
        return _reject(raw, reason, _QUOTED.sub(r"\1", str(error)))
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError):
        return _reject(raw, "not_json", "the erasure cannot be read")
    if not EARLIEST <= erasure.erased_at <= now + CLOCK_SKEW:
        return _reject(raw, "bad_time", "erased_at lies before the year 2000 or more than two days ahead")
    return erasure


def _reject(raw: bytes, reason: Reason, detail: str) -> Rejected:
    return Rejected(raw=raw, reason=reason, detail=detail)
