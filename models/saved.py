"""A base encoder in a folder as `transformers` saves models: configuration, tokenizer, safetensors, in full precision."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.architecture import CONFIG, TOKENIZER, Architecture, read_architecture, read_json, read_tokenizer
from models.contents import About, Contents
from models.errors import ModelError
from models.names import tensor_shapes, their_name
from models.progress import Progress
from models.tensors import Mapped, map_tensors

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"

_PREFIXES = ("", "bert.", "roberta.")  # of a bare model, and of one with a head for training
_SHARD = re.compile(r"[\w.-]+\.safetensors")


@dataclass(frozen=True, slots=True)
class SavedModel:
    """A local folder. Its files are digested when it is opened: other files are another source."""

    folder: Path
    digests: Mapping[str, str]

    @classmethod
    def open(cls, folder: Path) -> "SavedModel":
        """Digest the folder's files; one that is missing is a `ModelError`."""
        with said_of(str(folder)):
            return cls(folder, {name: digest(folder / name) for name in (CONFIG, TOKENIZER, *weight_files(folder))})

    @property
    def identity(self) -> str:
        """The digests of all files that are read."""
        return " ".join(f"{name}:{one}" for name, one in self.digests.items())

    @contextmanager
    def contents(self, cache: Path, progress: Progress) -> Iterator[Contents]:
        """Read the folder."""
        progress(f"reading {self.folder.name}", 0.0)
        about = About(str(self.folder), self.folder.resolve().name, "not stated")
        with said_of(str(self.folder)):
            found = read_saved(self.folder, about, self.digests)
        yield found


@contextmanager
def said_of(source: str) -> Iterator[None]:
    """Put the source before what is wrong with it."""
    try:
        yield
    except ModelError as error:
        raise type(error)(f"{source}: {error}") from error


def read_saved(folder: Path, about: About, digests: Mapping[str, str]) -> Contents:
    """Take a folder's model apart; `digests` are those of its files, by name."""
    architecture = read_architecture(folder)
    tokenizer = read_tokenizer(folder, architecture)
    files = weight_files(folder)
    tensors = {name: one for file in files for name, one in map_tensors(folder / file).items()}
    tables, layers = _tensors(tensors, architecture)
    return Contents(
        about=About(about.source, about.name, about.licence, architecture.name),
        sha256=checksum([digests[name] for name in files]),
        shape=architecture.shape,
        tokenizer=tokenizer,
        normal_forms={},
        words=tables["emb.word"].exact(),
        layers={
            "emb.pos": tables["emb.pos"].as_f32()[architecture.skipped :],
            "emb.type": tables["emb.type"].as_f32(),
            **layers,
        },
    )


def weight_files(folder: Path) -> list[str]:
    """Name the folder's files of weights, in order: one, or the shards that the index names."""
    if (folder / WEIGHTS).is_file() or not (folder / INDEX).is_file():
        return [WEIGHTS]
    named = read_json(folder / INDEX).get("weight_map")
    shards = sorted({str(name) for name in named.values()}) if isinstance(named, dict) else []
    if not shards or not all(_SHARD.fullmatch(name) for name in shards):
        raise ModelError(f"{INDEX} names no files of weights")
    return shards


def checksum(digests: list[str]) -> str:
    """Give the checksum of the weights: of one file its sha256, of shards that of their digests in hex, one after another.

    In a shell: `sha256sum model-*.safetensors | cut -c 1-64 | tr -d '\\n' | sha256sum`.
    """
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def digest(path: Path) -> str:
    """Give the sha256 of a file; one that is missing is a `ModelError`."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        hint = " (weights in another form than safetensors are not read)" if path.name == WEIGHTS else ""
        raise ModelError(f"there is no {path.name}{hint}") from error
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read: {error.strerror}") from error


def _tensors(
    tensors: Mapping[str, Mapped], architecture: Architecture
) -> tuple[dict[str, Mapped], dict[str, NDArray[np.float32]]]:
    """Find the three tables, and all else in fp32; what is missing or of another shape is a `ModelError`."""
    shape = architecture.shape
    tables = {
        "emb.word": (architecture.words, shape.hidden),
        "emb.pos": (shape.positions + architecture.skipped, shape.hidden),
        "emb.type": (architecture.types, shape.hidden),
    }
    others = tensor_shapes(shape.hidden, shape.inner, shape.layers)
    prefix = next((one for one in _PREFIXES if one + their_name("emb.word") in tensors), "")
    found = {}
    for name, expected in (tables | others).items():
        theirs = prefix + their_name(name)
        if theirs not in tensors:
            raise ModelError(f"there is no tensor {theirs} in fp32, fp16 or bf16")
        if tensors[theirs].shape != expected:
            raise ModelError(f"the tensor {theirs} is {tensors[theirs].shape}, and {CONFIG} says {expected}")
        found[name] = tensors[theirs]
    return {name: found[name] for name in tables}, {name: found[name].as_f32() for name in others}
