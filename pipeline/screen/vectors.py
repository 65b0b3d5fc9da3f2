"""The encoder's reading of a hit, packed for posts like this one: 384 signed bytes, in hexadecimal.

Only the direction counts, so the largest component becomes 127. Packed so, of the ten nearest of 1,600 posts 9.9 are those that
the full numbers find; with four decimals instead it would be 9.99, at four times the size.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

DIMS = 384
"""What the index takes (`config/elasticsearch/hits-documents.json`). An encoder of another width gives no vectors."""


def packed(reading: Sequence[float] | NDArray[np.float32] | None) -> str | None:
    """A reading as the index takes it; None where there is none, or none that can be compared."""
    if reading is None or len(reading) != DIMS:
        return None
    numbers = np.asarray(reading, np.float32)
    largest = float(np.abs(numbers).max())
    if not np.isfinite(largest) or largest == 0:
        return None
    return np.round(numbers / largest * 127).astype(np.int8).tobytes().hex()


def unpacked(vector: str) -> list[int]:
    """The signed bytes of a packed vector.

    Raises:
        ValueError: it is none.
    """
    return [int(number) for number in np.frombuffer(bytes.fromhex(vector), np.int8)]
