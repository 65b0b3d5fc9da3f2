"""How fast cues are found, and how often benign posts show one that could make a hit urgent."""

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from pipeline.resources import taxonomy
from pipeline.screen.clean import clean
from pipeline.screen.cues import find_cues
from pipeline.screen.cues.prefilter import may_hold
from pipeline.screen.language import Languages


def measure(texts: Sequence[str], rounds: int) -> dict[str, Any]:
    """Posts a CPU second on one core (medians of the rounds), and the share of the texts with an urgent-capable cue.

    The language is found before and not measured; the first round is preceded by one text, so that lists and places are read.
    """
    languages = Languages()
    langs = [languages.identify(clean(text)) for text in texts]
    posts = list(zip(texts, langs, strict=True))
    find_cues(*_asked(*posts[0]))
    may_hold(texts[0])
    urgent = set(taxonomy()["urgent_cues"])
    with_urgent = sum(bool(urgent & {cue.kind for cue in find_cues(*_asked(*post))}) for post in posts)
    return {
        "posts": len(posts),
        "rounds": rounds,
        "cleaned_and_prefiltered_per_s": _rate(lambda: [may_hold(clean(text)) for text in texts], len(texts), rounds),
        "prefiltered_per_s": _rate(lambda: [may_hold(text) for text in texts], len(texts), rounds),
        "full_cues_per_s": _rate(lambda: [find_cues(*_asked(*post)) for post in posts], len(posts), rounds),
        "posts_with_an_urgent_capable_cue": with_urgent,
        "share_with_an_urgent_capable_cue": round(with_urgent / len(posts), 4),
    }


def _asked(text: str, langs: Sequence[str]) -> tuple[str, str, Sequence[str]]:
    return text, langs[0], langs[1:]


def _rate(run: Callable[[], object], count: int, rounds: int) -> float:
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        run()
        spent.append(time.process_time() - began)
    return round(count / median(spent), 1)
