"""Which posts were seen as they appeared: only they count where the present is compared with the past."""

from datetime import datetime, timedelta

from pipeline.posts import Transport

LATE = timedelta(minutes=15)
"""After its creation a post is no longer live: sources that are polled have theirs within some minutes."""
BEHIND = timedelta(minutes=2)
"""After its arrival a post that waited for a worker is no longer live."""


def is_live(
    transport: Transport | str | None, created_at: datetime, received_at: datetime, screened_at: datetime
) -> bool:
    """Whether a post was sent, received and screened in one go, and is not a replay or a backfill."""
    timely = received_at - created_at <= LATE and screened_at - received_at <= BEHIND
    return timely and transport not in ("replay", "backfill")
