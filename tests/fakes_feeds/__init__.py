"""A web server on loopback that serves feeds as real ones do: validators, 304, 410, redirects, limits, silence, cut answers."""

from tests.fakes_feeds.documents import atom, item, rss
from tests.fakes_feeds.site import Page, Site

__all__ = ["Page", "Site", "atom", "item", "rss"]
