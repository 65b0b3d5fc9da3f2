"""When a feed is asked again: its own rhythm and ours, whichever is slower, and never by everybody at once. Pure."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from pipeline.sources.feed_outline import Outline

JITTER = 0.1
LONGEST = timedelta(days=1)


def next_poll(
    now: datetime, interval: timedelta, feed: Outline, uniform: Callable[[float, float], float] = random.uniform
) -> datetime:
    """The time of the next poll: `interval` or the feed's `ttl` (a day at most), a tenth more or less, past skipped hours.

    A feed that skips every hour or every day has made a mistake: it is asked after its interval.
    """
    ttl = min(LONGEST, timedelta(minutes=min(feed.ttl_minutes or 0, 1440)))
    due = now + max(interval, ttl) * uniform(1 - JITTER, 1 + JITTER)
    if len(feed.skip_hours) >= 24 or len(feed.skip_days) >= 7:
        return due
    while due.hour in feed.skip_hours or due.weekday() in feed.skip_days:
        due = (due + timedelta(hours=1)).replace(minute=int(uniform(0, 10)), second=0)
    return due
