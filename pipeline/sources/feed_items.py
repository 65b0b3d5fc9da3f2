"""A feed's bytes to posts: feedparser reads them, and opens nothing. Pure; slow for large feeds, so run in a thread."""

import io
from collections.abc import Mapping
from typing import Any

import feedparser
from feedparser.api import LooseFeedParser, StrictFeedParser
from msgspec.structs import replace

from pipeline.sources.feed_entries import Fetched, Item, read_entry
from pipeline.sources.feed_outline import Outline, is_readable_encoding
from pipeline.sources.loose import MAX_NAME, carried, sha256, shortened, text, texts
from pipeline.sources.markup import plain

MOST_ALONE = 500
"""Items that are read one by one where one of them makes the whole unreadable."""


def _take_authors_as_they_are() -> None:
    """feedparser looks for e-mail addresses in authors with a pattern whose time grows with the square of the text (seconds for
    30 kB, holding the interpreter), and we need none: a seam of its own is shut in both of its parsers.
    """
    for parser in (LooseFeedParser, StrictFeedParser):
        parser._sync_author_detail = lambda self, key="author": None


_take_authors_as_they_are()


def items(fetched: Fetched, feed: Outline) -> list[Item] | None:
    """The items that have words, oldest place last as in the document; None where this is no feed, or unreadable."""
    whole = _parsed(fetched.body, fetched.headers)
    if whole is not None:
        return _items(whole, fetched, feed.items) if whole.get("version") or whole.entries else None
    if not (feed.well_formed and feed.items):
        return None
    found: list[Item] = []
    for raw in feed.items[:MOST_ALONE]:
        alone = _parsed(feed.before + raw + feed.after, fetched.headers)
        found.extend(_items(alone, fetched, [raw]) if alone is not None else [])
    return found


def _parsed(body: bytes, headers: Mapping[str, str]) -> Any:
    """feedparser's reading, from a stream (it would open a name), without its sanitiser (we make plain text ourselves).

    It raises what it likes at hostile input (ValueError, AssertionError, RecursionError have been seen): that is None.
    """
    kind, _, charset = headers.get("content-type", "").partition("charset=")
    told = charset.partition(";")[0].strip(" \"'")
    content_type = f"{kind.partition(';')[0]}; charset={told}" if is_readable_encoding(told) else ""
    try:
        return feedparser.parse(
            io.BytesIO(body),
            response_headers={"content-type": content_type} if content_type else {},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception:
        return None


def _items(parsed: Any, fetched: Fetched, raws: list[bytes]) -> list[Item]:
    """The entries' posts; where entries and items do not match one to one, the document is what each was received in."""
    channel = dict(parsed.feed)
    name = plain(carried(str(channel.get("title") or "")[:MAX_NAME]))[0] or None
    whole = None if len(raws) == len(parsed.entries) else sha256(fetched.body)
    found = []
    for at, entry in enumerate(parsed.entries):
        if item := read_entry(dict(entry), fetched):
            language = text(entry.get("language")) or text(channel.get("language"), 32)
            raw_sha256 = whole or sha256(raws[at])
            post = replace(item.post, raw_sha256=raw_sha256, container_name=name, lang_hint=texts([language]))
            found.append(Item(shortened(post), item.dated))
    return found
