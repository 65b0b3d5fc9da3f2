"""What travels: the values that the topics carry, and nothing that acts on them.

    Post ──► screening ──► Screened   what became of every line of `posts` (topic `screened`)
                      ├──► Hit        the analysts' document and the sealed evidence (topic `hits`)
                      └──► Rejected   a line that could not be read, its bytes whole (topic `posts.rejected`)
    Erasure                           a post that its platform deleted (topic `erasures`)

All are frozen `msgspec` structs: a frozen, slotted dataclass with a compiled JSON codec. Fields may be added, never renamed or
retyped: a reader ignores what it does not know and fills in what it misses, so old reads new and new reads old.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

SCHEMA_VERSION = 1

Transport = Literal["live", "backfill", "replay", "push"]
Outcome = Literal["benign", "hit", "rejected", "duplicate", "erased"]
Reason = Literal[
    "not_json",
    "missing_field",
    "wrong_type",
    "empty_text",
    "bad_text",
    "bad_time",
    "too_large",
    "too_deep",
    "unscreenable",
    "mapping_refused",
    "not_a_hit",
    "not_an_erasure",
]
Stage = Literal["collecting", "screening", "indexing", "erasing"]
Cause = Literal["deleted", "account_deleted", "taken_down", "expired", "requested"]

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class Media(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reference to a picture, a film or a sound. Fanal never fetches it."""

    kind: str
    id: str | None = None
    url: str | None = None
    alt: str | None = None
    mime: str | None = None
    seconds: float | None = None


class Geo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a post says it was written: degrees (WGS 84), or a platform's place, or both."""

    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None
    place: str | None = None
    country: str | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the platform's terms allow and ask for."""

    retain_until: Moment | None = None
    recheck_by: Moment | None = None
    may_link_actor: bool = True
    may_train: bool = False


