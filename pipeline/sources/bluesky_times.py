"""Which times of a Bluesky post are believed: its author's client makes them, and may lie. Pure."""

import re
from datetime import UTC, datetime, timedelta

from pipeline.codec import EARLIEST

AHEAD = timedelta(minutes=10)
"""How far an author's clock may run before the host's; a time beyond it is replaced by the host's."""
BACKDATED = timedelta(days=30)
"""A post that appears under a key older than this is filed by when it appeared."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TID = re.compile(r"[234567abcdefghij][234567a-z]{12}")
_TID_VALUES = str.maketrans("234567abcdefghijklmnopqrstuvwxyz", "0123456789abcdefghijklmnopqrstuv")


def believed(said: datetime | None, observed_at: datetime) -> datetime | None:
    """The author's own time in UTC; nothing if it lies ahead or before the year 2000. Without a zone it is UTC."""
    if said is None:
        return None
    aware = said if said.tzinfo else said.replace(tzinfo=UTC)
    return aware.astimezone(UTC) if EARLIEST <= aware <= observed_at + AHEAD else None


def filed(rkey: str, edited: bool, observed_at: datetime) -> datetime:
    """What files a post: the time in its key, which its edits share.

    A key that lies ahead is not believed, and of a new post none that is old: else an author could file an offer into a month
    that retention is about to drop.
    """
    made = born(rkey)
    if made is None or not EARLIEST <= made <= observed_at + AHEAD:
        return observed_at
    return observed_at if not edited and made < observed_at - BACKDATED else made


def born(rkey: str) -> datetime | None:
    """When a record's key was made, if it is a TID (53 bits of microseconds, in a sortable base 32); authors' clients make it."""
    if not _TID.fullmatch(rkey):
        return None
    return _EPOCH + timedelta(microseconds=int(rkey.translate(_TID_VALUES), 32) >> 10)
