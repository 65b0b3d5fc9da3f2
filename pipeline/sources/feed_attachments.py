"""What hangs on an entry of a feed: files, links, categories, a place. References only: nothing is fetched. Pure."""

from collections.abc import Mapping
from typing import Any

from pipeline.posts import Geo, Media
from pipeline.sources.loose import MAX_NAME, mapping, mappings, seconds, text, texts


def attached(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Enclosures, links, categories, the feed that it was taken from, and where it says it is."""
    links = mappings(entry.get("links"))
    enclosed = [*(link for link in links if link.get("rel") == "enclosure"), *mappings(entry.get("media_content"))]
    source = mapping(entry.get("source"))
    return {
        "media": tuple(_medium(one) for one in enclosed[:20]),
        "links": texts([entry.get("link"), *(link.get("href") for link in links if link.get("rel") != "enclosure")]),
        "hashtags": texts(tag.get("term") for tag in mappings(entry.get("tags"))),
        "repost_of": text(source.get("href")) or text(source.get("id")),
        "geo": _geo(entry),
    }


def _medium(one: Mapping[str, Any]) -> Media:
    mime = text(one.get("type"), 128)
    length = one.get("duration")
    return Media(
        kind=(mime or "unknown").partition("/")[0],
        url=text(one.get("href"), 2 * MAX_NAME) or text(one.get("url"), 2 * MAX_NAME),
        mime=mime,
        seconds=seconds(float(length)) if isinstance(length, str) and length[:9].isdecimal() else None,
    )


def _geo(entry: Mapping[str, Any]) -> Geo | None:
    """georss points, as feedparser reads them: longitude before latitude."""
    where = mapping(entry.get("where"))
    try:
        longitude, latitude = (float(one) for one in where["coordinates"][:2])
    except (KeyError, TypeError, ValueError):
        return None
    good = where.get("type") == "Point" and -180 <= longitude <= 180 and -90 <= latitude <= 90
    return Geo(latitude=latitude, longitude=longitude) if good else None
