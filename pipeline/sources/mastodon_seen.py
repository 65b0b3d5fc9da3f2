"""What one connection has given already, so that the gap's posts and the stream's come once and in order of their edits."""

from collections import OrderedDict
from collections.abc import Iterable

from pipeline.posts import Post
from pipeline.sources.mastodon_ids import order

REMEMBERED = 50_000


class Seen:
    """Remembers the latest version of each post; `since` is the id from which the gap was listed."""

    def __init__(self, room: int = REMEMBERED) -> None:
        self.since: str | None = None
        self._room = room
        self._versions: OrderedDict[str, str] = OrderedDict()
        self._ids: set[str] | None = set()

    def is_news(self, post: Post) -> bool:
        """Whether this version was not given yet, and none that is later. Versions begin with the time of the edit, or `1`."""
        before = self._versions.get(post.native_id)
        if before is not None and (before == post.version or post.version.partition(".")[0] < before.partition(".")[0]):
            return False
        self._versions[post.native_id] = post.version
        self._versions.move_to_end(post.native_id)
        if len(self._versions) > self._room:
            self._versions.popitem(last=False)
        return True

    def listed(self, status_id: str) -> None:
        """Note that the instance listed it, as long as that is asked for (`missing`)."""
        if self._ids is not None and len(self._ids) < self._room:
            self._ids.add(status_id)

    def missing(self, before: Iterable[str]) -> list[str]:
        """Of the ids listed before, those that lie within the gap and were not listed in it. Forgets what was listed."""
        since, ids = self.since, self._ids
        self._ids = None
        if since is None or ids is None:
            return []
        return [one for one in before if one not in ids and order(one) > order(since)]
