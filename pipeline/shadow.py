"""The shadow model in a worker: it judges what the active one judged, and only counters see what it says.

It runs on a thread of its own, behind a queue that holds little. Where it fails, or falls behind, its posts are counted as
missed: the active model's verdict is given before, and waits for nothing.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from queue import Full, Queue
from threading import Thread
from typing import Literal, Protocol, get_args

from pipeline import metrics
from pipeline.screen.assessments import Assessment, Sifted, Unsifted
from pipeline.screen.screening import Judge

log = logging.getLogger("fanal.shadow")

Outcome = Literal["both", "only_active", "only_shadow", "neither"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
MISSED = ("failed", "behind")
WAITING = 4
"""Batches that may wait for the shadow: some megabytes of features each, at most."""

Later = Callable[[], Sequence[Assessment]]


class Pair(Protocol):
    """Two classifiers on the same posts: what the first says at once, and what the second says when it is called."""

    @property
    def model(self) -> str:
        """Artefact, engine and precision of the first, which acts."""

    @property
    def active(self) -> Judge:
        """The first, which acts."""

    @property
    def lanes(self) -> Sequence[str]:
        """The lanes of both."""

    def assess(self, texts: Sequence[str], langs: Sequence[str]) -> tuple[Sequence[Assessment], Later]:
        """Assess cleaned texts with their main language, in order."""


def outcome(active: Assessment, shadow: Assessment, lane: str) -> Outcome:
    """Which of the two puts a post into a lane."""
    if active.lane == lane:
        return "both" if shadow.lane == lane else "only_active"
    return "only_shadow" if shadow.lane == lane else "neither"


class ShadowedJudge:
    """Judges as the first of a pair does, and counts how the second differs."""

    def __init__(self, pair: Pair) -> None:
        self.model = pair.model
        self.active = pair.active
        self._pair = pair
        self._waiting: Queue[tuple[Sequence[Assessment], Later]] = Queue(WAITING)
        for lane in pair.lanes:
            for one in OUTCOMES:
                metrics.SHADOW_POSTS.labels(one, lane)
        for why in MISSED:
            metrics.SHADOW_MISSED.labels(why)
        Thread(target=self._follow, name="fanal-shadow", daemon=True).start()

    def assess(self, texts: Sequence[str], langs: Sequence[str]) -> Sequence[Assessment]:
        """Assess as the active model does; the shadow follows in its own time."""
        found, later = self._pair.assess(texts, langs)
        try:
            self._waiting.put_nowait((found, later))
        except Full:
            metrics.SHADOW_MISSED.labels("behind").inc(len(found))
        return found

    def sift(self, texts: Sequence[str]) -> Sifted:
        """Every post is a suspect: what the active model would never flag, the shadow may."""
        return Unsifted(texts, self.assess)

    def wait(self) -> None:
        """Return when all that was judged until now is compared."""
        self._waiting.join()

    def _follow(self) -> None:
        """Compare what waits. Of failures the first alone is logged: others are likely to be like it."""
        failed = False
        while True:
            found, later = self._waiting.get()
            try:
                self._count(found, later())
            except Exception:
                metrics.SHADOW_MISSED.labels("failed").inc(len(found))
                if not failed:
                    log.exception("the shadow model fails; posts are screened without it", extra={"posts": len(found)})
                failed = True
            finally:
                self._waiting.task_done()

    def _count(self, found: Sequence[Assessment], shadows: Sequence[Assessment]) -> None:
        pairs = list(zip(found, shadows, strict=True))
        for lane in self._pair.lanes:
            for one, count in Counter(outcome(active, shadow, lane) for active, shadow in pairs).items():
                metrics.SHADOW_POSTS.labels(one, lane).inc(count)
