"""What sort of offer or distress a post is: the subtypes of `config/taxonomy.yaml`, named for the kind that it is held to be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.linear import Array, Linear

_SECOND = 0.3  # the share from which a second subtype is named beside the first


@dataclass(frozen=True, slots=True)
class Subtypes:
    """A linear map with an output a subtype, those of a kind side by side in the order of `names`.

    It reads the first of the features, those of the layers that stay as they are.
    """

    names: Mapping[str, tuple[str, ...]]
    linear: Linear

    def __call__(self, features: NDArray[np.float32]) -> Array:
        """Give the logits [n, subtypes] of features [n, width]."""
        return self.linear(features[:, : self.linear.weight.shape[1]])

    def named(self, logits: Array, kinds: Sequence[str]) -> list[tuple[str, ...]]:
        """Name the subtypes of texts, each of its kind, from their logits [n, subtypes]."""
        return [named(one, kind, self.names) for one, kind in zip(logits, kinds, strict=True)]

    def refuse_unsound(self) -> None:
        """Raise a `ValueError` where the outputs are not those that the names say."""
        if self.linear.weight.shape[0] != sum(map(len, self.names.values())):
            raise ValueError("the map subtypes is not one of as many outputs as it has names")


def named(logits: NDArray[np.float64], kind: str, names: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Give the likeliest subtype of the kind, and a second that has a third of the probability; none where the kind has none.

    `logits` [subtypes] are those of one text.
    """
    first = 0
    for other, own in names.items():
        if other == kind and own:
            part = np.exp(logits[first : first + len(own)] - logits[first : first + len(own)].max())
            order = np.argsort(-part, kind="stable")[:2].tolist()
            return tuple(
                own[place] for rank, place in enumerate(order) if not rank or part[place] / part.sum() >= _SECOND
            )
        first += len(own)
    return ()
