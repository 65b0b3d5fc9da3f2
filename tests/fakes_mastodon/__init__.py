"""A Mastodon instance on loopback that streams, pages, limits, stalls and cuts as real ones do."""

from tests.fakes_mastodon.instance import Instance, Trouble
from tests.fakes_mastodon.statuses import status

__all__ = ["Instance", "Trouble", "status"]
