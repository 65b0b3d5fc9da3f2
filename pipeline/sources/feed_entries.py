"""One entry of a feed to a post. Pure."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from pipeline.codec import MAX_TEXT
from pipeline.posts import Post, Transport
from pipeline.sources.feed_attachments import attached
from pipeline.sources.loose import MAX_NAME, carried, mapping, mappings, plausible_time, sha256, text, unknown
from pipeline.sources.markup import plain
from pipeline.sources.redact import redacted

PARSER = "rss-1"
_KNOWN = frozenset(
    {
        *(
            "id",
            "guidislink",
            "link",
            "links",
            "title",
            "title_detail",
            "summary",
            "summary_detail",
            "content",
            "tags",
            "where",
        ),
        *(
            "published",
            "published_parsed",
            "updated",
            "updated_parsed",
            "created",
            "created_parsed",
            "author",
            "authors",
        ),
        *("author_detail", "enclosures", "media_content", "source", "language", "geo_lat", "geo_long"),
    }
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A feed's document as received: from where, when, with which headers; `cursor` is the validator it was asked with."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    observed_at: datetime
    transport: Transport
    source_id: str
    cursor: str | None = None

    @property
    def host(self) -> str:
        """The feed's host, in lower case."""
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True, slots=True)
class Item:
    """An item: a post, but for the time of one that has no date, and whether it has one."""

    post: Post
    dated: bool


def read_entry(entry: Mapping[str, Any], fetched: Fetched) -> Item | None:
    """Read one entry as feedparser gives it; None where it has no words."""
    words, html, cut = _words(entry)
    if not words:
        return None
    written, updated = (_moment(entry, name) for name in ("published", "updated"))
    told = written or updated or _moment(entry, "created")
    dated = told is not None and plausible_time(told, fetched.observed_at)
    created_at = told if told is not None and dated else fetched.observed_at
    hung = attached(entry)
    changed = sha256(repr((words, hung["links"], [medium.url for medium in hung["media"]])).encode("utf-8", "replace"))
    return Item(
        Post(
            platform="rss",
            native_id=_native_id(entry, fetched),
            native_uri=text(entry.get("link"), 2 * MAX_NAME),
            text=words,
            text_html=html,
            truncated=cut,
            version=f"{updated:%Y-%m-%dT%H:%M:%SZ}.{changed[:12]}" if updated else changed[:12],
            created_at=created_at,
            observed_at=fetched.observed_at,
            author_handle=text(entry.get("author")) or text(mapping(entry.get("author_detail")).get("name")),
            container=redacted(fetched.url),
            source_id=fetched.source_id,
            transport=fetched.transport,
            cursor_at_read=fetched.cursor,
            parser_version=PARSER,
            extra=_extra(entry, dated),
            **hung,
        ),
        dated,
    )


def _native_id(entry: Mapping[str, Any], fetched: Fetched) -> str:
    """The item's id, its link, or a hash of what it says; told apart by feed, unless it is an address of the feed's own host.

    Most ids are unique in their feed alone, and a feed that copies another's ids must not overwrite its posts.
    """
    found = text(entry.get("id"), MAX_NAME) or text(entry.get("link"), MAX_NAME)
    if not found:
        parts = [str(entry.get(name) or "") for name in ("title", "link", "published")]
        found = sha256("\n".join(parts).encode("utf-8", "replace"))
    if len(found) > 900:
        found = sha256(found.encode())
    return found if _host(found) == fetched.host else f"{fetched.host}/{sha256(fetched.url.encode())[:12]}/{found}"


def _host(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        return parts.hostname if parts.scheme in {"http", "https"} else None
    except ValueError:
        return None


def _words(entry: Mapping[str, Any]) -> tuple[str, str | None, bool]:
    """Title and longest body as plain text, the body's markup, and whether any was cut off."""
    bodies = [*mappings(entry.get("content")), mapping(entry.get("summary_detail"))]
    body = max(bodies, key=lambda one: len(str(one.get("value") or "")))
    title, title_cut = _said(mapping(entry.get("title_detail")))
    said, body_cut = _said(body)
    said = "" if said == title else said
    html = str(body.get("value") or "") if "html" in str(body.get("type")) else None
    words = "\n\n".join(part for part in (title, said) if part)
    return words, html and carried(html[: 3 * MAX_TEXT + 1]), title_cut or body_cut


def _said(detail: Mapping[str, Any]) -> tuple[str, bool]:
    value = carried(str(detail.get("value") or ""))
    if "html" in str(detail.get("type")):
        return plain(value)
    return value.replace("\0", "").strip(), False


def _moment(entry: Mapping[str, Any], name: str) -> datetime | None:
    """feedparser gives a time in UTC as a tuple, or nothing."""
    try:
        return datetime.fromtimestamp(calendar.timegm(entry[f"{name}_parsed"]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


def _extra(entry: Mapping[str, Any], dated: bool) -> dict[str, Any]:
    """Unknown fields that are texts; and the date as it stands, where it could not be used."""
    left = {name: carried(value[:MAX_NAME]) for name, value in entry.items() if isinstance(value, str)}
    extra = unknown(left, _KNOWN)
    told = text(entry.get("published"), 64) or text(entry.get("updated"), 64)
    return extra if dated or not told else extra | {"date_told": told}
