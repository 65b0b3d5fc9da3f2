"""Sample the background: unlabelled public posts, presumed benign, to train against and to measure false hits on."""

import gzip
import json
import math
import random
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import CorpusError

SUBTITLES = "Helsinki-NLP+XED"
_SUBTITLE_RARITY = 4  # film lines train, but are no posts: few of them, and none in a rate


@dataclass(frozen=True, slots=True)
class Background:
    """One background post and the data set that it comes from."""

    text: str
    lang: str
    source: str

    @property
    def is_post(self) -> bool:
        """Whether it counts in a rate of false hits."""
        return self.source != SUBTITLES


def sample_background(path: Path, size: int, seed: int) -> list[Background]:
    """Draw so many posts, each source and language by the square root of its size, so that small ones count.

    A larger sample with the same seed holds the smaller one, so that cached features serve both.
    """
    strata: dict[tuple[str, str], list[Background]] = defaultdict(list)
    for post in _read(path):
        strata[post.source, post.lang].append(post)
    ranked = []
    for (source, lang), posts in sorted(strata.items()):
        random.Random(f"{seed} {source} {lang}").shuffle(posts)  # noqa: S311  # a sample, not a secret
        pace = (_SUBTITLE_RARITY if source == SUBTITLES else 1) / math.sqrt(len(posts))
        ranked += [(rank * pace, source, lang, post) for rank, post in enumerate(posts)]
    ranked.sort(key=lambda one: one[:3])
    return [post for *_, post in ranked[:size]]


def _read(path: Path) -> Iterator[Background]:
    """Give the posts of a file of JSON lines, gzipped or not; a line that is none is a `CorpusError`."""
    number = 0
    try:
        with path.open("rb") as file:
            gzipped = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if gzipped else path.open("rb") as lines:
            for number, line in enumerate(lines, 1):  # noqa: B007  # the errors below name it
                yield _post(json.loads(line.decode()))
    except (OSError, EOFError, zlib.error) as error:
        raise CorpusError(f"{path}: cannot be read after line {number} ({type(error).__name__})") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CorpusError(f"{path}:{number}: not a JSON object with text, lang and source") from error


def _post(row: Any) -> Background:
    found = Background(row["text"], row["lang"], row["source"])
    if not all(isinstance(one, str) and one.strip() for one in (found.text, found.lang, found.source)):
        raise ValueError("a text, a language or a source that is empty or no string")
    return found


def source_folds(posts: list[Background], folds: int) -> dict[str, int]:
    """Deal the sources into folds of about equal numbers of posts: a source is in one fold only."""
    counts: dict[str, int] = defaultdict(int)
    for post in posts:
        counts[post.source] += 1
    loads = [0] * folds
    dealt = {}
    for source, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        dealt[source] = loads.index(min(loads))
        loads[dealt[source]] += count
    return dealt
