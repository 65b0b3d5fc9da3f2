"""The whole state of the spikes as bytes, and back: what a worker writes while it runs, and reads when it takes over."""

import msgspec
import numpy as np
import zstandard

from pipeline.trends.distinct import Heard
from pipeline.trends.series import Series
from pipeline.trends.spikes import Spikes
from pipeline.trends.tails import Floats

VERSION = 2
MOST_BYTES = 256 * 1024 * 1024


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """What is saved: series by row with the minute in which each was last heard, and of each array of the detector the columns
    of those rows."""

    version: int
    minute: int
    rows: list[tuple[Series, int, int]]
    clock: tuple[int, int]
    arrays: list[bytes]
    last: bytes
    heard: dict[int, list[tuple[str, str, int, str]]]
    posts: dict[str, list[int]]
    posts_open: dict[str, int]


_decoder = msgspec.msgpack.Decoder(Saved)


def save(spikes: Spikes) -> bytes:
    """Everything that `restore` needs, compressed: at most some 7 kB a series."""
    rows = spikes.register.rows
    used = max(rows.values()) + 1
    saved = Saved(
        version=VERSION,
        minute=spikes.minute,
        rows=[(series, row, spikes.register.heard[series]) for series, row in rows.items()],
        clock=spikes.detector.clock,
        arrays=[np.ascontiguousarray(array[..., :used]).tobytes() for array in spikes.detector.arrays()],
        last=spikes.pages.last[:used].tobytes(),
        heard={row: [(*pair, *at) for pair, at in one.pairs.items()] for row, one in spikes.heard.items()},
        posts={platform: list(minutes) for platform, minutes in spikes.posts.closed.items()},
        posts_open=spikes.posts.open,
    )
    return zstandard.compress(msgspec.msgpack.encode(saved), 3)


def restore(raw: bytes, spikes: Spikes) -> None:
    """Give fresh spikes the state that was saved; they go on as those that saved it would have.

    Raises:
        ValueError: these bytes are no such state, that of another version, or of more series than fit.
    """
    saved = _read(raw)
    used = max(row for _, row, _ in saved.rows) + 1
    if saved.version != VERSION or used > spikes.most:
        raise ValueError("the state is of another version, or holds more series than are kept now")
    spikes.minute = saved.minute
    spikes.register.rows = {series: row for series, row, _ in saved.rows}
    spikes.register.heard = {series: minute for series, _, minute in saved.rows}
    for array, held in zip(spikes.detector.arrays(), saved.arrays, strict=True):
        _fill(array[..., :used], held)
    _fill(spikes.pages.last[:used], saved.last)
    for row, pairs in saved.heard.items():
        spikes.heard[row] = Heard({(author, text): (minute, hit) for author, text, minute, hit in pairs})
    spikes.posts.load(saved.posts, saved.posts_open)
    spikes.detector.resume(saved.clock)


def _read(raw: bytes) -> Saved:
    try:
        return _decoder.decode(zstandard.ZstdDecompressor().decompress(raw, max_output_size=MOST_BYTES))
    except (zstandard.ZstdError, msgspec.DecodeError) as error:
        raise ValueError(f"the state cannot be read ({type(error).__name__})") from None


def _fill(array: Floats, held: bytes) -> None:
    array[...] = np.frombuffer(held, np.float64).reshape(array.shape)
