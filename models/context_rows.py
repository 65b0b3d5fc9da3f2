"""What the weights of context are fitted and measured on: threads, and background posts in channels of their like.

The background has no channels and no replies. Each of its posts is put where one might stand: under the name of an innocent
thread's channel of its language (or any), replying to another post of the same data set and language, after five more.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.background import Background
from models.calibration import Array
from models.classifier import Reading
from models.context import clipped, joined
from models.surroundings import Recent, Surroundings
from models.threads import Thread

Read = Callable[[Sequence[str], Sequence[str]], Reading]

_EARLIER = 5


@dataclass(frozen=True, slots=True)
class Rows:
    """Threads read: own scores [n, 2], recent posts [n, 3], scores with their context [n, 2], and who then is a victim."""

    threads: Sequence[Thread]
    own: Array
    recent: Array
    together: Array
    victims: NDArray[np.bool_]

    def part(self, chosen: NDArray[np.bool_]) -> "Rows":
        """Give some of the rows."""
        threads = [one for one, is_in in zip(self.threads, chosen.tolist(), strict=True) if is_in]
        return Rows(threads, self.own[chosen], self.recent[chosen], self.together[chosen], self.victims[chosen])


def simulate(posts: Sequence[Background], threads: Sequence[Thread], seed: int) -> list[Thread]:
    """Put background posts into channels of their like."""
    rng = random.Random(seed)  # noqa: S311  # a sample, not a secret
    names: dict[str, list[str]] = defaultdict(list)
    for thread in threads:
        if not thread.is_offer and thread.channel:
            names[thread.lang].append(thread.channel)
    everyone = [name for some in names.values() for name in some]
    strata: dict[tuple[str, str], list[str]] = defaultdict(list)
    for post in posts:
        strata[post.source, post.lang].append(post.text)
    found = []
    for post in posts:
        others = strata[post.source, post.lang]
        parent, *earlier = rng.choices(others, k=1 + _EARLIER)
        channel = rng.choice(names.get(post.lang) or everyone)
        found.append(Thread(post.text, post.lang, "benign", post.source, channel, parent, tuple(earlier)))
    return found


def around(thread: Thread, recent: Recent = Recent()) -> Surroundings:  # noqa: B008  # frozen
    """Give a thread's surroundings, with what is known of its channel's recent posts."""
    return Surroundings(thread.parent, thread.channel, recent)


def read_rows(threads: Sequence[Thread], read: Read, floor: float) -> Rows:
    """Read threads: each post alone, its channel's recent posts, and it together with what stands around it.

    A post below the floor is never raised, so it is not read again: `together` then holds its own scores.
    """
    langs = [one.lang for one in threads]
    alone = read([one.text for one in threads], langs)
    together, victims = clipped(alone.odds), alone.victims.copy()
    again = np.flatnonzero(alone.odds[:, 0] >= floor).tolist()
    if again:
        texts = [joined(threads[at].text, around(threads[at])) for at in again]
        reading = read(texts, [langs[at] for at in again])
        together[again], victims[again] = clipped(reading.odds), reading.victims
    return Rows(threads, alone.odds, _recents(threads, read), together, victims)


def _recents(threads: Sequence[Thread], read: Read) -> Array:
    """Give the number and the means of the earlier posts' scores, [n, 3]; none has decayed."""
    texts = [(text, one.lang) for one in threads for text in one.earlier]
    odds = clipped(read([text for text, _ in texts], [lang for _, lang in texts]).odds)
    ends = np.cumsum([len(one.earlier) for one in threads])
    found = np.zeros((len(threads), 3))
    for place, (one, end) in enumerate(zip(threads, ends, strict=True)):
        if one.earlier:
            found[place] = len(one.earlier), *odds[end - len(one.earlier) : end].mean(axis=0)
    return found
