"""Posts that nobody has labelled: drawn from a file, or the last ones that the broker still holds.

Of a post only its text and the languages that its author claims are read, and kept no longer than the command runs.
"""

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from pipeline.broker.reader import Reader
from pipeline.codec import MAX_TEXT, decode_post, lines
from pipeline.posts import Post
from pipeline.sources.lines import SourceLine

_SEED = 7
_FIRST_STEP = 256  # records: some thousands of posts where they come packed

Told = Callable[[int], None]


class _Line(msgspec.Struct, frozen=True):
    text: str
    lang: str | None = None
    lang_hint: tuple[str, ...] = ()


_decoder = msgspec.json.Decoder(_Line)


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """A post's text as it was written, and the languages that its author claims."""

    text: str
    hints: tuple[str, ...]


@dataclass(slots=True)
class Drawn:
    """Some posts, of how many; `unread` lines were no posts."""

    posts: list[Unlabelled] = field(default_factory=list)
    of: int = 0
    unread: int = 0


def draw(lines: Iterable[SourceLine], count: int, told: Told = lambda _: None) -> Drawn:
    """Draw so many posts from all lines, each as likely as any other, so that the order of a file does not matter.

    The same lines give the same posts. A line that is no post is counted and passed over.
    """
    found, rng = Drawn(), random.Random(_SEED)  # noqa: S311  # a sample, not a secret
    for line in lines:
        told(line.number)
        post = _read(line)
        if post is None:
            found.unread += 1
            continue
        found.of += 1
        if len(found.posts) < count:
            found.posts.append(post)
        elif (place := rng.randrange(found.of)) < count:
            found.posts[place] = post
    return found


async def last_posts(read: Reader, topic: str, count: int, told: Told = lambda _: None) -> Drawn:
    """Give the last posts of a topic that the broker still holds, as many of each partition.

    Keys spread evenly over the partitions, so that these are the newest of all; where a partition holds too few, there
    are fewer in all.

    Raises:
        BrokerUnavailable, ConfigurationError: as `pipeline.broker.reader.Reader`.
    """
    begins, ends = await read.begins(topic), await read.ends(topic)
    share = math.ceil(count / max(1, len(ends)))
    found = Drawn()
    for partition in sorted(ends):
        some = await _tail(read, topic, partition, (begins[partition], ends[partition]), share)
        found.posts += some.posts
        found.unread += some.unread
        told(min(count, len(found.posts)))
    found.posts = found.posts[:count]
    found.of = len(found.posts)
    return found


async def _tail(read: Reader, topic: str, partition: int, held: tuple[int, int], count: int) -> Drawn:
    """The last posts of a partition: step by step backwards, for a record holds one post or thousands."""
    begin, end = held
    step, found = min(_FIRST_STEP, count), Drawn()
    while end > begin and len(found.posts) < count:
        start = max(begin, end - step)
        some = [post async for record in read.records(topic, partition, start, end) for post in _posts(record.value)]
        good = [Unlabelled(post.text, post.lang_hint) for post in some if isinstance(post, Post)]
        found.unread += len(some) - len(good)
        found.posts = (good + found.posts)[-count:]
        end, step = start, 2 * step
    return found


def _posts(value: bytes) -> list[object]:
    return [decode_post(line) for line in lines(value)]


def _read(line: SourceLine) -> Unlabelled | None:
    if line.cut:
        return None
    try:
        found = _decoder.decode(line.raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return Unlabelled(found.text[:MAX_TEXT], (found.lang,) if found.lang else found.lang_hint)
