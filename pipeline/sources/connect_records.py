"""Records that Kafka Connect's sources write, as events.

key     StringConverter: the text itself        JsonConverter: JSON, perhaps {"schema": ..., "payload": ...}
value   JsonConverter: an object, with or without that envelope; null: what stands under the key is deleted
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from pipeline.codec import MAX_LINE, decode_post
from pipeline.posts import Erasure, Reason, Rejected
from pipeline.sources.connect_mapping import ConnectMapping, mapped
from pipeline.sources.connector import Event
from pipeline.sources.events import Provenance, placed
from pipeline.sources.nesting import is_too_deep
from pipeline.sources.paths import found

PARSER = "connect-1"


@dataclass(frozen=True, slots=True)
class ConnectRecord:
    """One record of a topic as the broker holds it. A value of None is a tombstone."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None

    @property
    def place(self) -> str:
        """Where it stands, for people and for `raw_ref`."""
        return f"{self.topic}/{self.partition}/{self.offset}"

    @property
    def at(self) -> datetime:
        """When it was written; now where that is not known, or cannot be."""
        try:
            known = datetime.fromtimestamp(self.timestamp_ms / 1000, UTC) if self.timestamp_ms > 0 else None
        except (OverflowError, ValueError, OSError):
            known = None
        return known or datetime.now(UTC)


class _Refused(Exception):
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.detail = detail


def read_record(record: ConnectRecord, how: ConnectMapping, source: str) -> Event:
    """A record as a post, an erasure, or a `Rejected` that says where it stood. Never raises for what a record holds."""
    try:
        event = _event(record, how)
    except _Refused as refused:
        event = Rejected(raw=record.value or b"", reason=refused.reason, detail=refused.detail)
    if isinstance(event, Rejected):
        return placed(msgspec.structs.replace(event, raw=record.value or b""), f"record {record.place}")
    if isinstance(event, Erasure):
        return event
    post = Provenance(source, "live", PARSER).of(event, record.value or b"", record.at)
    return msgspec.structs.replace(
        post, raw_ref=record.place, raw_sha256=hashlib.sha256(record.value or b"").hexdigest()
    )


def _event(record: ConnectRecord, how: ConnectMapping) -> Event:
    payload = _payload(_parsed(record.value, "value")) if record.value is not None else None
    if payload is None:
        return Erasure(platform=how.platform, native_id=_native_id(record, how), erased_at=record.at)
    if not isinstance(payload, dict):
        raise _Refused("wrong_type", "the value is no JSON object")
    fields = mapped(payload, how)
    if "native_id" not in how.fields:
        fields["native_id"] = _native_id(record, how)
    if "created_at" not in how.fields:
        fields["created_at"] = record.at.isoformat()
    return decode_post(msgspec.json.encode({**fields, "platform": how.platform}))


def _native_id(record: ConnectRecord, how: ConnectMapping) -> str:
    """The post's id as the record's key has it."""
    if not record.key:
        raise _Refused("missing_field", "the record has no key, which would name the post")
    if how.key is None:
        try:
            name: Any = record.key.decode()
        except UnicodeDecodeError:
            raise _Refused("bad_text", "the key is not UTF-8") from None
    else:
        name = found(_payload(_parsed(record.key, "key")), how.key)
    if isinstance(name, int) and not isinstance(name, bool):
        name = str(name)
    if not isinstance(name, str) or not 1 <= len(name) <= 1024:
        raise _Refused("wrong_type", "the key holds no id at the place that the mapping names")
    return name


def _parsed(raw: bytes, what: str) -> Any:
    if len(raw) > MAX_LINE:
        raise _Refused("too_large", f"the {what} has {len(raw)} bytes, the limit is {MAX_LINE}")
    if is_too_deep(raw):
        raise _Refused("too_deep", f"the {what} is nested too deeply")
    try:
        return msgspec.json.decode(raw)
    except UnicodeDecodeError:
        raise _Refused("bad_text", f"a string of the {what} is not UTF-8") from None
    except (msgspec.DecodeError, RecursionError) as error:
        reason: Reason = "bad_text" if "surrogate" in str(error) else "not_json"
        raise _Refused(reason, f"the {what} is no JSON: {error}"[:200]) from None


def _payload(value: Any) -> Any:
    """What the converter's envelope holds; a value without one is itself. An object of just these two fields is one."""
    if isinstance(value, dict) and value.keys() == {"schema", "payload"} and isinstance(value["schema"], dict | None):
        return value["payload"]
    return value
