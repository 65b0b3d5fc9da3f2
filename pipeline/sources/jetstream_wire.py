"""The frames of Bluesky's Jetstream on both of its wires, read into what they tell. Pure.

v1 (`/subscribe`) sends the event bare, v2 (`subscribeEvents`) wraps it: see `lexicons/network/bsky/jetstream` of the
repository bluesky-social/jetstream. Only what Fanal needs is typed; a record stays raw until `bluesky_posts` reads it field
by field, so that one wrong field costs that field and not the post.
"""

from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from pipeline.posts import Erasure, Post, Reason, Rejected
from pipeline.sources.bluesky_posts import COLLECTION, DID, PLATFORM, RKEY, Commit, Reading, read_post

Wire = Literal["v1", "v2"]

MAX_EVENT = 2 << 20
"""Bytes of a frame that are parsed. A record of a repository has at most about a million; more would hold up other sources."""
FIRST_TIME = 1_000_000_000_000_000
"""Microseconds since 1970 from which a cursor is a time and no number of an event (September 2001)."""
AHEAD_US = 86_400_000_000
"""How far a host's clock may run ahead of ours (which may be wrong, too); beyond it a time is not believed."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TECHNICAL = frozenset({"desynchronized", "throttled"})
_TAKEN_DOWN = frozenset({"takendown", "suspended"})


class Account(msgspec.Struct, frozen=True, gc=False):
    """Whether an account's posts may be shown, and if not why (`com.atproto.sync.subscribeRepos#account`)."""

    active: bool
    status: str | None = None


class _Bare(msgspec.Struct, frozen=True, gc=False):
    """A frame of v1."""

    did: str
    time_us: int
    kind: str
    commit: Commit | None = None
    account: Account | None = None


class _Payload(Commit, frozen=True, gc=False, rename={"type": "$type", "witnessed_at": "witnessedAt"}):
    """What a frame of v2 wraps: a commit's fields stand beside the event's own."""

    type: str = ""
    did: str = ""
    seq: int | None = None
    time: datetime | None = None
    witnessed_at: datetime | None = None
    account: Account | None = None
    name: str | None = None


class _Wrapped(msgspec.Struct, frozen=True, gc=False, rename={"type": "$type"}):
    """A frame of v2."""

    type: str
    payload: _Payload | None = None
    error: str | None = None


class Heard(msgspec.Struct, frozen=True, gc=False):
    """What a frame told: an event for Fanal or none, and where the stream stands behind it.

    `time_us` is the host's time of the event, `seq` its number on this host (v2). `notice` is the name of an `#info`,
    `error` that of a last word.
    """

    event: Post | Erasure | Rejected | None = None
    time_us: int | None = None
    seq: int | None = None
    notice: str | None = None
    error: str | None = None


_bare = msgspec.json.Decoder(_Bare)
_wrapped = msgspec.json.Decoder(_Wrapped)


def hear(wire: Wire, raw: bytes, source_id: str, now_us: int) -> Heard:
    """Read one frame. Never raises for what it holds: what cannot be read is a `Rejected` with the frame whole."""
    if len(raw) > MAX_EVENT:
        return Heard(event=_rejected(raw, "too_large", f"the frame has {len(raw)} bytes, the limit is {MAX_EVENT}"))
    try:
        return _hear_bare(raw, source_id, now_us) if wire == "v1" else _hear_wrapped(raw, source_id, now_us)
    except msgspec.ValidationError as error:
        return Heard(event=_invalid(raw, str(error)))
    except RecursionError:
        return Heard(event=_rejected(raw, "too_deep", "the JSON is nested too deeply"))
    except UnicodeDecodeError:
        return Heard(event=_rejected(raw, "bad_text", "a string is not UTF-8"))
    except msgspec.DecodeError as error:
        return Heard(event=_rejected(raw, "bad_text" if "surrogate" in str(error) else "not_json", str(error)))


def moment(time_us: int) -> datetime:
    """Microseconds since 1970 as a time in UTC."""
    return _EPOCH + timedelta(microseconds=time_us)


