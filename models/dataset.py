"""What the heads learn from and are measured on: one list of rows, dealt into folds by author, article and source."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from models.background import Background, source_folds
from models.examples import Example
from models.variants import variants

FOLDS = 5

_WEIGHTS = {"hard": 10.0, "offer": 5.0, "exploitation": 5.0, "distress": 5.0, "benign": 3.0, "background": 1.0}
_VARIANT_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Row:
    """One text to learn from. `measured` rows count in figures; variants of a text and film subtitles do not."""

    text: str
    lang: str
    kind: str
    weight: float
    fold: int
    origin: str
    group: str
    hard: bool
    measured: bool


def build_rows(examples: Iterable[Example], background: list[Background], with_variants: bool = True) -> list[Row]:
    """Deal examples by author or article and background by source into folds, with their variants and weights."""
    rows = []
    for example in examples:
        row = _from_example(example)
        rows.append(row)
        if with_variants and example.is_offer:
            share = row.weight * _VARIANT_SHARE
            rows += [replace(row, text=form, weight=share, measured=False) for form in variants(example.text)]
    folds = source_folds(background, FOLDS)
    return rows + [_from_background(post, folds[post.source]) for post in background]


def example_fold(example: Example) -> int:
    """Give the fold of an example's author or article.

    Author 1 of every language shares a fold, and so on: one hand wrote several languages, and translated itself.
    """
    number = example.group.rpartition("-a")[2]
    if example.origin == "corpus" and number.isdigit():
        return int(number) % FOLDS
    return zlib.crc32(example.group.encode()) % FOLDS


def _from_example(example: Example) -> Row:
    if example.is_offer:
        weight = _WEIGHTS["offer"]
    elif example.hard and example.kind == "benign":
        weight = _WEIGHTS["hard"]
    else:
        weight = _WEIGHTS.get(example.kind, _WEIGHTS["exploitation"])
    return Row(
        example.text, example.lang, example.kind, weight, example_fold(example), example.origin, example.group,
        example.hard, measured=True,
    )


def _from_background(post: Background, fold: int) -> Row:
    weight = _WEIGHTS["background"]
    return Row(post.text, post.lang, "benign", weight, fold, "background", post.source, False, measured=post.is_post)
