"""Where a reader of Jetstream stands, and what it asks a host for when it comes back. Pure.

A number of an event (`seq`) holds on the host that gave it and nowhere else; the time at which a host saw an event holds on
all of them, roughly. So both are kept: the number while the host stays the same, the time after a change of host or where a
host numbers anew. Times do not rise from event to event (v1: from 6.5 ms back to 8.9 ms ahead were recorded), so the highest
is kept and asked for with a rewind; what comes twice is passed over by whoever follows.
"""

from dataclasses import dataclass, replace
from urllib.parse import urlencode, urlsplit

from pipeline.errors import ConfigurationError
from pipeline.sources.bluesky_posts import COLLECTION
from pipeline.sources.connector import Cursor, SourceRefused
from pipeline.sources.jetstream_wire import FIRST_TIME, Heard, Wire

_PATHS: dict[Wire, str] = {"v1": "/subscribe", "v2": "/xrpc/network.bsky.jetstream.subscribeEvents"}
_LAST = 1 << 63


@dataclass(frozen=True, slots=True)
class Standing:
    """The newest of what was read: `seq` of the last event on `host` (v2), the highest `time_us` (microseconds since 1970)."""

    time_us: int
    host: str = ""
    seq: int | None = None

    def at(self, host: str) -> "Standing":
        """The same on a host, perhaps another one, where the number means nothing."""
        return self if host == self.host else Standing(self.time_us, host)

    def behind(self, heard: Heard) -> "Standing":
        """Where one stands behind what was heard."""
        if heard.time_us is None:
            return self
        seq = heard.seq if self.seq is None or heard.seq is None else max(self.seq, heard.seq)
        return replace(self, time_us=max(self.time_us, heard.time_us), seq=seq)

    def by_time(self) -> "Standing":
        """The same without the number."""
        return Standing(self.time_us)

    def cursor(self) -> Cursor:
        """As it is kept."""
        kept = {"time_us": str(self.time_us)}
        if self.host:
            kept["host"] = self.host
        return kept if self.seq is None else kept | {"seq": str(self.seq)}


def read_cursor(source: str, cursor: Cursor) -> Standing:
    """Read what `Standing.cursor` wrote.

    Raises:
        SourceRefused: it is not such a cursor.
    """
    try:
        time_us, seq = int(cursor["time_us"]), int(cursor["seq"]) if "seq" in cursor else None
    except (KeyError, ValueError):
        time_us, seq = 0, None
    if not FIRST_TIME <= time_us < _LAST or not 0 <= (seq or 0) < FIRST_TIME:
        raise SourceRefused(f"{source}: the cursor is none of Jetstream's; remove it to start from now")
    return Standing(time_us, cursor.get("host", ""), seq)


def asked(standing: Standing, wire: Wire, host: str, rewind_s: float) -> int:
    """The cursor to ask a host for: the number after the last event, or the highest time less the rewind."""
    if wire == "v2" and standing.seq is not None and standing.host == host:
        return standing.seq + 1
    return max(standing.time_us - int(rewind_s * 1e6), FIRST_TIME)


def address(host: str, wire: Wire, cursor: int | None) -> str:
    """The whole address to connect to; without a cursor the stream starts at now.

    v2 is asked for deletions of accounts and for broken histories, too; v1 sends the former unasked and has not the latter.
    """
    if wire == "v1":
        query = [("wantedCollections", COLLECTION)]
    else:
        query = [("collections", COLLECTION), ("kinds", "commit"), ("kinds", "account"), ("kinds", "sync")]
    if cursor is not None:
        query.append(("cursor", str(cursor)))
    return f"{host}{_PATHS[wire]}?{urlencode(query)}"


def checked_host(host: str) -> str:
    """A host as it is compared and kept: scheme, name and port, no path of its own but a prefix, no slash at the end.

    Raises:
        ConfigurationError: it is not the address of a websocket server.
    """
    parts = urlsplit(host)
    if parts.scheme not in ("ws", "wss") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ConfigurationError("a host of Jetstream is given as wss://NAME or ws://NAME:PORT, with nothing after it")
    return host.rstrip("/")