class Post(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A public post as its platform gave it, in one shape for all platforms.

    `platform` and `native_id` name it, `version` tells its edits apart (a content id, an edit time, a number: any text).
    `dated_at` files it (the month of its index); it stays when a replay shifts `created_at`.
    `reply_text` is the text that it replies to and `container_name` the name of its page, channel or group, where the API
    sends them along: they are read beside the post if `terms.may_link_actor`, and stored nowhere but in sealed evidence.
    """

    platform: Name
    native_id: Identifier
    text: str
    created_at: Moment
    schema_version: int = SCHEMA_VERSION
    version: Identifier = "1"
    native_uri: str | None = None
    dated_at: Moment | None = None
    observed_at: Moment | None = None
    author_id: str | None = None
    author_handle: str | None = None
    author_hints: dict[str, Any] = {}
    text_html: str | None = None
    truncated: bool = False
    lang_hint: tuple[str, ...] = ()
    in_reply_to: str | None = None
    root: str | None = None
    repost_of: str | None = None
    quote_of: str | None = None
    media: tuple[Media, ...] = ()
    geo: Geo | None = None
    hashtags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    container: str | None = None
    reply_text: str | None = None
    container_name: str | None = None
    counts: dict[str, int] = {}
    sensitivity: tuple[str, ...] = ()
    visibility: str | None = None
    source_id: str | None = None
    ingest_id: str | None = None
    collected_by: str | None = None
    transport: Transport | None = None
    cursor_at_read: str | None = None
    raw_sha256: str | None = None
    raw_ref: str | None = None
    parser_version: str | None = None
    terms: Terms = Terms()
    extra: dict[str, Any] = {}


class Position(msgspec.Struct, frozen=True, order=True):
    """Where a line stands on `posts`: partition, record offset, line in the record (from 0)."""

    partition: int
    offset: int
    line: int


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A line that could not be used: its bytes whole, and why. `detail` names a field, never its content."""

    raw: bytes
    reason: Reason
    detail: str
    stage: Stage = "screening"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The post as received, sealed (Fernet) under the key that `key_id` names."""

    key_id: str
    sealed: str


class Span(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a cue stands in a hit's masked text, in characters, and by which rule; `value` is never a contact's."""

    kind: str
    start: int
    end: int
    rule: str
    value: str = ""


class Document(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an analyst sees of a hit: facts with authors as pseudonyms and contact data as tokens, beside the assessment.

    `cues` are the taxonomy's (`payment:hawala`, `urgency`), `cue_kinds` their kinds, `spans` their places in `text`. `routes` go by
    countries (`TR>GR`), `route_from` and `route_to` are their ends, `places` are towns with their country (`TR/İzmir`), `place_points`
    `latitude,longitude`. Prices are in euros by a dated table. `priority` is `urgent`, `high` or `normal`, and `reasons` the cues that
    caused it; `acts`, `means` and `purposes` are suggestions for the crosswalk, assessments like all of these. `rules` are those that
    acted on the hit and `tags` what they put on it. `vector` is the encoder's reading for posts like this one: 384 signed bytes in
    hexadecimal, whose direction counts and not their length. `words` is the text under its language, put there when the hit is
    indexed.
    """

    platform: str
    lang: str
    created_at: datetime
    screened_at: datetime
    text: str
    kind: str
    lane: str
    flagged: bool
    level: str
    scores: dict[str, float]
    model: str
    version: str
    position: str
    received_at: datetime
    key_id: str
    author: str | None = None
    container: str | None = None
    lang_hint: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    contact_kinds: tuple[str, ...] = ()
    in_reply_to: str | None = None
    repost_of: str | None = None
    media_kinds: tuple[str, ...] = ()
    country: str | None = None
    transport: str | None = None
    source_id: str | None = None
    truncated: bool = False
    may_link_actor: bool = True
    subtypes: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    priority: str | None = None
    reasons: tuple[str, ...] = ()
    cues: tuple[str, ...] = ()
    cue_kinds: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    transport_modes: tuple[str, ...] = ()
    payment_terms: tuple[str, ...] = ()
    document_kinds: tuple[str, ...] = ()
    lures: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    route_from: tuple[str, ...] = ()
    route_to: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    place_countries: tuple[str, ...] = ()
    place_points: tuple[str, ...] = ()
    price_currencies: tuple[str, ...] = ()
    price_eur: tuple[float, ...] = ()
    price_eur_per_head: float | None = None
    departs_at: datetime | None = None
    acts: tuple[str, ...] = ()
    means: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    vector: str | None = None
    words: dict[str, str] = {}
    schema_version: int = SCHEMA_VERSION


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A post above a lane's review threshold, masked.

    `id` is HMAC(platform|native_id), so an edit replaces its earlier version; `index_version` (rising with the broker's time)
    decides which is later; `month` (YYYY.MM) names the index and never changes for an id. `recheck_by` and `retain_until` are
    what the platform's terms ask for (`Terms`).
    """

    id: str
    month: str
    index_version: int
    document: Document
    evidence: Evidence
    recheck_by: Moment | None = None
    retain_until: Moment | None = None
    schema_version: int = SCHEMA_VERSION


class Fate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one record of `posts`: a letter a line (`pipeline.codec.LETTERS`), and the hits among them by line."""

    outcomes: str
    hits: dict[int, tuple[str, int]] = {}


class Screened(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a run of consecutive records of one partition of `posts`, written before they are acknowledged.

    `fates[i]` belongs to offset `start + i`. `seen` holds 8 bytes a line, in order: the fingerprint of id and version, by which
    a worker that takes the partition over knows what was seen. `model` is what judged. `channels` holds, sealed, what the
    memory of channels noted of these lines (`pipeline.screen.context`). `live` counts by platform the posts that were seen as they
    appeared (`pipeline.screen.live`).
    """

    partition: int
    start: int
    fates: list[Fate]
    seen: bytes
    model: str
    channels: bytes = b""
    live: dict[str, int] = {}
    schema_version: int = SCHEMA_VERSION


class Erasure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A deletion upstream: of one post (`native_id`) or of all that an account wrote (`author_id`); one of the two is there.

    Where both are, it is that one post. One post is gone whatever comes after. An account's posts are gone that were written,
    or had come in, by `erased_at`: what an account writes after it was restored is read again.
    """

    platform: Name
    erased_at: Moment
    native_id: Identifier | None = None
    author_id: Identifier | None = None
    cause: Cause = "deleted"
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        """Refuse an erasure of nothing: msgspec makes this a `ValidationError`, which quotes no id."""
        if self.native_id is None and self.author_id is None:
            raise ValueError("missing required: an erasure names native_id or author_id")
