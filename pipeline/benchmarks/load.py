"""Posts to measure with: the sample texts, each time under a new id, so that no two are duplicates."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle, islice

import msgspec

from pipeline.codec import decode_post
from pipeline.posts import Post
from pipeline.resources import config_dir


def sample_posts() -> list[Post]:
    """The posts of the sample file."""
    raw = (config_dir() / "samples" / "posts.ndjson").read_bytes().splitlines()
    return [post for post in map(decode_post, raw) if isinstance(post, Post)]


def posts(count: int, run: str, *, own_text: bool = False) -> Iterator[Post]:
    """So many posts, written now, their ids unique to the run; `own_text` ends each text with its number."""
    now = datetime.now(UTC)
    for number, post in enumerate(islice(cycle(sample_posts()), count)):
        text = f"{post.text} {number}" if own_text else post.text
        yield msgspec.structs.replace(post, native_id=f"{run}/{number}", version="1", created_at=now, text=text)
