"""Posts to measure with: texts over and over, each time under a new id, so that no two are duplicates."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

import msgspec

from models.background import sample_background
from pipeline.codec import decode_post
from pipeline.posts import Post
from pipeline.resources import config_dir

_SEED = 11


def sample_posts() -> list[Post]:
    """The posts of the sample file."""
    raw = (config_dir() / "samples" / "posts.ndjson").read_bytes().splitlines()
    return [post for post in map(decode_post, raw) if isinstance(post, Post)]


def background_posts(path: Path, count: int) -> list[Post]:
    """So many posts of a file of background, as a platform would give them."""
    now = datetime.now(UTC)
    found = sample_background(path, count, _SEED)
    return [
        Post(platform="bench", native_id=str(number), text=post.text, created_at=now)
        for number, post in enumerate(found)
    ]


def posts(count: int, run: str, *, own_text: bool = False, source: Sequence[Post] | None = None) -> Iterator[Post]:
    """So many posts, written now, their ids unique to the run; `own_text` ends each text with its number.

    They are those of `source` again and again, or the sample posts.
    """
    now = datetime.now(UTC)
    for number, post in enumerate(islice(cycle(source or sample_posts()), count)):
        text = f"{post.text} {number}" if own_text else post.text
        yield msgspec.structs.replace(post, native_id=f"{run}/{number}", version="1", created_at=now, text=text)
