"""A Mastodon status, as an instance sent it, to a `Post`. Pure, and tolerant: servers of many versions and makes speak this."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.posts import Post, Rejected, Terms, Transport
from pipeline.sources.loose import (
    identifier,
    json_fields,
    mapping,
    mappings,
    moment,
    plausible_time,
    rejected,
    sha256,
    shortened,
    text,
    unknown,
)
from pipeline.sources.markup import plain
from pipeline.sources.mastodon_fields import attached, author, relations
from pipeline.sources.mastodon_ids import Known, is_id, native_id

PARSER = "mastodon-1"
_KNOWN = frozenset(
    {
        *(
            "id",
            "uri",
            "url",
            "content",
            "created_at",
            "edited_at",
            "visibility",
            "language",
            "sensitive",
            "spoiler_text",
        ),
        *("in_reply_to_id", "in_reply_to_account_id", "reblog", "quote", "quote_id", "account", "media_attachments"),
        *("mentions", "tags", "card", "poll", "emojis", "replies_count", "reblogs_count", "favourites_count"),
        *(
            "quotes_count",
            "favourited",
            "reblogged",
            "muted",
            "bookmarked",
            "pinned",
            "filtered",
            "text",
            "application",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Reading:
    """How statuses are read: for which source, who is known, what is passed over, and when a post is to be asked for again."""

    source_id: str
    known: Known
    collected_by: str
    skip_noindex: bool = True
    recheck_after: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Bytes of one status: how and when they came, and where the connector stood."""

    raw: bytes
    observed_at: datetime
    transport: Transport
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """What a status became: its id on the instance where it has one, and a post, a rejection, or nothing that is for us."""

    status_id: str | None
    event: Post | Rejected | None


def read(arrival: Arrival, how: Reading) -> Read:
    """Read one status. Never raises for what it holds. Notes its id for a later deletion.

    Passed over without a word: what is not public, what its author keeps out of indexes (`noindex`), what has no words.
    """
    fields = json_fields(arrival.raw)
    if isinstance(fields, Rejected):
        return Read(None, fields)
    status_id = text(fields.get("id"), 65) or ""
    if not is_id(status_id):
        return Read(None, rejected(arrival.raw, "missing_field", "the status has no id"))
    if fields.get("visibility") != "public":
        return Read(status_id, None)
    if how.skip_noindex and mapping(fields.get("account")).get("noindex") is True:
        return Read(status_id, None)
    return Read(status_id, _post(fields, status_id, arrival, how))


def _post(fields: Mapping[str, Any], status_id: str, arrival: Arrival, how: Reading) -> Post | Rejected | None:
    uri = identifier(fields.get("uri"))
    created_at = moment(fields.get("created_at"))
    if uri is None:
        return rejected(arrival.raw, "missing_field", "the status has no uri")
    if not isinstance(fields.get("content"), str):
        return rejected(arrival.raw, "wrong_type", "the status has no content that is text")
    if created_at is None or not plausible_time(created_at, arrival.observed_at):
        return rejected(arrival.raw, "bad_time", "created_at is no time, or one that cannot be")
    native = native_id(uri)
    if "@" not in str(mapping(fields.get("account")).get("acct") or "@"):
        how.known.learn(status_id, native)
    how.known.note(status_id, native)
    words, cut = _words(fields)
    if not words:
        return None
    edited_at = moment(fields.get("edited_at"))
    edited = f"{edited_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if edited_at else "1"
    return shortened(
        Post(
            platform="mastodon",
            native_id=native,
            native_uri=uri,
            text=words,
            truncated=cut,
            version=f"{edited}.{sha256(f'{uri} {words}'.encode())[:12]}",
            created_at=created_at,
            text_html=fields["content"] or None,
            **author(mapping(fields.get("account")), how.known.host),
            **relations(fields, how.known),
            **attached(fields),
            **_provenance(status_id, arrival, how),
            extra=_extra(fields, status_id, how.known.host),
        )
    )


def _words(fields: Mapping[str, Any]) -> tuple[str, bool]:
    """What a reader sees: the warning, the text, the poll's options; of a post without words, what its media are said to show."""
    content, cut = plain(fields["content"])
    reblog = mapping(fields.get("reblog"))
    if not content and isinstance(reblog.get("content"), str):
        content, cut = plain(reblog["content"])
    warning = text(fields.get("spoiler_text"), 5_000)
    options = [text(option.get("title")) for option in mappings(mapping(fields.get("poll")).get("options"), 20)]
    seen = [part for part in (warning, content, *options) if part]
    shown = [text(medium.get("description"), 1_500) for medium in mappings(fields.get("media_attachments"), 20)]
    return "\n\n".join(seen or filter(None, shown)), cut


def _provenance(status_id: str, arrival: Arrival, how: Reading) -> dict[str, Any]:
    return {
        "container": how.known.host,
        "observed_at": arrival.observed_at,
        "source_id": how.source_id,
        "collected_by": how.collected_by,
        "transport": arrival.transport,
        "cursor_at_read": arrival.cursor,
        "raw_sha256": sha256(arrival.raw),
        "parser_version": PARSER,
        "terms": Terms(recheck_by=arrival.observed_at + how.recheck_after),
    }


def _extra(fields: Mapping[str, Any], status_id: str, host: str) -> dict[str, Any]:
    """Unknown fields, the warning apart, and the id by which this instance can be asked for the post again."""
    extra = unknown(fields, _KNOWN) | {"instance": host, "status_id": status_id}
    if warning := text(fields.get("spoiler_text"), 5_000):
        extra["spoiler_text"] = warning
    return extra
