"""Group token sequences of like length into batches of few shapes, so that little is spent on padding.

An engine compiles something for each shape [rows, length] that it meets and keeps it, so both are rounded: lengths to a
multiple of `STEP`, the rows of a batch that is not full to one of few numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STEP = 4
_ROWS = 4


@dataclass(frozen=True, slots=True)
class Batch:
    """Token sequences that run together: the places they came from, their ids, and the shape that they are padded to.

    `rows` may exceed the number of sequences: what stands below them is padding, and dropped from the result.
    """

    places: list[int]
    ids: list[list[int]]
    rows: int
    length: int

    def mask(self) -> NDArray[np.float32]:
        """Give 1 where a token stands and 0 on padding, [rows, length]; a row of padding keeps one token."""
        sizes = np.ones(self.rows, np.int64)
        sizes[: len(self.ids)] = [len(one) for one in self.ids]
        return (np.arange(self.length) < sizes[:, None]).astype(np.float32)

    def padded(self, pad: int) -> NDArray[np.int64]:
        """Give the ids, [rows, length], filled up with `pad`."""
        found = np.full((self.rows, self.length), pad, np.int64)
        for row, one in enumerate(self.ids):
            found[row, : len(one)] = one
        return found


def batches(ids: Sequence[list[int]], budget: int, streams: int = 1) -> list[Batch]:
    """Give the sequences in batches, longest first, each of at most `budget` padded tokens.

    A single sequence longer than the budget makes a batch of its own. Equal lengths keep their order. Where the last
    round would leave one of several streams idle, its batch is halved.
    """
    order = sorted(range(len(ids)), key=lambda place: -len(ids[place]))
    groups = []
    start = 0
    while start < len(order):
        size = most_rows(padded_length(len(ids[order[start]])), budget)
        groups.append(order[start : start + size])
        start += size
    if streams > 1 and len(groups) % streams == 1 and len(groups[-1]) > 1:
        last = groups.pop()
        groups += [last[: -(-len(last) // 2)], last[-(-len(last) // 2) :]]
    return [_batch(group, ids, budget) for group in groups]


def padded_length(tokens: int) -> int:
    """Give the length to which so many tokens are padded."""
    return -(-tokens // STEP) * STEP


def most_rows(length: int, budget: int) -> int:
    """Give how many sequences of a padded length fill a batch."""
    return max(1, budget // length)


def _batch(places: list[int], ids: Sequence[list[int]], budget: int) -> Batch:
    chosen = [ids[place] for place in places]
    length = padded_length(max(len(one) for one in chosen))
    return Batch(places, chosen, min(_rounded(len(places)), max(len(places), most_rows(length, budget))), length)


def _rounded(rows: int) -> int:
    return rows if rows <= 2 else -(-rows // _ROWS) * _ROWS
