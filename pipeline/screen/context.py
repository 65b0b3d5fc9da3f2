"""What stands around a post, where its platform's terms allow to use it: what it replies to, its channel's name and past.

The memory of channels is kept as that of seen posts is: what it notes of a batch goes, sealed, with the batch's record on
`screened`, and is read back when a worker takes the partition over. So a kill forgets nothing and a replay adds nothing.
"""

import base64
import logging
import struct
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from models.surroundings import Recent, Surroundings
from pipeline.errors import ConfigurationError
from pipeline.posts import Evidence, Position, Post, Screened
from pipeline.screen.assessments import Assessment, Candidate
from pipeline.screen.channels import Channels, Note
from pipeline.screen.clean import clean
from pipeline.screen.evidence import Seal
from pipeline.screen.pseudonyms import Pseudonyms
from pipeline.screen.seen import fingerprint

log = logging.getLogger("fanal.context")

LONGEST = 1000
"""Characters of a text replied to, or of a name, that are cleaned at all."""

_NOTE = struct.Struct("<I8sdee")  # line among the record's, channel, time, two scores


class Reader(Protocol):
    """The classifier with its weights of context, as screening needs it."""

    def reassess(
        self,
        texts: Sequence[str],
        langs: Sequence[str],
        around: Sequence[Surroundings],
        alone: Sequence[Assessment],
    ) -> Sequence[Assessment]:
        """Give the assessments of the texts in what stands around them, in order."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A post as context sees it. `key` is its channel's, None where it has none or may not be linked."""

    text: str
    lang: str
    reply: str | None
    channel: str | None
    key: bytes | None
    print_: bytes
    partition: int
    at: float


class Around:
    """Assesses posts in order, each in the light of what came before it."""

    def __init__(self, reader: Reader, channels: Channels) -> None:
        self.channels = channels
        self._reader = reader

    def reassess(
        self, posts: Sequence[Standing], alone: Sequence[Assessment]
    ) -> tuple[Sequence[Assessment], list[Note | None]]:
        """Give the assessments in context, and what was noted of each post: its scores alone, if it has a channel."""
        around, notes = [], []
        for post, assessment in zip(posts, alone, strict=True):
            recent, note = self._note(post, assessment)
            around.append(Surroundings(post.reply, post.channel, recent))
            notes.append(note)
        found = self._reader.reassess([one.text for one in posts], [one.lang for one in posts], around, alone)
        return found, notes

    def _note(self, post: Standing, assessment: Assessment) -> tuple[Recent, Note | None]:
        if post.key is None:
            return Recent(), None
        recent = self.channels.recent(post.key, post.at, post.print_)
        note = Note(post.key, post.print_, post.partition, post.at, *assessment.odds)
        self.channels.note(note)
        return recent, note


class Context:
    """Context for the screening worker: what may be used of each post, and the memory that `screened` carries."""

    def __init__(self, around: Around, pseudonyms: Pseudonyms) -> None:
        self._around = around
        self._pseudonyms = pseudonyms
        self._seal = Seal(base64.urlsafe_b64encode(pseudonyms.secret("channels")), pseudonyms.key_id)

    def concerns(self, post: Post) -> bool:
        """Whether anything stands around a post that may be used."""
        return post.terms.may_link_actor and bool(post.reply_text or post.container_name or post.container)

    def reassess(
        self, candidates: Sequence[Candidate], alone: Sequence[Assessment]
    ) -> tuple[Sequence[Assessment], dict[Position, Note]]:
        """Give the assessments in context, and what the memory noted, by position."""
        found, notes = self._around.reassess([self._standing(one) for one in candidates], alone)
        placed = zip(candidates, notes, strict=True)
        return found, {candidate.position: note for candidate, note in placed if note}

    def packed(self, screened: Screened, notes: Mapping[Position, Note]) -> Screened:
        """Put what was noted of a run of records, sealed, into the record of it."""
        found = [(line, notes[at]) for line, at in enumerate(_positions(screened)) if at in notes]
        if not found:
            return screened
        raw = b"".join(_NOTE.pack(line, one.key, one.at, one.stream, one.near) for line, one in found)
        sealed = base64.urlsafe_b64decode(self._seal.seal(raw).sealed)
        return msgspec.structs.replace(screened, channels=sealed)

    def load(self, partition: int, records: Iterable[Screened], model: str) -> None:
        """Take what `screened` says of a partition, as far as this model judged. What cannot be read is left out."""
        unread = 0
        for record in records:
            if record.channels and record.model == model:
                try:
                    self._load_one(partition, record)
                except (ConfigurationError, struct.error, IndexError):
                    unread += 1
        if unread:
            log.warning("channels noted under another key are forgotten", extra={"records": unread})

    def forget(self, partitions: Collection[int]) -> None:
        """Drop what came from partitions that went to another worker."""
        self._around.channels.forget(partitions)

    def _load_one(self, partition: int, record: Screened) -> None:
        sealed = base64.urlsafe_b64encode(record.channels).decode("ascii")
        raw = self._seal.open_sealed(Evidence(key_id=self._seal.key_id, sealed=sealed))
        for line, key, at, stream, near in _NOTE.iter_unpack(raw):
            print_ = record.seen[8 * line : 8 * line + 8]
            self._around.channels.note(Note(key, print_, partition, at, stream, near))

    def _standing(self, candidate: Candidate) -> Standing:
        post, allowed = candidate.post, candidate.post.terms.may_link_actor
        return Standing(
            text=candidate.text,
            lang=candidate.langs[0],
            reply=cleaned(post.reply_text) if allowed else None,
            channel=cleaned(post.container_name) if allowed and not _is_author(post, post.container_name) else None,
            key=self._key(post) if allowed else None,
            print_=fingerprint(post),
            partition=candidate.position.partition,
            at=candidate.received_at.timestamp(),
        )

    def _key(self, post: Post) -> bytes | None:
        """The key of a channel; none where the channel is its author: no score of a person is kept."""
        if not post.container or _is_author(post, post.container):
            return None
        return self._pseudonyms.channel(post.platform, post.container)


def _is_author(post: Post, name: str | None) -> bool:
    plain = (name or "").lstrip("@").casefold()
    return plain in {(one or "").lstrip("@").casefold() for one in (post.author_id, post.author_handle)}


def cleaned(text: str | None) -> str | None:
    """A text beside a post as a person reads it, cut; None where there is none."""
    return clean(text[:LONGEST]) or None if text else None


def _positions(screened: Screened) -> Iterator[Position]:
    """The positions of a record's lines, in the order of their fingerprints."""
    for index, fate in enumerate(screened.fates):
        for line in range(len(fate.outcomes)):
            yield Position(screened.partition, screened.start + index, line)
