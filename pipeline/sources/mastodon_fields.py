"""Fields of a Mastodon status as fields of a `Post`. Pure, and tolerant."""

from collections.abc import Mapping
from typing import Any

from pipeline.posts import Media
from pipeline.sources.loose import MAX_NAME, count, identifier, mapping, mappings, seconds, text, texts
from pipeline.sources.mastodon_ids import Known, is_id, native_id

_HINTS = ("bot", "locked", "group", "discoverable", "indexable", "noindex")


def author(account: Mapping[str, Any], host: str) -> dict[str, Any]:
    """Who wrote it, and what the account says of itself; nothing is looked up."""
    handle = text(account.get("acct"))
    hints = {name: account[name] for name in _HINTS if isinstance(account.get(name), bool)}
    if since := text(account.get("created_at"), 40):
        hints["created_at"] = since
    return {
        "author_id": text(account.get("uri")) or text(account.get("url")) or text(account.get("id")),
        "author_handle": handle if not handle or "@" in handle else f"{handle}@{host}",
        "author_hints": hints,
    }


def relations(fields: Mapping[str, Any], known: Known) -> dict[str, Any]:
    """Replies come as an id of the instance's; reblogs and quotes as whole statuses, or an id. Each as the post's own name."""
    quote = mapping(fields.get("quote"))
    quoted = mapping(quote.get("quoted_status")) or quote
    return {
        "in_reply_to": _named(fields.get("in_reply_to_id"), known),
        "repost_of": _of(mapping(fields.get("reblog")), known),
        "quote_of": _of(quoted, known) or _named(quote.get("quoted_status_id") or fields.get("quote_id"), known),
    }


def _of(status: Mapping[str, Any], known: Known) -> str | None:
    uri = identifier(status.get("uri"))
    return native_id(uri) if uri else _named(status.get("id"), known)


def _named(status_id: object, known: Known) -> str | None:
    found = text(status_id, 65)
    return known.native(found) if found and is_id(found) else None


def attached(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What hangs on the text: language, media, tags, mentions, links, counts."""
    card = mapping(fields.get("card")).get("url")
    names = ("replies_count", "reblogs_count", "favourites_count", "quotes_count")
    counts = {name.removesuffix("_count"): number for name in names if (number := count(fields.get(name))) is not None}
    return {
        "lang_hint": texts([fields.get("language")]),
        "media": tuple(map(_medium, mappings(fields.get("media_attachments"), 20))),
        "hashtags": texts(tag.get("name") for tag in mappings(fields.get("tags"))),
        "mentions": texts(one.get("acct") for one in mappings(fields.get("mentions"))),
        "links": texts([card]),
        "counts": counts,
        "sensitivity": ("sensitive",) if fields.get("sensitive") is True else (),
        "visibility": "public",
    }


def _medium(medium: Mapping[str, Any]) -> Media:
    original = mapping(mapping(medium.get("meta")).get("original"))
    return Media(
        kind=text(medium.get("type"), 32) or "unknown",
        id=text(medium.get("id")),
        url=text(medium.get("url"), 2 * MAX_NAME),
        alt=text(medium.get("description"), 1_500),
        seconds=seconds(original.get("duration")),
    )
