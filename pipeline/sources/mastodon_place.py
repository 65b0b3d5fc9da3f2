"""Where a Mastodon connector stands, and the pages that bring it on."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from pipeline.sources.connector import Cursor, SourceAway, SourceRefused
from pipeline.sources.http import Answer
from pipeline.sources.mastodon_ids import Known, is_id, order

_PREVIOUS = re.compile(r'[?&]min_id=([0-9A-Za-z]{1,64})[^>]{0,500}>; ?rel="prev"')


class _Identified(msgspec.Struct):
    id: str | int


@dataclass(slots=True)
class Place:
    """The last id up to which nothing is missing but what arrives late, for which each connection begins by going back."""

    last: str | None = None

    def cursor(self, known: Known) -> Cursor:
        """The place as a cursor. The instance's own name goes along: deletions are named by it."""
        return {"last_id": self.last or "0", "host": known.host}

    def reach(self, status_id: str) -> None:
        """Move on to an id, never back."""
        if self.last is None or order(status_id) > order(self.last):
            self.last = status_id


def place(cursor: Cursor | None, name: str, known: Known) -> Place:
    """Read a cursor.

    Raises:
        SourceRefused: it is not one of this connector's.
    """
    if cursor is None:
        return Place()
    last = cursor.get("last_id", "")
    if not is_id(last):
        raise SourceRefused(f"{name}: its cursor has no last_id that is an id; remove the cursor to start from now")
    known.host = cursor.get("host", known.host)
    return Place(last)


@dataclass(frozen=True, slots=True)
class Page:
    """Statuses as they came, oldest first, and the id behind which the next page begins."""

    statuses: Sequence[bytes]
    newest: str = ""

    def later_than(self, last: str) -> bool:
        """Whether the page brings anything on: an instance that repeats itself does not."""
        return bool(self.statuses and self.newest) and order(self.newest) > order(last)


def page(answer: Answer) -> Page:
    """Read a page: each status by itself, so that one that is damaged spoils no other.

    Raises:
        SourceAway: it is no list in JSON.
    """
    try:
        statuses = [bytes(one) for one in msgspec.json.decode(answer.body, type=list[msgspec.Raw])]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SourceAway("its answer is not a list of statuses") from None
    ids = [found for found in map(_id, statuses) if found]
    if linked := _PREVIOUS.search(answer.headers.get("link", "")):
        ids.append(linked[1])
    return Page(statuses[::-1], max(ids, key=order, default=""))


def _id(status: bytes) -> str | None:
    try:
        found = str(msgspec.json.decode(status, type=_Identified).id)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if is_id(found) else None
