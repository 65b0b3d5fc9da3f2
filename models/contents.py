"""What a source of a base encoder gives, whichever source it is: what the cache is written from."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.packed import Shape
from models.progress import Progress

Words = NDArray[np.uint8] | NDArray[np.float16] | NDArray[np.float32]
"""The embedding table, a row a token: packed at 4 bits (bytes), or plain."""


@dataclass(frozen=True, slots=True)
class About:
    """What is said of a base: the setting that names it, its name, its licence as stated, and what it is built as."""

    source: str = ""
    name: str = ""
    licence: str = ""
    architecture: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """A base encoder taken from its source: all that the cache keeps.

    `sha256` is the checksum of the weights as published. `layers` holds every tensor but the embedding table, under our
    names (`models.names`), in fp32. An empty `normal_forms` means that the tokenizer normalises by itself.
    """

    about: About
    sha256: str
    shape: Shape
    tokenizer: str
    normal_forms: Mapping[int, str]
    words: Words
    layers: Mapping[str, NDArray[np.float32]]


class Source(Protocol):
    """Where a base comes from."""

    @property
    def identity(self) -> str:
        """Tell it from any other source, and from itself with other contents, without reaching for a network."""

    def contents(self, cache: Path, progress: Progress) -> AbstractContextManager[Contents]:
        """Give what it holds; what was fetched for it lies under `cache` until it has been used."""
