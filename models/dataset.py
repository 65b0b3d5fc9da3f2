"""What the heads learn from and are measured on: one list of rows, dealt into folds by author, article and source."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.background import Background, source_folds
from models.examples import Example

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One text to learn from. `group` is its author, article or source; film subtitles are not `measured`.

    Nothing is learnt from `why` and `pair` (see `models.examples.Example`): figures are sorted by them.
    """

    text: str
    lang: str
    kind: str
    fold: int
    origin: str
    group: str
    hard: bool
    measured: bool
    subtypes: tuple[str, ...] = ()
    why: str = ""
    pair: str | None = None

    @property
    def is_background(self) -> bool:
        """Whether it is an unlabelled post, presumed benign."""
        return self.origin == "background"


def build_rows(examples: Iterable[Example], background: list[Background]) -> list[Row]:
    """Deal examples by author or article, and background by source, into folds."""
    folds = source_folds(background, FOLDS)
    return [_from_example(one) for one in examples] + [_from_background(one, folds[one.source]) for one in background]


def balanced(rows: Sequence[Row]) -> NDArray[np.float64]:
    """Give each row [n] the weight by which the background counts as much as all examples together."""
    background = np.array([row.is_background for row in rows], dtype=bool)
    own = int((~background).sum())
    return np.where(background, own / max(1, len(rows) - own), 1.0)


def example_fold(example: Example) -> int:
    """Give the fold of an example's author or article.

    Author 1 of every language shares a fold, and so on: one hand wrote several languages, and translated itself.
    """
    number = example.group.rpartition("-")[2][1:]
    if example.origin == "corpus" and number.isdigit():
        return int(number) % FOLDS
    return zlib.crc32(example.group.encode()) % FOLDS


def _from_example(example: Example) -> Row:
    fold = example_fold(example)
    return Row(
        text=example.text,
        lang=example.lang,
        kind=example.kind,
        fold=fold,
        origin=example.origin,
        group=example.group,
        hard=example.hard,
        measured=True,
        subtypes=example.subtypes,
        why=example.why,
        pair=example.pair,
    )


def _from_background(post: Background, fold: int) -> Row:
    return Row(post.text, post.lang, "benign", fold, "background", post.source, False, post.is_post)
