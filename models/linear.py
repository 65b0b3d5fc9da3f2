"""A linear map on features."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights [outputs, features] and biases [outputs]."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def __call__(self, features: NDArray[np.float32]) -> Array:
        """Apply the map to features [n, width]."""
        found: Array = (features @ self.weight.T + self.bias).astype(np.float64)
        return found
