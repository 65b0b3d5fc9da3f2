"""What one connection has given already, so that the gap's posts and the stream's come once and in order of their edits."""

from collections import OrderedDict

from pipeline.posts import Post
from pipeline.sources.mastodon_ids import order

REMEMBERED = 50_000
ASKABLE = 2_000
"""Posts whose deletion in a gap can be found."""


class Seen:
    """Remembers the latest version of each post."""

    def __init__(self, room: int = REMEMBERED) -> None:
        self._room = room
        self._versions: OrderedDict[str, str] = OrderedDict()

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


class Listed:
    """Which posts the instance showed, and in which connection last: after a gap, what was not shown again is in doubt."""

    def __init__(self, room: int = ASKABLE) -> None:
        self._room = room
        self._connection = 0
        self._shown: OrderedDict[str, int] = OrderedDict()

    def opened(self) -> None:
        """A new connection: all that was shown is in doubt until it is shown in this one."""
        self._connection += 1

    def note(self, status_id: str) -> None:
        """The instance showed it, or said that it stands."""
        self._shown[status_id] = self._connection
        self._shown.move_to_end(status_id)
        if len(self._shown) > self._room:
            self._shown.popitem(last=False)

    def forget(self, status_id: str) -> None:
        """It is deleted."""
        self._shown.pop(status_id, None)

    def doubtful(self, most: int) -> list[str]:
        """Ids not shown in this connection, the youngest first: most posts that are deleted are deleted soon."""
        doubtful = [one for one, connection in self._shown.items() if connection < self._connection]
        return sorted(doubtful, key=order, reverse=True)[:most]
