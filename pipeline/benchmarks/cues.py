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
    """Posts a CPU second on one core, medians of the rounds, and the share of the texts with an urgent-capable cue.

    The language is found before and not measured. Lists and places are read before; the prefilter has seen the first half of the texts, as
    that of a worker has seen some, and is measured on the other half, of which each round takes a part of its own.
    """
    languages = Languages()
    langs = [languages.identify(clean(text)) for text in texts]
    posts = list(zip(texts, langs, strict=True))
    urgent = set(taxonomy()["urgent_cues"])
    with_urgent = sum(bool(urgent & {cue.kind for cue in find_cues(*_asked(*post))}) for post in posts)
    half = len(texts) // 2
    for text in texts[:half]:
        may_hold(clean(text))
    parts = [texts[half + at :: rounds] for at in range(rounds)]
    return {
        "posts": len(posts),
        "rounds": rounds,
        "cleaned_and_prefiltered_per_s": _rate([(_glance, part) for part in parts]),
        "full_cues_per_s": _rate([(_all_cues, posts)] * rounds),
        "posts_with_an_urgent_capable_cue": with_urgent,
        "share_with_an_urgent_capable_cue": round(with_urgent / len(posts), 4),
    }


def _glance(texts: Sequence[str]) -> None:
    for text in texts:
        may_hold(clean(text))


def _all_cues(posts: Sequence[tuple[str, Sequence[str]]]) -> None:
    for post in posts:
        find_cues(*_asked(*post))


def _asked(text: str, langs: Sequence[str]) -> tuple[str, str, Sequence[str]]:
    return text, langs[0], langs[1:]


def _rate(runs: Sequence[tuple[Callable[[Any], None], Sequence[Any]]]) -> float:
    rates = []
    for run, what in runs:
        began = time.process_time()
        run(what)
        rates.append(len(what) / (time.process_time() - began))
    return round(median(rates), 1)
