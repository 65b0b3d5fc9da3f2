"""A post and its assessment become a hit: the analysts' document, masked, and the post as received, sealed.

What a hit never holds: the author's name or address, the post's own address, links, the accounts it mentions, telephone
numbers and e-mail addresses. They are pseudonyms and tokens, or gone.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from pipeline.posts import Document, Evidence, Hit, Position, Post
from pipeline.screen.assessments import Assessment, Candidate
from pipeline.screen.cues.crossings import known_points
from pipeline.screen.cues.cue import Cue
from pipeline.screen.cues.facets import facets, shown
from pipeline.screen.cues.finding import look
from pipeline.screen.masking import Masked, mask
from pipeline.screen.priority import prioritise
from pipeline.screen.pseudonyms import Pseudonyms
from pipeline.screen.values import values
from pipeline.screen.vectors import packed

LINE_BITS = 12
OFFSET_BITS = 10
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
MOST_TAGS = 64
MOST_CONTACTS = 256
MOST_HINTS = 8

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,3}")
_COUNTRY = re.compile(r"[A-Za-z]{2,3}")
_MEDIA = re.compile(r"[a-z_]{1,24}")


class _Seen(NamedTuple):
    """What may be shown of a post: its masked text and hashtags, the tokens of its contacts, and its cues."""

    text: Masked
    hashtags: tuple[str, ...]
    contacts: tuple[str, ...]
    cues: tuple[Cue, ...]


def make_hit(
    candidate: Candidate,
    assessment: Assessment,
    screened_at: datetime,
    *,
    pseudonyms: Pseudonyms,
    seal: Callable[[bytes], Evidence],
) -> Hit:
    """Make a hit of a post that an assessment put in a lane.

    Raises:
        ValueError: the assessment names no lane or no level: the post is no hit.
    """
    post = candidate.post
    return Hit(
        id=pseudonyms.document_id(post.platform, post.native_id),
        month=(post.dated_at or post.created_at).astimezone(UTC).strftime("%Y.%m"),
        index_version=index_version(candidate.received_at, candidate.position),
        document=_document(candidate, assessment, screened_at, pseudonyms),
        evidence=seal(candidate.raw),
        recheck_by=post.terms.recheck_by,
        retain_until=post.terms.retain_until,
    )


def without_vector(make: Callable[..., Hit], *of: object) -> Hit:
    """A hit as `make` makes it, without the encoder's reading: where `screen.vectors` is false."""
    hit = make(*of)
    return msgspec.structs.replace(hit, document=msgspec.structs.replace(hit.document, vector=None))


def index_version(received_at: datetime, position: Position) -> int:
    """What decides between two versions of a post: the broker's milliseconds since 2020, then the record, then the line.

    The broker stamps a whole batch with one time, so the low ten bits of the offset tell its records apart. It stays below
    2**63, which is what the index takes, until the year 2089.
    """
    milliseconds = max(0, int((received_at - EPOCH).total_seconds() * 1000))
    record = position.offset & ((1 << OFFSET_BITS) - 1)
    line = min(position.line, (1 << LINE_BITS) - 1)
    return (milliseconds << OFFSET_BITS | record) << LINE_BITS | line


def _document(candidate: Candidate, assessment: Assessment, screened_at: datetime, pseudonyms: Pseudonyms) -> Document:
    if assessment.lane is None or assessment.level is None:
        raise ValueError("a post without a lane and a level is no hit")
    post, position = candidate.post, candidate.position
    seen = _seen(post, _to_mask_in(candidate), pseudonyms)
    found = facets(seen.cues, seen.text, post.created_at)
    first = prioritise(assessment, found, post.created_at, candidate.received_at)
    document = Document(
        platform=post.platform,
        lang=candidate.langs[0] if candidate.langs else "und",
        created_at=post.created_at,
        received_at=candidate.received_at,
        screened_at=screened_at,
        text=seen.text.text,
        hashtags=seen.hashtags,
        contacts=seen.contacts,
        contact_kinds=tuple(sorted({contact.partition(":")[0] for contact in seen.contacts})),
        kind=assessment.kind,
        lane=assessment.lane,
        flagged=assessment.flagged,
        level=assessment.level,
        scores=dict(assessment.scores),
        model=assessment.model,
        subtypes=assessment.subtypes,
        context=assessment.context,
        vector=packed(assessment.vector),
        version=post.version,
        position=f"{position.partition}/{position.offset}/{position.line}",
        key_id=pseudonyms.key_id,
        **found._asdict(),
        **first._asdict(),
    )
    document = msgspec.structs.replace(document, **values(seen.cues, known=known_points())._asdict())
    return _with_facts(document, post, pseudonyms)


def _with_facts(document: Document, post: Post, pseudonyms: Pseudonyms) -> Document:
    """What else is known of the post, where it is: who and where as pseudonyms, values of known shape only."""
    platform, country = post.platform, post.geo.country if post.geo else None
    return msgspec.structs.replace(
        document,
        author=pseudonyms.author(platform, post.author_id) if post.author_id else None,
        container=pseudonyms.container(platform, post.container) if post.container else None,
        in_reply_to=pseudonyms.document_id(platform, post.in_reply_to) if post.in_reply_to else None,
        repost_of=pseudonyms.document_id(platform, post.repost_of) if post.repost_of else None,
        lang_hint=tuple(hint for hint in post.lang_hint[:MOST_HINTS] if _LANGUAGE.fullmatch(hint)),
        media_kinds=tuple(sorted({media.kind for media in post.media if _MEDIA.fullmatch(media.kind)})),
        country=country if country and _COUNTRY.fullmatch(country) else None,
        transport=post.transport,
        source_id=post.source_id,
        truncated=post.truncated,
        may_link_actor=post.terms.may_link_actor,
    )


def _to_mask_in(candidate: Candidate) -> tuple[str, ...]:
    """The languages whose words may spell a contact: those of the text, and those that its platform gives it besides."""
    hinted = (hint for hint in candidate.post.lang_hint[:MOST_HINTS] if _LANGUAGE.fullmatch(hint))
    return tuple(dict.fromkeys((*candidate.langs, *hinted)))


def _seen(post: Post, langs: Sequence[str], pseudonyms: Pseudonyms) -> _Seen:
    """The post, masked. Where the terms forbid to link authors, tokens meet those of one platform only."""
    tokens = pseudonyms if post.terms.may_link_actor else pseudonyms.within(post.platform)
    names, looked = _names(post), look(post.text, langs)
    text = mask(post.text, langs, tokens, names, looked.contacts)
    tags = [_tag(tag, langs, tokens, names) for tag in post.hashtags[:MOST_TAGS]]
    links = [mask("\n".join(post.links[:MOST_TAGS]), langs, tokens)] if post.links else []
    found = dict.fromkeys(contact for masked in (text, *tags, *links) for contact in masked.contacts)
    return _Seen(text, tuple(tag.text for tag in tags), tuple(found)[:MOST_CONTACTS], shown(looked.cues, text))


def _tag(tag: str, langs: Sequence[str], tokens: Pseudonyms, names: Sequence[str]) -> Masked:
    return mask(tag.lstrip("#")[:256], langs, tokens, names)


def _names(post: Post) -> list[str]:
    """What the author and the mentioned accounts are called, the author first."""
    hints = [value for key, value in post.author_hints.items() if "name" in key.lower() and isinstance(value, str)]
    author = [name for name in (post.author_handle, post.author_id, *hints) if name]
    return [*author, *post.mentions]
