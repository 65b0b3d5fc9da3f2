"""What names a post of the Fediverse: one name wherever it is seen, and the one that a deletion tells. Pure.

A post's `uri` is global; a deletion tells only the id that the post has on the instance that is asked. Where the uri is an
instance's own (`https://HOST/users/NAME/statuses/ID`), `HOST/ID` says the same without the name: so a deletion on HOST names
its post without any memory. Posts of other servers are remembered while there is room. See docs/decisions/020-mastodon-ids.md.
"""

import re
from collections import OrderedDict

REMEMBERED = 100_000
"""Posts of other servers whose id on the instance is remembered, the latest first."""
_OWN = re.compile(r"https://([^/?#\s]{1,255})/(?:ap/)?users/[^/?#\s]{1,255}/statuses/([0-9]{1,32})")
_ID = re.compile(r"[0-9A-Za-z]{1,64}")


def native_id(uri: str) -> str:
    """The name of a post, from its uri alone: `HOST/ID` for one of a Mastodon server, else the uri.

    >>> native_id("https://mastodon.example.org/users/ana_example/statuses/1234")
    'mastodon.example.org/1234'
    """
    own = _OWN.fullmatch(uri)
    return f"{own[1].lower()}/{own[2]}" if own else uri


def order(status_id: str) -> tuple[int, str]:
    """Sorts an instance's ids by age: numbers of growing length, or texts of one length that sort as they are."""
    return len(status_id), status_id


def is_id(text: str) -> bool:
    """Whether this can be an id of a status on an instance."""
    return _ID.fullmatch(text) is not None


def rewound(status_id: str, seconds: float) -> str:
    """An id from that long before, where ids tell the time (Mastodon's hold milliseconds since 1970 above 16 bits)."""
    if not status_id.isdecimal() or int(status_id) >> 16 < 1_000_000_000_000:
        return status_id
    return str(int(status_id) - (int(seconds * 1000) << 16))


class Known:
    """Which post an instance's id means: remembered for posts of other servers, computed for its own."""

    def __init__(self, host: str, room: int = REMEMBERED) -> None:
        self.host = host
        self._room = room
        self._elsewhere: OrderedDict[str, str] = OrderedDict()

    def note(self, status_id: str, native: str) -> None:
        """Remember a post of another server; the longest unseen is forgotten where there is no room."""
        if native == f"{self.host}/{status_id}":
            return
        self._elsewhere[status_id] = native
        self._elsewhere.move_to_end(status_id)
        if len(self._elsewhere) > self._room:
            self._elsewhere.popitem(last=False)

    def learn(self, status_id: str, native: str) -> None:
        """Take the instance's name from a post that it calls its own: it may differ from the address that is asked."""
        host, _, own_id = native.partition("/")
        if own_id == status_id:
            self.host = host

    def native(self, status_id: str) -> str:
        """The post's name; for one that is not remembered, the name that it has if it is the instance's own."""
        return self._elsewhere.get(status_id) or f"{self.host}/{status_id}"
