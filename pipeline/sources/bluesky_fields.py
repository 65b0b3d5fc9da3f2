"""The fields of a Bluesky post, read one by one and within bounds: a faulty one costs itself and not the post. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from pipeline.posts import Media
from pipeline.sources.bluesky_lexicon import Blob, Embed, External, Facet, Reference

MANY = 64
"""Hashtags, mentions, links, references and languages of one post that are kept."""
LONGEST = 2048
"""Characters of a link, a tag or an alternative text that are kept."""
_FACETS = 256
_EXTRA, _NAME, _DEEP = 16, 64, 100
_OURS = frozenset({"card", "cut"})
FAULTS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises for what it reads."""

_T = TypeVar("_T")
_Raws = Mapping[str, msgspec.Raw]

_any = msgspec.json.Decoder()
_facets = msgspec.json.Decoder(list[Facet])
_facet = msgspec.json.Decoder(Facet)
_raws = msgspec.json.Decoder(list[msgspec.Raw])


def field(record: _Raws, name: str, decoder: "msgspec.json.Decoder[_T]", left: list[str]) -> _T | None:
    """Read a field; one that is missing or faulty is None, and a faulty one is named in `left`."""
    raw = record.get(name)
    if raw is None:
        return None
    try:
        return decoder.decode(raw)
    except FAULTS:
        left.append(name)
        return None


def facets(record: _Raws, left: list[str]) -> list[Facet]:
    """Read the facets, those that can be read where others cannot."""
    raw = record.get("facets")
    if raw is None:
        return []
    try:
        return _facets.decode(raw)
    except FAULTS:
        left.append("facets")
    try:
        each = _raws.decode(raw)
    except FAULTS:
        return []
    return [facet for one in each[:MANY] if (facet := _facet_or_none(one)) is not None]


def bounded(values: Iterable[str | None], name: str, cut: list[str]) -> tuple[str, ...]:
    """Keep what is there, each once, in order, within bounds; `cut` tells if anything went."""
    found = dict.fromkeys(value for value in values if value)
    if not found:
        return ()
    kept = tuple(value for value in found if len(value) <= LONGEST)[:MANY]
    if len(kept) < len(found):
        cut.append(name)
    return kept


def features(text: str, found: list[Facet], cut: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Hashtags, accounts mentioned and links of the facets that lie within the text, in their order.

    A hashtag's name is the feature's own; where a client left it out, the stretch of text that it marks.
    """
    tags: list[str] = []
    mentions: list[str] = []
    links: list[str] = []
    encoded = text.encode("utf-8", "replace")
    for facet in found[:_FACETS]:
        start, end = facet.index.start, facet.index.end
        if not 0 <= start < end <= len(encoded):
            continue
        for feature in facet.features[:MANY]:
            if feature.uri:
                links.append(feature.uri)
            elif feature.did:
                mentions.append(feature.did)
            elif feature.tag or feature.type.endswith("#tag"):
                tags.append(feature.tag or encoded[start:end].decode("utf-8", "ignore").lstrip("#＃"))
    if len(found) > _FACETS:
        cut.append("facets")
    return tags, mentions, links


def media(embed: Embed, cut: list[str]) -> tuple[Media, ...]:
    """References to an embed's pictures and film by content id. Nothing is fetched."""
    inner = embed.media or embed
    images = [_medium("image", one.image, one.alt) for one in inner.images[:MANY]]
    if len(inner.images) > MANY:
        cut.append("media")
    return tuple(images) + ((_medium("video", inner.video, inner.alt),) if inner.video else ())


def card(embed: Embed) -> External | None:
    """The card of an embed, its own or beside a quoted post."""
    return embed.external or (embed.media.external if embed.media else None)


def quoted(embed: Embed) -> str | None:
    """The post that is quoted: `record.uri`, or `record.record.uri` where media stand beside it."""
    reference = embed.record
    return short((reference.uri or (reference.record.uri if reference.record else None)) if reference else None)


def target(reference: Reference | None) -> str | None:
    """Where a reference leads."""
    return short(reference.uri) if reference else None


def extra(names: list[str], record: _Raws, page: External | None, cut: list[str]) -> dict[str, Any]:
    """These fields of a record as they came, what a card says (`card`: title, description), and what was cut (`cut`)."""
    kept: dict[str, Any] = {}
    for name in sorted(names)[:_EXTRA]:
        raw = bytes(record[name])
        if len(raw) > LONGEST or len(name) > _NAME or raw.count(b"[") + raw.count(b"{") > _DEEP or name in _OURS:
            cut.append("extra")
            continue
        try:
            kept[name] = _any.decode(raw)
        except FAULTS:
            cut.append("extra")
    if len(names) > _EXTRA:
        cut.append("extra")
    if page and (page.title or page.description):
        kept["card"] = [(page.title or "")[:LONGEST], (page.description or "")[:LONGEST]]
    return kept | {"cut": sorted(set(cut))} if cut else kept


def short(uri: str | None, longest: int = 1024) -> str | None:
    """A reference that is not too long to be one."""
    return uri if uri and len(uri) <= longest else None


def _medium(kind: str, blob: Blob | None, alt: str | None) -> Media:
    cid = (blob.ref.link if blob.ref else None) or blob.cid if blob else None
    return Media(
        kind=kind, id=short(cid), alt=(alt or "")[:LONGEST] or None, mime=short(blob.mime if blob else None, 128)
    )


def _facet_or_none(raw: msgspec.Raw) -> Facet | None:
    try:
        return _facet.decode(raw)
    except FAULTS:
        return None
