"""A record of `app.bsky.feed.post` as a `Post`. Pure.

Fields are read one by one. A field that is not what the lexicon says is left aside under `extra`, like one that is not known;
only a post without readable text is rejected. Everything an author can fill is bounded, and what was cut is said in
`extra["cut"]`. Author-set times are believed within bounds: the host's own time stands in `observed_at`.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from pipeline.codec import MAX_TEXT
from pipeline.posts import Media, Post, Reason, Rejected
from pipeline.sources.bluesky_fields import (
    FAULTS,
    bounded,
    card,
    extra,
    facets,
    features,
    field,
    media,
    quoted,
    target,
)
from pipeline.sources.bluesky_lexicon import Embed, Labels, Reply
from pipeline.sources.bluesky_times import believed, filed

PLATFORM = "bluesky"
COLLECTION = "app.bsky.feed.post"
PARSER_VERSION = "bluesky-1"
DID = re.compile(r"did:[a-z0-9]{1,32}:[A-Za-z0-9._:%-]{1,256}")
RKEY = re.compile(r"[A-Za-z0-9._:~-]{1,512}")

_KNOWN = frozenset({"$type", "text", "createdAt", "langs", "facets", "tags", "embed", "reply", "labels"})
_text = msgspec.json.Decoder(str)
_time = msgspec.json.Decoder(datetime)
_texts = msgspec.json.Decoder(list[str])
_embed = msgspec.json.Decoder(Embed)
_reply = msgspec.json.Decoder(Reply)
_labels = msgspec.json.Decoder(Labels)

_Record = Mapping[str, msgspec.Raw]


class Commit(msgspec.Struct, frozen=True, gc=False):
    """One change of one record. A delete has no record and no cid."""

    operation: str = ""
    collection: str = ""
    rkey: str = ""
    rev: str = ""
    cid: str | None = None
    record: dict[str, msgspec.Raw] | None = None


class Reading(msgspec.Struct, frozen=True, gc=False):
    """Where a record was read: the frame's bytes, whose it is, when the host saw it, its cursor, our source's name."""

    raw: bytes
    did: str
    observed_at: datetime
    cursor: str
    source_id: str


def read_post(commit: Commit, uri: str, reading: Reading) -> Post | Rejected:
    """Read a post that was made or changed. Never raises for what it holds."""
    record = commit.record
    if record is None or "text" not in record:
        return _rejected(reading, "missing_field", "the record has no text")
    text = _readable(record["text"])
    if text is None:
        return _rejected(reading, "bad_text", "the record's text is no text in UTF-8")
    if not text.strip(" \t\r\n\0"):
        return _rejected(reading, "empty_text", "the text is empty")
    version = commit.cid or commit.rev
    if not 0 < len(version) <= 1024:
        return _rejected(reading, "missing_field", "the commit has no cid and no rev")
    return _post(uri, version, text, commit, reading)


def _post(uri: str, version: str, text: str, commit: Commit, reading: Reading) -> Post:
    parts = _parts(commit.record or {}, text, reading.observed_at)
    return Post(
        platform=PLATFORM,
        native_id=uri,
        native_uri=uri,
        version=version,
        text=text[:MAX_TEXT],
        truncated=len(text) > MAX_TEXT,
        created_at=parts.created_at,
        dated_at=filed(commit.rkey, commit.operation == "update", reading.observed_at),
        observed_at=reading.observed_at,
        author_id=reading.did,
        lang_hint=parts.langs,
        in_reply_to=parts.parent,
        root=parts.root,
        quote_of=parts.quote,
        media=parts.media,
        hashtags=parts.tags,
        mentions=parts.mentions,
        links=parts.links,
        sensitivity=parts.labels,
        source_id=reading.source_id,
        transport="live",
        cursor_at_read=reading.cursor,
        raw_sha256=sha256(reading.raw).hexdigest(),
        parser_version=PARSER_VERSION,
        extra=parts.extra,
    )


class _Parts(msgspec.Struct, frozen=True, gc=False):
    created_at: datetime
    langs: tuple[str, ...]
    tags: tuple[str, ...]
    mentions: tuple[str, ...]
    links: tuple[str, ...]
    labels: tuple[str, ...]
    media: tuple[Media, ...]
    parent: str | None
    root: str | None
    quote: str | None
    extra: dict[str, Any]


def _parts(record: _Record, text: str, observed_at: datetime) -> _Parts:
    """Read every field but the text; what is faulty or cut is noted under `extra`."""
    left: list[str] = []
    cut: list[str] = []
    embed = field(record, "embed", _embed, left)
    reply = field(record, "reply", _reply, left)
    labels = field(record, "labels", _labels, left)
    found = facets(record, left)
    tags, mentions, links = features(text, found, cut) if found else ([], [], [])
    page = card(embed) if embed else None
    langs = field(record, "langs", _texts, left) or []
    marked = field(record, "tags", _texts, left) or []
    return _Parts(
        _created(record, left, observed_at),
        bounded(langs, "langs", cut),
        bounded((*tags, *marked), "hashtags", cut),
        bounded(mentions, "mentions", cut),
        bounded((*links, page.uri) if page else links, "links", cut),
        bounded([one.val for one in labels.values], "labels", cut) if labels else (),
        media(embed, cut) if embed else (),
        target(reply.parent) if reply else None,
        target(reply.root) if reply else None,
        quoted(embed) if embed else None,
        extra([*(record.keys() - _KNOWN), *left], record, page, cut),
    )


def _readable(raw: msgspec.Raw) -> str | None:
    try:
        return _text.decode(raw)
    except FAULTS:
        return None


def _created(record: _Record, left: list[str], observed_at: datetime) -> datetime:
    """The author's own time where it can be; one that is not believed is noted."""
    said = field(record, "createdAt", _time, left)
    found = believed(said, observed_at)
    if said is not None and found is None:
        left.append("createdAt")
    return found or observed_at


def _rejected(reading: Reading, reason: Reason, detail: str) -> Rejected:
    return Rejected(raw=reading.raw, reason=reason, detail=detail)
