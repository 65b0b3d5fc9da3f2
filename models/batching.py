"""Group token sequences of like length, so that little is spent on padding."""

from collections.abc import Iterator, Sequence

STEP = 8  # lengths are padded to multiples of this: an engine compiles for each shape that it meets


def padded_length(tokens: int) -> int:
    """Give the length to which so many tokens are padded."""
    return -(-tokens // STEP) * STEP


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Give the positions of `lengths` in batches, longest first, each of at most `budget` padded tokens.

    A single sequence longer than the budget makes a batch of its own. Equal lengths keep their order.
    """
    order = sorted(range(len(lengths)), key=lambda position: -lengths[position])
    start = 0
    while start < len(order):
        size = max(1, budget // padded_length(lengths[order[start]]))
        yield order[start : start + size]
        start += size
