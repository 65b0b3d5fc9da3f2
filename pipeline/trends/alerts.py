"""What a spike becomes: a record on `alerts` with its evidence, and how it is written."""

from datetime import datetime

import msgspec

SCHEMA_VERSION = 1


class Alert(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """More independent voices in a series than chance would bring, with what on-call needs to look further.

    `id` follows from series and minute, so that a replay writes the same alert again. `window_min` is the window that
    was most unusual. `voices` is what was scored: distinct authors, or distinct texts where those are fewer. `expected`
    is what the baseline expected of that window, `surprise` -log10 of the probability of so many (weighed by what that
    window of this series may spend of the budget), `threshold` what pages. `counts` gives the voices of every window by
    its minutes. `campaigns` are fingerprints of texts with their distinct authors, the most first; `hits` are document
    ids in the index.
    """

    id: str
    kind: str
    subtype: str
    route: str
    language: str
    platform: str
    opened_at: datetime
    window_min: int
    voices: int
    authors: int
    texts: int
    expected: float
    surprise: float
    threshold: float
    counts: dict[str, int] = {}
    campaigns: tuple[tuple[str, int], ...] = ()
    hits: tuple[str, ...] = ()
    schema_version: int = SCHEMA_VERSION


_decoder = msgspec.json.Decoder(Alert)
_encoder = msgspec.json.Encoder()


def encode_alert(alert: Alert) -> bytes:
    """One line of JSON."""
    return _encoder.encode(alert)


def decode_alert(raw: bytes) -> Alert:
    """Read one record of `alerts`.

    Raises:
        msgspec.DecodeError: it is no alert that this version can read.
    """
    return _decoder.decode(raw)
