"""What the runners on the processor are given: summed embeddings and a mask, looked up outside their graphs.

So the embedding table stays as the base holds it (at 4 bits, an eighth of its size) and no engine copies it.
"""

import numpy as np
from numpy.typing import NDArray

from models.base import Base
from models.batching import Batch
from models.tokens import PAD


def inputs(base: Base, places: NDArray[np.float32], batch: Batch) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give the summed embeddings [rows, length, hidden] and the mask [rows, length] of a batch.

    `places` [positions, hidden] holds what is added to each position: its embedding and that of the token type.
    """
    embedded = base.embed(batch.padded(PAD).reshape(-1)).reshape(batch.rows, batch.length, -1)
    embedded += places[: batch.length]
    return embedded, batch.mask()
