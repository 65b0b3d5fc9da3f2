"""Golden scores: what the heads make of 500 posts of the corpus on torch in fp32, shipped with the artefact.

Any engine on any machine can be held against them without torch. `python -m models.golden` computes them anew (it needs
the extra `train`), as training does.
"""

import argparse
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from models.agreement import Agreement
from models.base import Base, load_base
from models.calibration import Calibration
from models.comparing import Reading, compare
from models.dataset import Row
from models.engines import F32, TORCH_F32
from models.errors import ModelError
from models.examples import Example, read_corpus
from models.heads import ARTEFACT, Heads, Logits, load_heads

COUNT = 500
FILE = "golden.safetensors"


class Encodes(Protocol):
    """What turns texts into features."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Give the features [n, width] of the texts, in their order."""


@dataclass(frozen=True, slots=True)
class Golden:
    """Posts with the logits that torch gives for them, in the same order."""

    posts: Sequence[Example]
    logits: Logits


def choose(examples: Sequence[Example], count: int = COUNT) -> list[Example]:
    """Choose posts from all languages in turn, in an order that their texts give and nothing else."""
    by_language: dict[str, list[Example]] = defaultdict(list)
    for one in sorted(examples, key=lambda one: _key(one.text)):
        by_language[one.lang].append(one)
    turns = [(turn, lang, one) for lang, some in by_language.items() for turn, one in enumerate(some)]
    return [one for *_, one in sorted(turns, key=lambda turn: turn[:2])[:count]]


def save_golden(golden: Golden, folder: Path) -> None:
    """Write the logits beside the artefact; of the posts only the digests of their texts."""
    keys = np.array([list(_key(one.text)) for one in golden.posts], np.uint8)
    tensors = {"keys": keys, "stream": golden.logits.stream, "near": golden.logits.near}
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, folder / FILE)
    (folder / FILE).chmod(0o644)


def load_golden(folder: Path = ARTEFACT, examples: Sequence[Example] | None = None) -> Golden:
    """Read the logits and find their posts in the corpus; a post that is no longer there is a `ModelError`."""
    known = {_key(one.text): one for one in (read_corpus() if examples is None else examples)}
    try:
        tensors = load_file(folder / FILE)
        logits = Logits(tensors["stream"], tensors["near"])
        posts = [known.get(key.tobytes()) for key in tensors["keys"]]
    except (OSError, KeyError, SafetensorError) as error:
        raise ModelError(
            f"the golden scores in {folder} cannot be read ({type(error).__name__}): train again"
        ) from error
    found = [post for post in posts if post is not None]
    if len(found) < len(posts):
        gone = len(posts) - len(found)
        raise ModelError(f"{gone} golden posts are no longer in the corpus: run `python -m models.golden`")
    return Golden(found, logits)


def compute_golden(heads: Heads, posts: Sequence[Example], base: Base) -> Golden:
    """Score the posts on torch in fp32; without the extra this is a `ModelError`."""
    from models.encoder import Encoder

    encoder = Encoder(heads.tune(base), TORCH_F32)
    return Golden(posts, heads(encoder.encode([one.text for one in posts])))


def against_golden(golden: Golden, heads: Heads, encoder: Encodes, calibration: Calibration) -> Agreement:
    """Compare an engine with the golden scores: they decide by the calibration for fp32, the engine by its own."""
    reference = Reading(golden.logits, heads.calibrations[F32])
    other = Reading(heads(encoder.encode([post.text for post in golden.posts])), calibration)
    rows = [Row(post.text, post.lang, post.kind, 0, "golden", post.group, post.hard, True) for post in golden.posts]
    return compare(reference, other, rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Compute the golden scores of an artefact anew."""
    parser = argparse.ArgumentParser(prog="python -m models.golden", description=__doc__)
    parser.add_argument("--artefact", type=Path, default=ARTEFACT)
    parser.add_argument("--cache", type=Path, help="where the base encoder is kept")
    options = parser.parse_args(arguments)
    posts = choose(read_corpus())
    save_golden(compute_golden(load_heads(options.artefact), posts, load_base(options.cache)), options.artefact)
    print(f"{len(posts)} golden scores written to {options.artefact / FILE}")


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


if __name__ == "__main__":
    main()
