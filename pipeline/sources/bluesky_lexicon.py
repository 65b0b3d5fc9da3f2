"""The parts of a Bluesky post as its lexicon gives them: facets, embeds, a reply, labels.

Nothing is required: a client may leave out or invent what it likes. Fields that are not named here are passed over.
"""

import msgspec


class Span(msgspec.Struct, frozen=True, gc=False, rename={"start": "byteStart", "end": "byteEnd"}):
    """Where a facet begins and ends, in bytes."""

    start: int = -1
    end: int = -1


class Feature(msgspec.Struct, frozen=True, gc=False, rename={"type": "$type"}):
    """What a facet is: a hashtag, a mention or a link."""

    type: str = ""
    tag: str | None = None
    did: str | None = None
    uri: str | None = None


class Facet(msgspec.Struct, frozen=True, gc=False):
    """What a stretch of the text is: `index` counts the bytes of its UTF-8 form."""

    index: Span = Span()
    features: list[Feature] = []


class Link(msgspec.Struct, frozen=True, gc=False, rename={"link": "$link"}):
    """A content id, as JSON writes it."""

    link: str | None = None


class Blob(msgspec.Struct, frozen=True, gc=False, rename={"mime": "mimeType"}):
    """A file, by its content id (`cid` alone: the form before 2023)."""

    ref: Link | None = None
    cid: str | None = None
    mime: str | None = None


class Image(msgspec.Struct, frozen=True, gc=False):
    """A picture and the text that stands for it."""

    image: Blob | None = None
    alt: str | None = None


class External(msgspec.Struct, frozen=True, gc=False):
    """A card of a page elsewhere, as the author's client described it."""

    uri: str | None = None
    title: str | None = None
    description: str | None = None


class Reference(msgspec.Struct, frozen=True, gc=False):
    """A post that is referred to; beside media it stands one level deeper."""

    uri: str | None = None
    record: "Reference | None" = None


class Embed(msgspec.Struct, frozen=True, gc=False):
    """What hangs under a text: pictures, a film, a card, another post, or a post with one of the others (`media`)."""

    images: list[Image] = []
    video: Blob | None = None
    alt: str | None = None
    external: External | None = None
    record: Reference | None = None
    media: "Embed | None" = None


class Reply(msgspec.Struct, frozen=True, gc=False):
    """The post that is answered and the one at the root of the thread."""

    parent: Reference | None = None
    root: Reference | None = None


class Label(msgspec.Struct, frozen=True, gc=False):
    """One label, by its name."""

    val: str = ""


class Labels(msgspec.Struct, frozen=True, gc=False):
    """The labels that an author put on the own post."""

    values: list[Label] = []
