"""The platforms of the kill test of the collector: each serves numbered events from this process, and knows what it sent."""

from collections.abc import Callable, Mapping

from tests.chaos.platforms.polled import Feed, File
from tests.chaos.platforms.sending import Extent, Platform
from tests.chaos.platforms.streams import Bluesky, Fediverse
from tests.chaos.platforms.written import Pusher, Table

PLATFORMS: Mapping[str, Callable[[Extent], Platform]] = {
    "bluesky": Bluesky,
    "mastodon": Fediverse,
    "rss": Feed,
    "push": Pusher,
    "replay": File,
    "connect": Table,
}
"""By the kind of source that reads it."""