def _hear_bare(raw: bytes, source_id: str, now_us: int) -> Heard:
    frame = _bare.decode(raw)
    time_us = frame.time_us
    if not FIRST_TIME <= time_us <= now_us + AHEAD_US:
        return Heard(event=_rejected(raw, "bad_time", "time_us lies before 2001 or more than a day ahead"))
    reading = Reading(raw, frame.did, moment(time_us), str(time_us), source_id)
    return Heard(event=_event(frame.kind, frame.commit, frame.account, reading), time_us=time_us)


def _hear_wrapped(raw: bytes, source_id: str, now_us: int) -> Heard:
    frame = _wrapped.decode(raw)
    payload = frame.payload
    if frame.type == "error":
        return Heard(error=(frame.error or "unnamed")[:64])
    if payload is None:
        return Heard(event=_rejected(raw, "missing_field", "the message has no payload"))
    kind = payload.type.rpartition("#")[2]
    if kind == "info":
        return Heard(notice=(payload.name or "unnamed")[:64])
    observed = payload.witnessed_at or payload.time
    if observed is None or payload.seq is None:
        return Heard(event=_rejected(raw, "missing_field", "the event has no seq or no time"))
    time_us = _microseconds(observed)
    if not FIRST_TIME <= time_us <= now_us + AHEAD_US or not 0 <= payload.seq < FIRST_TIME:
        return Heard(event=_rejected(raw, "bad_time", "the time or the seq cannot be"))
    reading = Reading(raw, payload.did, moment(time_us), str(payload.seq), source_id)
    return Heard(event=_event(kind, payload, payload.account, reading), time_us=time_us, seq=payload.seq)


def _event(
    kind: str, commit: Commit | None, account: Account | None, reading: Reading
) -> Post | Erasure | Rejected | None:
    """What an event is to Fanal; nothing where it is none of its business (another collection, a change of handle)."""
    if kind == "commit":
        if commit is None:
            return _rejected(reading.raw, "missing_field", "the commit is missing")
        return _committed(commit, reading) if commit.collection == COLLECTION else None
    if kind not in ("account", "sync"):
        return None
    if not DID.fullmatch(reading.did):
        return _rejected(reading.raw, "wrong_type", "did is not a DID")
    if kind == "sync":
        return Erasure(platform=PLATFORM, erased_at=reading.observed_at, author_id=reading.did)
    if account is None:
        return _rejected(reading.raw, "missing_field", "the account is missing")
    return _withdrawn(account, reading)


def _committed(commit: Commit, reading: Reading) -> Post | Erasure | Rejected:
    """A post made, changed or deleted."""
    if not DID.fullmatch(reading.did) or not RKEY.fullmatch(commit.rkey):
        return _rejected(reading.raw, "wrong_type", "did or rkey is not one")
    uri = f"at://{reading.did}/{COLLECTION}/{commit.rkey}"
    if commit.operation == "delete":
        return Erasure(platform=PLATFORM, erased_at=reading.observed_at, native_id=uri)
    return read_post(commit, uri, reading)


def _withdrawn(account: Account, reading: Reading) -> Erasure | None:
    """An account whose posts are no longer to be shown: deleted, deactivated, suspended, taken down, or for no given reason.

    Not where the reason is technical: then the posts are still public.
    """
    if account.active or account.status in _TECHNICAL:
        return None
    return Erasure(
        platform=PLATFORM,
        erased_at=reading.observed_at,
        author_id=reading.did,
        cause="taken_down" if account.status in _TAKEN_DOWN else "account_deleted",
    )


def _microseconds(when: datetime) -> int:
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def _invalid(raw: bytes, message: str) -> Rejected:
    """Sort msgspec's messages: they name fields and types, never the content."""
    reason: Reason = "wrong_type"
    if "missing required field" in message:
        reason = "missing_field"
    elif "RFC3339" in message or "datetime" in message:
        reason = "bad_time"
    return _rejected(raw, reason, message)


def _rejected(raw: bytes, reason: Reason, detail: str) -> Rejected:
    return Rejected(raw=raw, reason=reason, detail=detail)
